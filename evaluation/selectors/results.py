"""The published result as readers see it: consensus, reasons, agreement, spread by capacity; no names of raters."""

from dataclasses import dataclass
from datetime import date

from evaluation.enums import Capacity, Strength
from evaluation.models import Evaluation, EvaluationResult, in_language

from .published import contents_of


@dataclass(frozen=True)
class ResultRow:
    """One dimension of a result."""

    code: str
    name: str
    level: int | None
    level_name: str
    reason: str
    not_assessed_reason: str
    n: int
    median: str
    low: int | None
    high: int | None
    gap: int | None
    unknown_levels: int  # independent ratings whose initial level is unknown
    evidence: Strength
    by_capacity: list[tuple[str, dict]]  # (label, {n, median, low, high, gap, not_assessed, unknown_levels})
    comments: list[str]

    @property
    def range(self) -> str:
        if self.low is None:
            return ""
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


@dataclass(frozen=True)
class ResultSummary:
    rows: list[ResultRow]
    published_on: date
    approvals: int
    revision: int
    sha256: str
    is_recomputed: bool  # the frozen figures are of revised ratings; those shown are of the blind levels

    @property
    def has_levels_not_kept(self) -> bool:
        return any(row.unknown_levels for row in self.rows)


def result_summary(evaluation: Evaluation) -> ResultSummary | None:
    """Return the published result, None before publication. Reading it checks the hash and may raise HashMismatch."""
    result = EvaluationResult.objects.filter(evaluation=evaluation).first()
    if result is None:
        return None
    contents = contents_of(result)
    scale = contents["framework"]["scale"]
    return ResultSummary(
        rows=[_row(entry, scale) for entry in contents["dimensions"]],
        published_on=date.fromisoformat(contents["published_on"]),
        approvals=contents["approvals"],
        revision=contents["revision"]["number"],
        sha256=result.sha256,
        is_recomputed=any(entry.get("is_recomputed", False) for entry in contents["dimensions"]),
    )


def _with_dash(spread: dict) -> dict:
    """Return the figures of a capacity with a median as it is printed: "2–3", stored as "2-3"."""
    return spread | {"median": spread["median"].replace("-", "–")}


def _row(entry: dict, scale: dict) -> ResultRow:
    agreed, spread = entry["consensus"], entry["agreement"]
    level = agreed["level"]
    capacities = [capacity for capacity in Capacity if capacity.value in entry["by_capacity"]]
    return ResultRow(
        code=entry["code"],
        name=in_language(entry["names"]),
        level=level,
        level_name=in_language(scale[str(level)]) if level else "",
        reason=agreed["reason"],
        not_assessed_reason=agreed["not_assessed_reason"],
        n=spread["n"],
        median=spread["median"].replace("-", "–"),
        low=spread["low"],
        high=spread["high"],
        gap=spread["gap"],
        unknown_levels=spread["unknown_levels"],
        evidence=Strength(entry["evidence"]),
        by_capacity=[(capacity.label, _with_dash(entry["by_capacity"][capacity.value])) for capacity in capacities],
        comments=entry["committee"],
    )
