"""Statements over many live actions.

Django compiles the facts of the actions, which are columns. Their status is SQL written by hand over these facts, so
that Django need not build it, and is computed once for each action: sums take one pass over all actions, and the most
urgent ones are looked up only in the cities which the sums show to have them.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import OuterRef, QuerySet

from core.sql import day_in
from strategies.enums import Health
from strategies.models import Action, ActionUpdate, CityPeriod, computation, health
from strategies.models.actions import ZONE

CITY = "objective__area__strategy__city"
OWN = ("pk", CITY, "code_sort", "starts_on", "ends_on")
STORED = ("stage", "last_update_on", "progress", "milestone_count", "reached_count", "next_milestone_on")
MONEY = ("spent_total", "budget_total")
DERIVED = ("has_responsible", "local_today", "long_ago")
COLUMNS = ("id", "city", "code_sort", "starts_on", "ends_on", *STORED, *MONEY, *DERIVED)

FACTS = f"WITH facts ({', '.join(COLUMNS)}) AS ({{facts}})"
SUMS = f"""{FACTS}
SELECT city, {{health}} AS health, COUNT(*), SUM(progress), SUM(spent_total), SUM(budget_total), {{updates}} FROM facts
LEFT JOIN {CityPeriod._meta.db_table} own ON own.city_id = city AND own.period_id = %s GROUP BY 1, 2
"""  # noqa: S608 - names of tables only
UPDATES = f"""SUM((SELECT COUNT(*) FROM {ActionUpdate._meta.db_table} given
WHERE given.city_period_id = own.id AND given.action_id = facts.id AND given.withdrawn_at IS NULL))
"""  # noqa: S608 - likewise
# Materialized: PostgreSQL would write the look-up of memberships into each condition, take it for expensive, and then
# read the figures of all actions.
FIRST = f"""{FACTS.replace(" AS (", " AS MATERIALIZED (")}, known AS
(SELECT facts.*, {{expected}} AS expected, {{health}} AS health FROM facts WHERE city IN ({{cities}}))
SELECT known.*, own.code, own.title FROM known JOIN {Action._meta.db_table} own ON own.id = known.id
WHERE health IN ({{healths}}) ORDER BY CASE health {{order}} END, city, known.code_sort, known.id LIMIT %s
"""  # noqa: S608 - likewise


class AsOf(NamedTuple):
    """The day and the period up to which facts count; without values, the present."""

    today: date | None = None
    upto: Any = None


PRESENT = AsOf()


class Figures(NamedTuple):
    """Sums over the actions of a city that have one status."""

    city: int
    health: str
    actions: int
    progress: int
    spent: Decimal
    budget: Decimal
    updates: int  # of the period that is asked for


class Facts(NamedTuple):
    """An action with its status and all that it follows from."""

    id: int
    city: int
    code: str
    title: str
    health: Health
    inputs: health.HealthInputs
    spent: Decimal
    budget: Decimal

    @property
    def reason(self) -> str:
        return health.explain(self.inputs, self.health)


class LiveActions:
    """The actions of a queryset, whose SQL is compiled once for all statements."""

    def __init__(self, rows: QuerySet, as_of: AsOf = PRESENT):
        self._rows, self._as_of = rows, as_of

    def sums(self, period: int | None = None) -> list[Figures]:
        """Return the sums of each city and status; ``period``: whose updates are counted."""
        updates = UPDATES if period is not None else "0"
        found = self._run(SUMS, (period,), updates=updates)
        return [
            Figures(city, status, actions, progress, _money(spent), _money(budget), given)
            for city, status, actions, progress, spent, budget, given in found
        ]

    def first(self, healths: Sequence[Health], most: int, cities: Sequence[int]) -> list[Facts]:
        """Return the first ``most`` actions of the cities in the order of ``healths``, then by city and code."""
        if not healths or not cities:
            return []
        order = " ".join(f"WHEN '{one.value}' THEN {n}" for n, one in enumerate(healths))
        found = self._run(
            FIRST,
            (*cities, most),
            cities=", ".join(["%s"] * len(cities)),
            healths=", ".join(f"'{one.value}'" for one in healths),
            order=order,
        )
        return [_facts(row) for row in found]

    @cached_property
    def _facts_sql(self) -> tuple[str, tuple]:
        return _facts_of(self._rows.order_by(), self._as_of).query.sql_with_params()

    def _run(self, statement: str, more: Sequence[Any], **parts: str) -> list[tuple]:
        """Run ``statement`` over the facts; every value is passed as a parameter."""
        try:
            facts, params = self._facts_sql
        except EmptyResultSet:
            return []
        vendor = connection.vendor
        parts |= {"facts": facts, "expected": health.expected_sql(vendor), "health": health.health_sql(vendor)}
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**parts), (*params, *more))
            return cursor.fetchall()


def _facts(row: Sequence[Any]) -> Facts:
    own: dict[str, Any] = dict(zip((*COLUMNS, "expected", "health", "code", "title"), row, strict=True))
    inputs = health.HealthInputs(
        stage=own["stage"],
        starts_on=_day(own["starts_on"]),
        ends_on=_day(own["ends_on"]),
        next_milestone_on=_day(own["next_milestone_on"]),
        last_update_on=_day(own["last_update_on"]),
        progress=own["progress"],
        expected=own["expected"],
        has_responsible=bool(own["has_responsible"]),
        today=_day(own["local_today"]),
        milestones=own["milestone_count"],
        milestones_reached=own["reached_count"],
    )
    money = _money(own["spent_total"]), _money(own["budget_total"])
    return Facts(own["id"], own["city"], own["code"], own["title"], Health(own["health"]), inputs, *money)


def _facts_of(rows: QuerySet, as_of: AsOf) -> QuerySet:
    """Return the rows as tuples of ``COLUMNS``: stored figures, or those computed up to a period."""
    today, upto = as_of
    long_ago = day_in(ZONE, today, days=-settings.STALE_AFTER_DAYS)
    rows = rows.annotate(local_today=day_in(ZONE, today), long_ago=long_ago)
    if upto is None:
        stored = [f"figures__{name}" for name in (*STORED, *MONEY)]
        return rows.with_responsible(today).values_list(*OWN, *stored, *DERIVED)
    rows = computation.with_money(computation.with_milestones(rows, upto), upto)
    rows = computation.with_responsible(rows, OuterRef("local_today"))
    return rows.values_list(*OWN, "current_stage", *STORED[1:], *MONEY, *DERIVED)


def _day(value: Any) -> Any:
    """Return a date, which SQLite gives as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _money(amount: Any) -> Decimal:
    """Round to two decimals, since SQLite adds decimals as floats."""
    return Decimal(str(amount or 0)).quantize(Decimal("0.01"))
