"""Who has been assigned, has started and has submitted; never what they rated. For the moderator and coordinators."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cities.enums import Role
from cities.rules import has_network_role, person_of
from core import locales
from evaluation.enums import RaterState, Stage
from evaluation.models import Assessment, Evaluation, RaterAssignment


@dataclass(frozen=True)
class RaterProgress:
    assignment: RaterAssignment
    state: RaterState


def progress_of(evaluation: Evaluation) -> list[RaterProgress]:
    """Return the assigned raters with what they have done so far."""
    assessments = {row.rater_id: row for row in evaluation.assessments.all()}
    assignments = evaluation.assignments.active().select_related("person__organisation")
    return [RaterProgress(row, _state(assessments.get(row.person_id))) for row in assignments]


def _state(assessment: Assessment | None) -> RaterState:
    if assessment is None:
        return RaterState.NOT_STARTED
    if assessment.submitted_at is None:
        return RaterState.STARTED
    return RaterState.SUBMITTED_LATE if assessment.submitted_late else RaterState.SUBMITTED


@dataclass(frozen=True)
class Counts:
    assigned: int = 0
    started: int = 0  # those who have submitted included
    submitted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.assigned + other.assigned, self.started + other.started, self.submitted + other.submitted)

    @property
    def text(self) -> str:
        numbers = {
            "all": locales.number(self.assigned),
            "submitted": locales.number(self.submitted),
            "started": locales.number(self.started - self.submitted),
        }
        return _("Submitted: %(submitted)s of %(all)s raters. Started but not submitted: %(started)s.") % numbers


def counts_of(evaluations: Iterable[Any]) -> dict[int, Counts]:
    """Return the counts by evaluation id. One query; the evaluations may be ids."""
    own = Assessment.objects.filter(evaluation=OuterRef("evaluation"), rater=OuterRef("person"))
    rows = RaterAssignment.objects.active().filter(evaluation__in=list(evaluations)).order_by()
    rows = rows.annotate(has_started=Exists(own), has_submitted=Exists(own.submitted())).values("evaluation")
    counted = rows.annotate(
        assigned=Count("pk"),
        started=Count("pk", filter=Q(has_started=True)),
        submitted=Count("pk", filter=Q(has_submitted=True)),
    )
    return {row["evaluation"]: Counts(row["assigned"], row["started"], row["submitted"]) for row in counted}


def add_progress(evaluations: list[Evaluation]) -> None:
    """Set ``progress_text`` of the evaluations that are being rated or discussed."""
    waiting = [row for row in evaluations if row.stage in {Stage.RATE, Stage.DISCUSS}]
    counts = counts_of(row.pk for row in waiting) if waiting else {}
    for row in waiting:
        row.progress_text = counts.get(row.pk, Counts()).text


def watched_by(user: Any) -> QuerySet[Evaluation]:
    """Return the evaluations being rated or discussed whose progress the user follows."""
    rows = Evaluation.objects.filter(stage__in=[Stage.RATE, Stage.DISCUSS])
    if has_network_role(user, Role.COORDINATOR):
        return rows
    person = person_of(user)
    return rows.none() if person is None else rows.moderated_by(person)
