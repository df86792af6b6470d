"""Queries of many live actions, whose health is an expression over their updates and milestones.

Each statement computes the health once for every action, in a CTE that the database materializes. An aggregate or an
ORDER BY over the expression itself would compute it again for every column that names it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from strategies.enums import Health
from strategies.models import ActionUpdate

CITY = "objective__area__strategy__city"
SUMS = """
WITH live (city, health, progress, spent, budget, updates) AS MATERIALIZED ({})
SELECT city, health, COUNT(*), SUM(progress), SUM(spent), SUM(budget), SUM(updates) FROM live GROUP BY city, health
"""
COUNT = """
WITH live (health) AS MATERIALIZED ({})
SELECT COUNT(*) FROM live WHERE health IN ({})
"""
KEYS = """
WITH live (id, city, code, health) AS MATERIALIZED ({})
SELECT id FROM live WHERE health IN ({}) ORDER BY CASE health {} END, city, code, id LIMIT %s
"""


class AsOf(NamedTuple):
    """The day and the period up to which facts count; without values, the present."""

    today: date | None = None
    upto: Any = None


PRESENT = AsOf()


def summed(rows: QuerySet, periods: Sequence[int], as_of: AsOf = PRESENT) -> list[tuple]:
    """Return tuples of city id, health, count, and the sums of progress, spent, budget and updates in ``periods``."""
    update_counts = ActionUpdate.objects.active().filter(action=OuterRef("pk"), city_period__in=periods)
    counted = update_counts.order_by().values("action").annotate(n=Count("pk")).values("n")
    actions = (
        rows.with_health(*as_of)
        .with_money(as_of.upto)
        .annotate(update_counts=Coalesce(Subquery(counted), 0))
        .order_by()
    )
    found = _run(SUMS, actions.values_list(CITY, "health", "progress", "spent_total", "budget_total", "update_counts"))
    return [(*row[:4], _money(row[4]), _money(row[5]), row[6]) for row in found]


def counted(rows: QuerySet, healths: Sequence[Health], as_of: AsOf = PRESENT) -> int:
    wanted = [health.value for health in healths]
    found = _run(
        COUNT, rows.with_health(*as_of).order_by().values_list("health"), wanted, parts=(_placeholders(wanted),)
    )
    return found[0][0] if found else 0


def urgent(rows: QuerySet, healths: Sequence[Health], most: int, as_of: AsOf = PRESENT) -> list[int]:
    """Return the ids of the first ``most`` actions in the order of ``healths``, then by city and code."""
    wanted = [health.value for health in healths]
    order = " ".join(f"WHEN %s THEN {n}" for n in range(len(wanted)))
    keys = rows.with_health(*as_of).order_by().values_list("pk", CITY, "code_sort", "health")
    return [pk for (pk,) in _run(KEYS, keys, [*wanted, *wanted, most], parts=(_placeholders(wanted), order))]


def _run(statement: str, rows: QuerySet, more: Sequence[Any] = (), parts: Sequence[str] = ()) -> list[tuple]:
    """Run ``statement`` around the queryset's own SQL; every value is passed as a parameter."""
    try:
        inner, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(inner, *parts), (*params, *more))
        return cursor.fetchall()


def _placeholders(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _money(amount: Any) -> Decimal:
    """Round to two decimals, since SQLite adds decimals as floats."""
    return Decimal(str(amount or 0)).quantize(Decimal("0.01"))
