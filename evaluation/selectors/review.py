"""The data of the review page: everything a committee member needs to decide on one evaluation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from cities.rules import person_of
from core.snapshots import canonical, sha256_hex
from evaluation.enums import Stage
from evaluation.models import (
    CommitteeQuestion,
    CommitteeReview,
    Evaluation,
    ReviewVisit,
    StageTransition,
    SubstituteAppointment,
)
from strategies.period_snapshot import SnapshotAction, SnapshotIndicator, SnapshotNarrative
from strategies.selectors.frozen import redact_for

from .citable import indicators_of
from .comparison import Comparison, comparison_of
from .decision_snapshot import DecisionRows, decision_contents


@dataclass(frozen=True)
class VisitChange:
    """Something that happened since the last visit. ``text`` names no level."""

    at: datetime
    text: str


@dataclass
class ReviewPage:
    evaluation: Evaluation
    table: Comparison
    snapshot_hash: str
    reviews: list[CommitteeReview]  # of this cycle
    earlier: list[CommitteeReview]
    questions: list[CommitteeQuestion]
    substitutes: list[SubstituteAppointment]
    transitions: list[StageTransition]
    narrative: SnapshotNarrative | None  # narrative, actions and indicators come from the evaluated revision
    actions: list[SnapshotAction]
    indicators: list[SnapshotIndicator]
    last_visit: datetime | None
    changes: list[VisitChange]
    own_review: CommitteeReview | None

    @property
    def is_open(self) -> bool:
        return self.evaluation.stage == Stage.REVIEW and self.own_review is None

    @property
    def approvals_needed_text(self) -> str:
        """Return how many approvals are still needed, as a sentence."""
        if len(self.reviews) == 1:
            return _("One member has approved. One more approval is needed.")
        return _("Two approvals are needed. Yours would be the first.")


def with_last_visit(rows: Any, user: Any) -> Any:
    """Annotate ``visited_at``: when the user last opened the review page; None if never."""
    visits = ReviewVisit.objects.filter(evaluation=OuterRef("pk"), user=user.pk)
    return rows.annotate(visited_at=Subquery(visits.values("at")[:1]))


def review_page_of(evaluation: Any, user: Any) -> ReviewPage:
    """Return the data of the review page. Only for users who may review it, from the review stage on.

    ``evaluation`` is annotated by ``with_last_visit``.
    """
    table = comparison_of(evaluation, user)
    reviews = list(
        CommitteeReview.objects.visible_to(user)
        .filter(evaluation=evaluation)
        .select_related("member")
        .prefetch_related("dimensions__dimension")
    )
    questions = list(
        CommitteeQuestion.objects.visible_to(user)
        .filter(evaluation=evaluation)
        .select_related("dimension", "asked_by", "answered_by__person")
    )
    contents = decision_contents(
        evaluation,
        DecisionRows(
            dimensions=[side.dimension for side in table.sides],
            ratings=table.ratings,
            consensus={side.dimension.pk: side.consensus for side in table.sides if side.consensus},
            questions=questions,
        ),
    )
    transitions = list(evaluation.transitions.order_by("-pk"))
    judged = redact_for(evaluation.revision.read(), user, evaluation.strategy.city)
    visited_at = evaluation.visited_at
    person = person_of(user)
    present = [row for row in reviews if row.cycle == evaluation.cycle]
    return ReviewPage(
        evaluation=evaluation,
        table=table,
        snapshot_hash=sha256_hex(canonical(contents)),
        reviews=present,
        earlier=[row for row in reviews if row.cycle != evaluation.cycle],
        questions=questions,
        substitutes=list(evaluation.substitutes.select_related("person")),
        transitions=transitions,
        narrative=judged.narrative,
        actions=judged.actions,
        indicators=indicators_of(evaluation),
        last_visit=visited_at,
        changes=_changes(table, reviews, questions, transitions, visited_at) if visited_at else [],
        own_review=next((row for row in present if person and row.member_id == person.pk), None),
    )


def _changes(table: Comparison, reviews: Any, questions: Any, transitions: Any, since: datetime) -> list[VisitChange]:
    """Return what happened after ``since``, newest first."""
    found = [VisitChange(transition.at, transition.get_verb_display()) for transition in transitions]
    for side in table.sides:
        name = {"dimension": side.dimension.name}
        for rating in side.ratings:
            found.append(VisitChange(rating.updated_at, _("A rating of %(dimension)s was changed.") % name))
        if side.consensus:
            found.append(
                VisitChange(side.consensus.updated_at, _("The consensus on %(dimension)s was recorded.") % name)
            )
        for note in side.notes:
            found.append(VisitChange(note.at, _("A note on %(dimension)s was added.") % name))
    for review in reviews:
        words = {"member": review.member, "decision": review.get_decision_display()}
        found.append(VisitChange(review.at, _("%(member)s has decided: %(decision)s.") % words))
    for question in questions:
        found.append(
            VisitChange(question.asked_at, _("%(member)s asked the city a question.") % {"member": question.asked_by})
        )
        if question.answered_at:
            found.append(VisitChange(question.answered_at, _("The city answered a question.")))
    return sorted((change for change in found if change.at > since), key=lambda change: change.at, reverse=True)
