"""Withdrawn parts of a strategy, of every kind, for the page that restores them."""

from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)

PATHS = {  # kind in URLs: (model, path from it to the strategy); a part stands after what it stands under
    "area": (PriorityArea, "strategy"),
    "objective": (Objective, "area__strategy"),
    "action": (Action, "objective__area__strategy"),
    "milestone": (Milestone, "action__objective__area__strategy"),
    "budget-line": (BudgetLine, "action__objective__area__strategy"),
    "indicator": (Indicator, "strategy"),
    "swot": (SwotItem, "strategy"),
    "risk": (Risk, "strategy"),
}


class WithdrawnPart(NamedTuple):
    kind: str
    label: str
    part: Any
    day: date
    reason: str


def withdrawn_rows(strategy: Strategy, kind: str) -> QuerySet[Any]:
    """Return the withdrawn parts of one kind. Raises KeyError for an unknown kind."""
    model, path = PATHS[kind]
    above = ("objective", "action") if model is Indicator else ()
    rows = model._default_manager.filter(**{path: strategy}, withdrawn_at__isnull=False)
    return rows.select_related(path, *above)


def withdrawn_parts(strategy: Strategy) -> list[WithdrawnPart]:
    """Return the withdrawn parts, one query for each kind, those withdrawn last first within each kind."""
    return [
        WithdrawnPart(
            kind,
            str(row._meta.verbose_name),
            row,
            strategy.city.day_of(row.withdrawn_at),
            getattr(row, "withdrawn_reason", ""),
        )
        for kind in PATHS
        for row in withdrawn_rows(strategy, kind).order_by("-withdrawn_at", "-pk")
    ]
