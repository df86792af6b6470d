"""The columns of the review queue as CSV, one value a cell, by the column of the page that they belong to."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import clock
from evaluation.agreement import middle_levels
from evaluation.enums import Stage
from evaluation.selectors.review_queue import HIDDEN

Column = tuple[Any, Callable[[Any], Any]]


def days_waiting(row: Any) -> int | None:
    if row.stage != Stage.REVIEW or row.waiting_since is None:
        return None
    return (clock.now() - row.waiting_since).days


def _shown(count: Any) -> Any:
    return None if count == HIDDEN else count


def _spread(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row.facts.spread, name) if row.facts.spread else None


def _median(index: int) -> Callable[[Any], Any]:
    return lambda row: middle_levels(row.facts.spread.median)[index] if row.facts.spread else None


def _in_review(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row.facts, name) if row.stage == Stage.REVIEW else None


CITY_AND_ROUND: list[Column] = [
    (_("City"), lambda row: row.strategy.city.name),
    (_("Round"), lambda row: row.round.name),
]
CELLS: dict[str, list[Column]] = {
    "where": CITY_AND_ROUND,
    "page": CITY_AND_ROUND,
    "state": [(_("Stage"), lambda row: row.get_stage_display())],
    "deadline": [(_("Deadline"), lambda row: row.last_day)],
    "raters": [(_("Raters"), lambda row: _shown(row.rater_count))],
    "disputed": [(_("Disputed most"), lambda row: row.facts.dimension.name if row.facts.dimension else "")],
    "median_and_range": [
        (_("Lower median"), _median(0)),
        (_("Upper median"), _median(1)),
        (_("Lowest level"), _spread("low")),
        (_("Highest level"), _spread("high")),
    ],
    "gap": [(_("Gap"), lambda row: _shown(row.largest_gap))],
    "evidence": [(_("Evidence"), lambda row: row.facts.evidence.label if row.facts.evidence else "")],
    "decisions": [(_("Approvals"), _in_review("approvals")), (_("You have decided"), _in_review("has_decided"))],
    "waiting": [(_("Days waiting"), days_waiting)],
}
