"""Reminders of the end of a stage: 7 and 2 days before and on its last day, to those who still have something to do."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Person
from cities.services.notifications import notify
from core import clock, locales
from core.periodic import for_each
from evaluation.enums import Stage
from evaluation.models import Evaluation, StageReminder
from evaluation.selectors.eligibility import eligible_members
from evaluation.selectors.tasks import Task, tasks_of

from . import notifications
from .rounds import locked

DAYS_BEFORE = (0, 2, 7)
FIRST_HOUR = 7  # of the network's day, so that no emails are sent at night
STAGES_WITH_TASKS = {Stage.RATE, Stage.DISCUSS, Stage.MODERATE, Stage.REVIEW}


def send_due_reminders() -> None:
    """Send the reminders that are due today, after FIRST_HOUR. Safe to call repeatedly."""
    if clock.now().astimezone(ZoneInfo(settings.TIME_ZONE)).hour < FIRST_HOUR:
        return
    running = Evaluation.objects.filter(stage__in=STAGES_WITH_TASKS).select_related("round")
    columns = ("evaluation", "stage", "ends_on", "days_before")
    sent = set(StageReminder.objects.filter(evaluation__in=running).values_list(*columns))
    due = [
        row
        for row in running
        if (days := days_due(row)) is not None and (row.pk, row.stage, row.last_day, days) not in sent
    ]
    for_each(due, remind)


def days_due(evaluation: Evaluation) -> int | None:
    """Return which of DAYS_BEFORE is due today; None if none is, or if the stage began after that day."""
    ends_on = evaluation.last_day
    left = (ends_on - clock.today()).days
    found = next((days for days in DAYS_BEFORE if 0 <= left <= days), None)
    if found is None or found == left:
        return found
    began = evaluation.transitions.order_by("-pk").values_list("at", flat=True).first()
    return found if began is None or (ends_on - clock.day_of(began)).days > found else None


@transaction.atomic
def remind(evaluation: Evaluation) -> None:
    """Send one reminder to each person concerned, unless another worker has or the evaluation has moved meanwhile."""
    evaluation = locked(evaluation)
    days = days_due(evaluation) if evaluation.stage in STAGES_WITH_TASKS else None
    if days is None:
        return
    ends_on = evaluation.last_day
    _row, is_new = StageReminder.objects.get_or_create(
        evaluation=evaluation, stage=evaluation.stage, ends_on=ends_on, days_before=days
    )
    if is_new:
        key = f"evaluation-reminder/{evaluation.pk}/{evaluation.stage}/{ends_on}/{days}"
        for person in _concerned(evaluation):
            _remind(person, evaluation, key=key)


def _concerned(evaluation: Evaluation) -> list[Person]:
    people = [*notifications.raters(evaluation), *notifications.moderators(evaluation)]
    if evaluation.stage == Stage.REVIEW:
        people += eligible_members(evaluation)
    if evaluation.questions.open().exists():
        people += notifications.officials(evaluation)
    return list({person.pk: person for person in people if person.user_id}.values())


def _tasks(person: Person, evaluation: Evaluation) -> list[Task]:
    return [task for task in tasks_of(person.user, evaluation) if task.is_reminded]


def _remind(person: Person, evaluation: Evaluation, *, key: str) -> None:
    tasks = _tasks(person, evaluation)
    if not tasks:
        return

    def text() -> tuple[str, str]:
        own = _tasks(person, evaluation)  # again, now in the language of the email
        subject = _("Due %(day)s: %(task)s") % {
            "day": locales.day(evaluation.last_day, "medium"),
            "task": own[0].title,
        }
        return subject, "\n\n".join(f"{task.title}: {task.text}" for task in own)

    notify(person, key=f"{key}/{person.pk}", text=text, path=tasks[0].url)
