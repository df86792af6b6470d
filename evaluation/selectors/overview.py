"""What each person has to do in evaluations, and how far the strategies of a round agree."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from cities.enums import Role
from cities.rules import has_network_role, official_cities, person_of
from epi_site.shared import clock, locales
from evaluation.agreement import Alpha, Undefined, alpha_ordinal
from evaluation.enums import Decision, Stage
from evaluation.models import (
    Assessment,
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    Dimension,
    Evaluation,
    EvaluationRound,
    RaterAssignment,
    Rating,
)
from strategies.work import DUE, LATE, SOON, WorkRow

DIMENSIONS = 6


@dataclass(frozen=True)
class Task:
    """One thing that somebody has to do in one evaluation."""

    evaluation: Evaluation
    title: str
    text: str
    label: str
    url: str
    due_on: date | None

    @property
    def is_late(self) -> bool:
        return self.due_on is not None and self.due_on < clock.today()


def tasks_of(user: Any) -> list[Task]:
    """Everything that waits for ``user``, in as many queries for one evaluation as for a hundred."""
    person = person_of(user)
    if person is None:
        return []
    return [
        *_to_rate(person),
        *_to_rate_again(person),
        *_to_discuss(person),
        *_to_moderate(person),
        *_to_decide(user, person),
        *_to_answer(user),
        *_to_assign(user),
    ]


def work_rows(user: Any) -> list[WorkRow]:
    """For *My work*."""
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
    ]


def _is_near(task: Task) -> bool:
    return task.due_on is not None and (task.due_on - clock.today()).days <= 7


def _task(evaluation: Evaluation, title: str, text: str, label: str, view: str, *args) -> Task:
    url = reverse(view, args=args or [evaluation.pk])
    return Task(evaluation, title % {"evaluation": evaluation}, text, label, url, evaluation.last_day)


def _until(evaluation: Evaluation) -> str:
    return _("Until %(day)s.") % {"day": locales.day(evaluation.last_day)}


def _to_rate(person) -> list[Task]:
    mine = Evaluation.objects.rated_by(person).filter(stage__in=[Stage.DECLARE, Stage.RATE]).with_place()
    submitted = Assessment.objects.filter(rater=person.pk, evaluation=OuterRef("pk"), submitted_at__isnull=False)
    rows = list(mine.filter(~Exists(submitted)))
    done = Counter()
    if any(row.stage == Stage.RATE for row in rows):
        ratings = Rating.objects.filter(assessment__rater=person.pk, assessment__evaluation__in=rows)
        done = Counter(
            rating.assessment.evaluation_id for rating in ratings.select_related("assessment") if rating.is_complete
        )
    return [_rate_task(row, done[row.pk]) for row in rows]


def _rate_task(evaluation: Evaluation, done: int) -> Task:
    if evaluation.stage == Stage.DECLARE:
        text = _("Rating begins on %(day)s. Say before if you have a conflict of interest.")
        text %= {"day": locales.day(evaluation.round.rate_on)}
        return _task(evaluation, _("You will rate %(evaluation)s"), text, _("Look"), "evaluation:evaluation_detail")
    text = _("%(done)s of %(all)s dimensions rated.") % {"done": done, "all": DIMENSIONS} + " " + _until(evaluation)
    return _task(evaluation, _("Rate %(evaluation)s"), text, _("Rate"), "evaluation:rate_review")


def _to_rate_again(person) -> list[Task]:
    rows = Evaluation.objects.rated_by(person).filter(stage=Stage.MODERATE, cycle__gt=1).with_place()
    handed_in = Assessment.objects.filter(rater=person.pk, evaluation=OuterRef("pk"), submitted_at__isnull=False)
    asked = CommitteeReview.objects.filter(evaluation=OuterRef("pk"), cycle=OuterRef("cycle") - 1, reopens_ratings=True)
    text = _("The committee asks the raters to look again at some dimensions.")
    return [
        _task(row, _("Look again at %(evaluation)s"), text, _("Look again"), "evaluation:rate_review")
        for row in rows.filter(Exists(handed_in), Exists(asked))
    ]


def _to_discuss(person) -> list[Task]:
    discussed = Evaluation.objects.filter(stage=Stage.DISCUSS)
    rows = discussed.rated_by(person) | discussed.moderated_by(person)
    return [
        _task(row, _("Discuss %(evaluation)s"), _until(row), _("Discuss"), "evaluation:discuss")
        for row in rows.with_place()
    ]


def _to_moderate(person) -> list[Task]:
    rows = list(Evaluation.objects.filter(stage=Stage.MODERATE).moderated_by(person).with_place())
    agreed = Counter(Consensus.objects.filter(evaluation__in=rows).values_list("evaluation", flat=True)) if rows else {}
    tasks = []
    for row in rows:
        done = {"done": agreed.get(row.pk, 0), "all": DIMENSIONS}
        text = _("%(done)s of %(all)s dimensions agreed.") % done + " " + _until(row)
        tasks.append(_task(row, _("Moderate %(evaluation)s"), text, _("Moderate"), "evaluation:moderate"))
    return tasks


def _to_decide(user: Any, person) -> list[Task]:
    decided = CommitteeReview.objects.filter(evaluation=OuterRef("pk"), cycle=OuterRef("cycle"), member=person.pk)
    rows = Evaluation.objects.filter(stage=Stage.REVIEW).on_desk_of(user).filter(~Exists(decided)).with_place()
    return [
        _task(row, _("Decide on %(evaluation)s"), _until(row), _("Open the desk"), "admin:evaluation_desk")
        for row in rows
    ]


def _to_answer(user: Any) -> list[Task]:
    cities = official_cities(user)
    if not cities:
        return []
    asked = CommitteeQuestion.objects.open().filter(
        evaluation__strategy__city__in=cities, evaluation__stage__in=[Stage.MODERATE, Stage.REVIEW]
    )
    title = _("The scientific committee asks about %(evaluation)s")
    found = asked.select_related("evaluation__round", "evaluation__strategy__city")
    return [_task(row.evaluation, title, row.text, _("Answer"), "evaluation:question_answer", row.pk) for row in found]


def _to_assign(user: Any) -> list[Task]:
    """For coordinators: an evaluation without raters or moderator."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    raters = RaterAssignment.objects.standing().filter(evaluation=OuterRef("pk"))
    early = Evaluation.objects.filter(stage__in=[Stage.DECLARE, Stage.RATE]).filter(~Exists(raters))
    unled = Evaluation.objects.filter(stage__in=[Stage.DECLARE, Stage.RATE, Stage.DISCUSS], moderator=None)
    text = _("Raters or a moderator are missing.")
    title = _("Name who takes part in %(evaluation)s")
    rows = Evaluation.objects.with_place().filter(
        pk__in=[*early.values_list("pk", flat=True), *unled.values_list("pk", flat=True)]
    )
    return [_task(row, title, text, _("Name them"), "evaluation:assign") for row in rows]


# ---- a round across strategies


@dataclass(frozen=True)
class DimensionAlpha:
    dimension: Dimension
    alpha: Alpha

    @property
    def words(self) -> str:
        """The number with two decimals, or why there is none."""
        if self.alpha.undefined == Undefined.TOO_FEW:
            return _("too few ratings")
        if self.alpha.undefined == Undefined.NO_VARIATION:
            return _("not defined: no variation")
        return locales.number(round(self.alpha.value, 2), 2)


def alphas_of(round: EvaluationRound) -> list[DimensionAlpha]:
    """Krippendorff's alpha of each dimension over the strategies whose result is published, independent ratings only."""
    rows = (
        Rating.objects.counted()
        .independent()
        .filter(assessment__evaluation__round=round, assessment__evaluation__stage=Stage.PUBLISHED)
    )
    units: dict[int, dict[int, list[int | None]]] = defaultdict(lambda: defaultdict(list))
    for dimension, evaluation, level in rows.values_list("dimension", "assessment__evaluation", "level"):
        units[dimension][evaluation].append(level)
    return [
        DimensionAlpha(dimension, alpha_ordinal(units[dimension.pk].values()))
        for dimension in round.framework.dimensions.all()
    ]


def requested_changes(evaluation: Evaluation) -> CommitteeReview | None:
    """What the committee asked for when it sent the evaluation back; for whoever mends it, without the name."""
    if evaluation.cycle == 1 or evaluation.stage != Stage.MODERATE:
        return None
    rows = CommitteeReview.objects.filter(
        evaluation=evaluation, cycle__lt=evaluation.cycle, decision=Decision.REQUEST_CHANGES
    )
    return rows.prefetch_related("dimensions__dimension").order_by("-cycle").first()
