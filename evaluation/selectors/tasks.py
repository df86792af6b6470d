"""Tasks of a user in evaluations."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cities.enums import Role
from cities.rules import has_network_role, is_scientific_member, official_city_ids, person_of
from core import clock, locales
from core.available import available_actions
from evaluation.enums import Decision, Stage
from evaluation.models import (
    Assessment,
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    Dimension,
    DiscussionNote,
    Evaluation,
    RaterAssignment,
    Rating,
)
from evaluation.models.ratings import COMPLETE_RATING
from evaluation.rules import duties_of
from strategies.work import DUE, LATE, LOW, SOON, WorkRow

from .comparison import LARGE_GAP
from .progress import Counts, counts_of, watched_by


@dataclass(frozen=True)
class Task:
    """Something that a user has to do in one evaluation. ``label`` is the text of the link."""

    evaluation: Evaluation
    title: str
    text: str
    label: str
    url: str
    due_on: date | None
    is_reminded: bool = True  # False: the person is invited, but nothing is missing without it

    @property
    def is_late(self) -> bool:
        return self.due_on is not None and self.due_on < clock.today()


def tasks_of(user: Any, evaluation: Evaluation | None = None) -> list[Task]:
    """Return the user's open tasks, in one evaluation or in all. The number of queries does not depend on the rows."""
    if person_of(user) is None:
        return []
    rows = Evaluation.objects.unfinished()
    if evaluation is not None:
        if evaluation.stage == Stage.PUBLISHED:
            return []
        rows = rows.filter(pk=evaluation.pk)
    judges = is_scientific_member(user) or any(duties_of(person_of(user)))
    own = [task for row in _with_progress(rows, user) if (task := _own_task(row))] if judges else []
    return [*own, *_answer_tasks(user, rows), *_assignment_tasks(user, rows)]


def _with_progress(rows: QuerySet[Evaluation], user: Any) -> QuerySet[Evaluation]:
    """Return evaluations in which the user rates, moderates or reviews, annotated with the user's progress.

    Annotates ``has_submitted``, ``is_asked_again``, ``has_decided``, ``has_noted``, ``has_large_gap``, ``rated_count``,
    ``agreed_count`` and ``dimension_count``.
    """
    person = person_of(user).pk
    here = {"evaluation": OuterRef("pk")}
    submitted = Assessment.objects.filter(rater=person, submitted_at__isnull=False, **here)
    asked = CommitteeReview.objects.filter(cycle=OuterRef("cycle") - 1, reopens_ratings=True, **here)
    decided = CommitteeReview.objects.filter(cycle=OuterRef("cycle"), member=person, **here)
    rated = Rating.objects.filter(COMPLETE_RATING, assessment__rater=person, assessment__evaluation=OuterRef("pk"))
    takes_part = Q(is_rater=True) | Q(is_moderator=True) | Q(is_reviewer=True, stage=Stage.REVIEW)
    found = rows.with_roles_of(user).filter(takes_part)
    return found.with_related().annotate(
        has_submitted=Exists(submitted),
        is_asked_again=Exists(asked),
        has_decided=Exists(decided),
        has_noted=Exists(DiscussionNote.objects.filter(author=person, **here)),
        has_large_gap=Exists(_large_gaps()),
        dimension_count=_count(Dimension.objects.filter(framework=OuterRef("round__framework")), "framework"),
        rated_count=_count(rated, "assessment__evaluation"),
        agreed_count=_count(Consensus.objects.filter(**here), "evaluation"),
    )


def _large_gaps() -> QuerySet:
    """Return the dimensions of the outer evaluation whose independent raters are far apart."""
    rated = Rating.objects.counted().independent().filter(assessment__evaluation=OuterRef("pk"))
    gaps = rated.order_by().values("dimension").annotate(gap=Max("blind__level") - Min("blind__level"))
    return gaps.filter(gap__gte=LARGE_GAP)


def _count(rows: QuerySet, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def _own_task(row: Evaluation) -> Task | None:
    """Return the user's task in the current stage, or None. Nobody has more than one role in an evaluation."""
    if row.stage in {Stage.DECLARE, Stage.RATE}:
        return _rate_task(row) if row.is_rater and not row.has_submitted else None
    if row.stage == Stage.DISCUSS:
        return _late_task(row) if row.is_late_rater else _discuss_task(row)
    if row.stage == Stage.MODERATE:
        return _moderate_task(row) if row.is_moderator else _reopened_task(row)
    if row.is_reviewer and not row.has_decided:
        return _task(row, _("Decide on %(evaluation)s"), _until(row), _("Open review"), "admin:evaluation_review")
    return None


def work_rows(user: Any) -> list[WorkRow]:
    """Return the user's tasks as rows of the page *My work*."""
    return [
        WorkRow(
            title=task.title,
            url=task.url,
            label=task.label,
            text=task.text,
            state=Stage(task.evaluation.stage),
            urgency=LATE if task.is_late else DUE if _is_near(task) else SOON,
            due_on=task.due_on,
        )
        for task in tasks_of(user)
    ] + _progress_rows(user)


def _progress_rows(user: Any) -> list[WorkRow]:
    """Return who has submitted: for a moderator by evaluation, for coordinators by round. Nothing is due by them."""
    person, by_round = person_of(user), has_network_role(user, Role.COORDINATOR)
    if person is None or not (by_round or duties_of(person).moderates):  # Django builds the SQL of ``none()``, too
        return []
    watched = list(watched_by(user).select_related("round", "strategy__city"))
    counts = counts_of(row.pk for row in watched) if watched else {}
    summed: dict[Any, Counts] = {}
    for row in watched:
        subject = row.round if by_round else row
        summed[subject] = summed.get(subject, Counts()) + counts.get(row.pk, Counts())
    return [
        WorkRow(
            title=_("Ratings of %(evaluation)s") % {"evaluation": subject},
            url=subject.get_absolute_url(),
            label=_("View progress"),
            text=found.text,
            state=Stage.RATE,
            urgency=LOW,
        )
        for subject, found in summed.items()
        if found.submitted < found.assigned
    ]


def _is_near(task: Task) -> bool:
    return task.due_on is not None and (task.due_on - clock.today()).days <= 7


def _task(evaluation: Evaluation, title: str, text: str, label: str, view: str, *args: Any) -> Task:
    url = reverse(view, args=args or [evaluation.pk])
    return Task(evaluation, title % {"evaluation": evaluation}, text, label, url, evaluation.last_day)


def _until(evaluation: Evaluation) -> str:
    return _("Until %(day)s.") % {"day": locales.day(evaluation.last_day)}


def _rate_task(evaluation: Evaluation) -> Task:
    if evaluation.stage == Stage.DECLARE:
        text = _("Rating starts on %(day)s. Declare any conflict of interest before then.")
        text %= {"day": locales.day(evaluation.rating_begins_on)}
        return _task(evaluation, _("You will rate %(evaluation)s"), text, _("View"), "evaluation:evaluation_detail")
    done = {"done": evaluation.rated_count, "all": evaluation.dimension_count}
    text = _("%(done)s of %(all)s dimensions rated.") % done + " " + _until(evaluation)
    return _task(evaluation, _("Rate %(evaluation)s"), text, _("Rate"), "evaluation:rate_review")


def _late_task(evaluation: Evaluation) -> Task:
    text = _("Your ratings are complete but not submitted. You can still submit them as they are.")
    text = f"{text} {_until(evaluation)}"
    return _task(evaluation, _("Submit your ratings of %(evaluation)s"), text, _("Submit"), "evaluation:rate_review")


def _discuss_task(evaluation: Evaluation) -> Task:
    task = _task(evaluation, _("Discuss %(evaluation)s"), _until(evaluation), _("Discuss"), "evaluation:discuss")
    takes_part = evaluation.has_submitted or evaluation.is_moderator
    return replace(task, is_reminded=takes_part and evaluation.has_large_gap and not evaluation.has_noted)


def _reopened_task(evaluation: Evaluation) -> Task | None:
    if not (evaluation.is_rater and evaluation.has_submitted and evaluation.is_asked_again):
        return None
    text = _("The committee asks the raters to reconsider some dimensions.")
    return _task(
        evaluation, _("Reconsider your ratings: %(evaluation)s"), text, _("Reconsider"), "evaluation:rate_review"
    )


def _moderate_task(evaluation: Evaluation) -> Task:
    done = {"done": evaluation.agreed_count, "all": evaluation.dimension_count}
    text = _("%(done)s of %(all)s dimensions agreed.") % done + " " + _until(evaluation)
    return _task(evaluation, _("Moderate %(evaluation)s"), text, _("Moderate"), "evaluation:moderate")


def _answer_tasks(user: Any, rows: QuerySet[Evaluation]) -> list[Task]:
    cities = official_city_ids(user)
    if not cities:
        return []
    late = rows.filter(strategy__city__in=cities, stage__in=[Stage.MODERATE, Stage.REVIEW])
    ids = list(late.order_by().values_list("pk", flat=True))
    if not ids:  # as on most days: the query below takes longer to build than to run
        return []
    asked = CommitteeQuestion.objects.open().filter(evaluation__in=ids)
    title = _("Question from the scientific committee: %(evaluation)s")
    found = asked.select_related("evaluation__round", "evaluation__strategy__city")
    return [
        _task(row.evaluation, title, row.text, pgettext("verb", "Answer"), "evaluation:question_answer", row.pk)
        for row in found
        if available_actions(row, user, is_found=True)["answer"]
    ]


def _assignment_tasks(user: Any, rows: QuerySet[Evaluation]) -> list[Task]:
    """Return a coordinator's tasks: evaluations that lack raters or a moderator."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    raters = RaterAssignment.objects.active().filter(evaluation=OuterRef("pk"))
    nobody_rates = Q(~Exists(raters), stage__in=[Stage.DECLARE, Stage.RATE])
    nobody_leads = Q(moderator=None, stage__in=[Stage.DECLARE, Stage.RATE, Stage.DISCUSS, Stage.MODERATE])
    text = _("Raters or a moderator still need to be appointed.")
    title = _("Appoint raters and a moderator for %(evaluation)s")
    found = rows.filter(nobody_rates | nobody_leads).with_related()
    return [_task(row, title, text, _("Appoint"), "evaluation:assign") for row in found]


def requested_changes(evaluation: Evaluation) -> CommitteeReview | None:
    """Return the newest request for changes while it is being handled, else None. Do not show the member's name."""
    if evaluation.cycle == 1 or evaluation.stage != Stage.MODERATE:
        return None
    rows = CommitteeReview.objects.filter(
        evaluation=evaluation, cycle__lt=evaluation.cycle, decision=Decision.REQUEST_CHANGES
    )
    return rows.prefetch_related("dimensions__dimension").order_by("-cycle").first()
