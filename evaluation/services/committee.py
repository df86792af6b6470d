"""Decisions of the scientific committee: two approvals publish, one request for changes returns to moderation."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Person
from cities.rules import person_of
from core import clock
from core.available import register, require
from core.exceptions import PermissionRefused, ReasonMissing
from core.services import lock, require_perm
from core.snapshots import canonical, sha256_hex
from evaluation.enums import Decision, Stage
from evaluation.exceptions import (
    AlreadyAnswered,
    AlreadyDecided,
    ContradictoryDecision,
    NothingToReopen,
    NotInStage,
    SnapshotChanged,
)
from evaluation.models import (
    CommitteeQuestion,
    CommitteeReview,
    Dimension,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    ReviewVisit,
)
from evaluation.selectors.decision_snapshot import decision_contents, result_contents
from evaluation.selectors.eligibility import eligible_members
from evaluation.signals import evaluation_published

from . import notifications
from .recommendations import issue_with_publication
from .round_results import close_if_complete
from .rounds import APPROVALS_NEEDED, locked
from .stages import apply_transition

Verdicts = Mapping[str, tuple[str, str]]  # dimension code -> (decision, comment)


def decision_hash(evaluation: Evaluation) -> str:
    """Return the snapshot hash that a decision applies to: revision, ratings, consensus, answers and cycle."""
    return sha256_hex(canonical(decision_contents(evaluation)))


def _check_is_reviewed(evaluation: Evaluation, _user: Any) -> None:
    if evaluation.stage != Stage.REVIEW:
        raise NotInStage


def _check_is_undecided(evaluation: Evaluation, user: Any) -> None:
    if evaluation.reviews.filter(member=person_of(user), cycle=evaluation.cycle).exists():
        raise AlreadyDecided
    _check_is_reviewed(evaluation, user)


register(Evaluation, "decide", "evaluation.review_evaluation", check=_check_is_undecided)
register(Evaluation, "ask_question", "evaluation.review_evaluation", check=_check_is_reviewed)


@transaction.atomic
def decide(
    evaluation: Evaluation,
    *,
    by: Any,
    decision: str,
    reason: str = "",
    dimensions: Verdicts | None = None,
    snapshot_hash: str,
    reopen_ratings: bool = False,
) -> CommitteeReview:
    """Record one member's decision. The second approval publishes; one request for changes returns to moderation.

    ``snapshot_hash`` is the hash that the member saw; if the data changed since, raises SnapshotChanged. The same form
    posted twice records one decision. Also raises PermissionRefused, NotInStage, AlreadyDecided, ContradictoryDecision,
    ReasonMissing or NothingToReopen.
    """
    evaluation = locked(evaluation)
    member, decision, reason = _reviewer(evaluation, by), Decision(decision), reason.strip()
    if existing := evaluation.reviews.filter(member=member, snapshot_hash=snapshot_hash).first():
        if not _is_same_decision(existing, decision, reason, dimensions or {}, reopen_ratings):
            raise AlreadyDecided
        return existing
    require(evaluation, "decide", by)
    if snapshot_hash != decision_hash(evaluation):
        raise SnapshotChanged
    verdicts = _verdicts(evaluation, decision, reason, dimensions or {}, reopen_ratings)
    review = CommitteeReview.objects.create(
        evaluation=evaluation,
        member=member,
        cycle=evaluation.cycle,
        decision=decision,
        reason=reason,
        reopens_ratings=reopen_ratings and decision == Decision.REQUEST_CHANGES,
        snapshot_hash=snapshot_hash,
    )
    for dimension, (verdict, comment) in verdicts.items():
        DimensionReview.objects.create(review=review, dimension=dimension, decision=verdict, comment=comment)
    record_visit(evaluation, by=by)
    _apply_decision(evaluation, review, by)
    return review


def _is_same_decision(
    review: CommitteeReview, decision: Decision, reason: str, dimensions: Verdicts, reopen_ratings: bool
) -> bool:
    stored = review.dimensions.values_list("dimension__code", "decision", "comment")
    verdicts = {code: (verdict, comment.strip()) for code, (verdict, comment) in dimensions.items()}
    reopens = reopen_ratings and decision == Decision.REQUEST_CHANGES
    return ((review.decision, review.reason, review.reopens_ratings) == (decision, reason, reopens)) and verdicts == {
        code: (verdict, comment) for code, verdict, comment in stored
    }


def _reviewer(evaluation: Evaluation, user: Any) -> Person:
    person = person_of(user)
    if person is None or not user.has_perm("evaluation.review_evaluation", evaluation):
        raise PermissionRefused
    return person


def _verdicts(
    evaluation: Evaluation, decision: Decision, reason: str, dimensions: Verdicts, reopen_ratings: bool
) -> dict[Dimension, tuple[str, str]]:
    """Check the decisions on dimensions and return them by dimension: ``(decision, comment)``."""
    known = {dimension.code: dimension for dimension in evaluation.round.framework.dimensions.all()}
    verdicts: dict[Dimension, tuple[str, str]] = {
        known[code]: (Decision(verdict), comment.strip()) for code, (verdict, comment) in dimensions.items()
    }
    named = {row.code: comment for row, (verdict, comment) in verdicts.items() if verdict == Decision.REQUEST_CHANGES}
    if decision == Decision.APPROVE and named:
        sentence = _("You approve the whole evaluation. Remove this request, or request changes.")
        raise ContradictoryDecision(errors={f"changes-{code}": sentence for code in named})
    sentence = _("Explain what should change here.")
    missing = {f"comment-{code}": sentence for code, comment in named.items() if not comment}
    if decision == Decision.REQUEST_CHANGES and not reason:
        missing["reason"] = _("Explain what should change and why.")
    if missing:
        raise ReasonMissing(errors=missing)
    if decision == Decision.REQUEST_CHANGES and reopen_ratings and not named:
        raise NothingToReopen
    return verdicts


def _apply_decision(evaluation: Evaluation, review: CommitteeReview, by: Any) -> None:
    if review.decision == Decision.REQUEST_CHANGES:
        apply_transition(evaluation, "request_changes", by=by, reason=review.reason)
        return
    approvals = evaluation.reviews.filter(cycle=evaluation.cycle, decision=Decision.APPROVE)
    still_free = approvals.filter(member__in=eligible_members(evaluation))
    if still_free.count() >= APPROVALS_NEEDED:
        _publish(evaluation, by)


def _publish(evaluation: Evaluation, by: Any) -> None:
    evaluation = apply_transition(evaluation, "publish", by=by)
    snapshot = canonical(result_contents(evaluation))
    result = EvaluationResult.objects.create(
        evaluation=evaluation,
        snapshot=snapshot,
        sha256=sha256_hex(snapshot),
        schema_version=EvaluationResult.SCHEMA_VERSION,
    )
    issue_with_publication(evaluation)
    close_if_complete(evaluation.round_id)
    evaluation_published.send(Evaluation, evaluation=evaluation, result=result)


# ---- questions to the city


@transaction.atomic
def ask_question(
    evaluation: Evaluation, *, by: Any, text: str, dimension: Dimension | None = None
) -> CommitteeQuestion:
    """Ask the city's officials a question; the evaluation stays in review.

    Returns the open question if the same one was asked before. Raises PermissionRefused, NotInStage or ReasonMissing.
    """
    evaluation = locked(evaluation)
    require(evaluation, "ask_question", by)
    member = _reviewer(evaluation, by)
    if not text.strip():
        raise ReasonMissing
    if dimension is not None and dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    fields = {"evaluation": evaluation, "dimension": dimension, "text": text.strip(), "asked_by": member}
    if existing := CommitteeQuestion.objects.open().filter(**fields).first():
        return existing
    question = CommitteeQuestion.objects.create(**fields)
    notifications.notify_of_question(question)
    return question


def _check_can_be_answered(question: CommitteeQuestion, _user: Any) -> None:
    if question.answered_at is not None:
        raise AlreadyAnswered
    if question.evaluation.stage == Stage.PUBLISHED:
        raise NotInStage


register(CommitteeQuestion, "answer", "evaluation.answer_question", check=_check_can_be_answered)


@transaction.atomic
def answer_question(question: CommitteeQuestion, *, by: Any, text: str) -> CommitteeQuestion:
    """Save an official's answer, until the evaluation is published.

    If a member has decided in this cycle, start a new one: the decision was made without the answer. Raises
    PermissionRefused, ReasonMissing, AlreadyAnswered or NotInStage.
    """
    evaluation = locked(question.evaluation)
    require_perm(by, "evaluation.answer_question", evaluation)
    if not text.strip():
        raise ReasonMissing
    question = lock(question, "asked_by__user")
    if question.answered_at is not None and (question.answer, question.answered_by_id) == (text.strip(), by.pk):
        return question
    question.evaluation = evaluation
    require(question, "answer", by)
    question.answer, question.answered_by, question.answered_at = text.strip(), by, clock.now()
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    if evaluation.stage == Stage.REVIEW and evaluation.reviews.filter(cycle=evaluation.cycle).exists():
        evaluation.cycle += 1  # members who decided had not read the answer
        evaluation.save(update_fields=["cycle"])
    notifications.notify_of_answer(question)
    return question


# ---- visits


def record_visit(evaluation: Evaluation, *, by: Any) -> ReviewVisit:
    """Store the time of this visit; the review page lists what changed since then."""
    visit, _is_new = ReviewVisit.objects.update_or_create(evaluation=evaluation, user=by, defaults={"at": clock.now()})
    return visit
