"""By which updates a milestone is reached or dropped, as SQL for a queryset of milestones."""

from functools import lru_cache

from django.apps import apps
from django.db.models import BooleanField, DateField, F, IntegerField, Value

from core.sql import Sql

UPDATE_WITH_OUTCOME = """FROM {outcome} epi_o JOIN {update} epi_u ON epi_u.id = epi_o.update_id
WHERE epi_o.milestone_id = {{milestone}} AND epi_u.withdrawn_at IS NULL"""


def day_of_outcome(outcome: str) -> Sql:
    """Return the day of an active update with the outcome, or NULL."""
    return Sql(f"(SELECT epi_u.date {_rows(outcome)} LIMIT 1)", DateField(), milestone=F("pk"))


def day_dropped_only() -> Sql:
    """Return the day on which the milestone was dropped, NULL if it is reached too."""
    reached, dropped = _rows("MilestoneReached"), _rows("MilestoneDropped")
    text = f"CASE WHEN NOT EXISTS (SELECT 1 {reached}) THEN (SELECT epi_u.date {dropped} LIMIT 1) END"
    return Sql(text, DateField(), milestone=F("pk"))


def has_outcome(outcome: str, *, without: int | None) -> Sql:
    """Return whether an active update of the action has the outcome. ``without``: id of one that does not count."""
    text = f"EXISTS (SELECT 1 {_rows(outcome)} AND epi_u.action_id = {{action}} AND epi_u.id <> {{without}})"
    known = {"milestone": F("pk"), "action": F("action"), "without": Value(without or 0, IntegerField())}
    return Sql(text, BooleanField(), **known)


@lru_cache(maxsize=2)
def _rows(outcome: str) -> str:
    """Return the SQL with names of tables. Models of this app import this module, so they are found by name."""
    tables = (apps.get_model("strategies", name)._meta.db_table for name in (outcome, "ActionUpdate"))
    return UPDATE_WITH_OUTCOME.format(**dict(zip(("outcome", "update"), tables, strict=True)))
