"""The columns of the review queue as CSV, one value a cell, by the column of the page that they belong to."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import clock
from core.columns import Column
from evaluation.agreement import middle_levels
from evaluation.enums import Stage
from evaluation.selectors.review_queue import HIDDEN


def days_waiting(row: Any) -> int | None:
    if row.stage != Stage.REVIEW or row.waiting_since is None:
        return None
    return (clock.now() - row.waiting_since).days


def _shown(count: Any) -> Any:
    return None if count == HIDDEN else count


def _median(index: int) -> Callable[[Any], Any]:
    return lambda row: middle_levels(row.facts.spread.median)[index] if row.facts.spread else None


def _in_review(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row.facts, name) if row.stage == Stage.REVIEW else None


CITY_AND_ROUND = [Column("city", _("City"), "strategy.city.name"), Column("round", _("Round"), "round.name")]
COLUMNS: dict[str, list[Column]] = {
    "where": CITY_AND_ROUND,
    "page": CITY_AND_ROUND,
    "state": [Column("stage", _("Stage"), lambda row: row.get_stage_display())],
    "deadline": [Column("deadline", _("Deadline"), "last_day")],
    "raters": [Column("raters", _("Raters"), lambda row: _shown(row.rater_count))],
    "disputed": [Column("disputed", _("Largest disagreement"), "facts.dimension.name")],
    "median_and_range": [
        Column("lower_median", _("Lower median"), _median(0)),
        Column("upper_median", _("Upper median"), _median(1)),
        Column("low", _("Lowest level"), "facts.spread.low"),
        Column("high", _("Highest level"), "facts.spread.high"),
    ],
    "gap": [Column("gap", _("Largest gap"), lambda row: _shown(row.largest_gap))],
    "evidence": [Column("evidence", _("Evidence"), "facts.evidence.label")],
    "decisions": [
        Column("approvals", _("Approvals"), _in_review("approvals")),
        Column("has_decided", _("You have decided"), _in_review("has_decided")),
    ],
    "waiting": [Column("waiting", _("Days waiting"), days_waiting)],
}
