"""Find what evaluations have issued by hash, for the page *verify*."""

from typing import Any, NamedTuple

from cities.models import City
from core.issued_hashes import Issued
from evaluation.models import CommitteeReview, Evaluation, EvaluationResult, EvaluationRound, RoundResult

TEMPLATE = "evaluation/parts/verified.html"


class FoundEvaluation(NamedTuple):
    """A record with the hash. ``url`` is "" if the reader may not see its page."""

    kind: str  # "result", "round" or "decision"
    round: EvaluationRound
    city: City | None
    at: Any
    url: str


def _url(row: Any, user: Any) -> str:
    return row.get_absolute_url() if type(row).objects.visible_to(user).filter(pk=row.pk).exists() else ""


def find_result(sha256: str, user: Any) -> Issued | None:
    """Return the published result of an evaluation with this hash."""
    rows = EvaluationResult.objects.select_related("evaluation__round", "evaluation__strategy__city").defer("snapshot")
    row = rows.filter(sha256=sha256).first()
    return None if row is None else _of_evaluation("result", row.evaluation, row.created_at, user)


def find_round_result(sha256: str, user: Any) -> Issued | None:
    """Return the result of a closed round with this hash."""
    row = RoundResult.objects.select_related("round").filter(sha256=sha256).first()
    if row is None:
        return None
    return Issued(TEMPLATE, FoundEvaluation("round", row.round, None, row.created_at, _url(row.round, user)))


def find_decision(sha256: str, user: Any) -> Issued | None:
    """Return the version of an evaluation that a member decided on, if the reader may know of the decision."""
    rows = CommitteeReview.objects.select_related("evaluation__round", "evaluation__strategy__city")
    row = rows.filter(snapshot_hash=sha256).order_by("at").first()
    if row is None:
        return None
    is_known = row.evaluation.published_at is not None
    if not is_known and not CommitteeReview.objects.visible_to(user).filter(pk=row.pk).exists():
        return None
    return _of_evaluation("decision", row.evaluation, row.at, user)


def _of_evaluation(kind: str, evaluation: Evaluation, at: Any, user: Any) -> Issued:
    city = evaluation.strategy.city
    return Issued(TEMPLATE, FoundEvaluation(kind, evaluation.round, city, at, _url(evaluation, user)))
