"""Close rounds: freeze the agreement of raters across the published evaluations, once."""

from typing import Any

from django.db import transaction

from core.available import register
from core.exceptions import ReasonMissing
from core.periodic import for_each
from core.services import lock, require_perm
from core.snapshots import canonical, sha256_hex
from evaluation.exceptions import RoundClosedBefore, RoundComplete
from evaluation.models import EvaluationRound, RoundResult
from evaluation.selectors.round_results import round_contents


@transaction.atomic
def close_round(round_: EvaluationRound, *, by: Any, reason: str) -> RoundResult:
    """Close a round before all its evaluations are published; return the existing result of the same reason.

    Raises PermissionRefused, ReasonMissing, or RoundClosedBefore or RoundComplete if it was closed otherwise.
    """
    require_perm(by, "evaluation.close_evaluationround", round_)
    if not reason.strip():
        raise ReasonMissing
    round_ = locked_round(round_.pk)
    reason, existing = reason.strip(), RoundResult.objects.filter(round=round_).first()
    if existing is not None and existing.reason == reason:
        return existing
    _refuse_closed(existing, reason)
    return _freeze(round_, by=by, reason=reason)


def _refuse_closed(existing: RoundResult | None, typed: str = "") -> None:
    if existing is not None:
        raise (RoundClosedBefore if existing.reason else RoundComplete)(existing.reason, typed)


register(
    EvaluationRound,
    "close",
    "evaluation.close_evaluationround",
    check=lambda round_, _user: _refuse_closed(RoundResult.objects.filter(round=round_).first()),
)


@transaction.atomic
def close_if_complete(round_id: int) -> RoundResult | None:
    """Close the round if all its evaluations are published, at least one. Return its result, None while it is open."""
    round_ = locked_round(round_id)
    existing = RoundResult.objects.filter(round=round_).first()
    if existing is not None:
        return existing
    evaluations = round_.evaluations
    if evaluations.unfinished().exists() or not evaluations.published().exists():
        return None
    return _freeze(round_)


def close_complete_rounds() -> list[RoundResult]:
    """Close the rounds that were complete before results of rounds were frozen. Runs once, after an upgrade.

    A round with a damaged result raises HashMismatch after the others are closed.
    """
    open_rounds = list(EvaluationRound.objects.filter(result=None).order_by("pk"))
    return [result for result in for_each(open_rounds, lambda round_: close_if_complete(round_.pk)) if result]


def locked_round(pk: int) -> EvaluationRound:
    """Return the round, locked until the commit, so that its last two publications cannot overlook each other."""
    return lock(EvaluationRound(pk=pk), "framework", "period")


def _freeze(round_: EvaluationRound, *, by: Any = None, reason: str = "") -> RoundResult:
    snapshot = canonical(round_contents(round_))
    return RoundResult.objects.create(
        round=round_, snapshot=snapshot, sha256=sha256_hex(snapshot), closed_by=by, reason=reason
    )
