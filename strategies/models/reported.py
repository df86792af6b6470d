"""What is reported, in which period and last, as SQL for a queryset of actions, updates, budget lines or indicators.

Newest updates are those of ``newest_first``.
"""

from datetime import date

from django.db.models import BooleanField, CharField, DateField, DecimalField, F, IntegerField, Value

from core.sql import Sql
from strategies.enums import PeriodState

from .facts import ActionUpdate, IndicatorValue
from .periods import CityPeriod, ReportingPeriod

MONEY = DecimalField(max_digits=16, decimal_places=2)
UPDATES = f"{ActionUpdate._meta.db_table} epi_u"
PERIODS = f"""JOIN {CityPeriod._meta.db_table} epi_c ON epi_c.id = epi_u.city_period_id
JOIN {ReportingPeriod._meta.db_table} epi_p ON epi_p.id = epi_c.period_id"""
OF_ACTION = "epi_u.action_id = {action} AND epi_u.withdrawn_at IS NULL"
# S608: names of tables and states only
IS_REPORTED = f"EXISTS (SELECT 1 FROM {UPDATES} WHERE {OF_ACTION} AND epi_u.city_period_id = {{city_period}})"  # noqa: S608
HAS_VALUE = f"""EXISTS (SELECT 1 FROM {IndicatorValue._meta.db_table} epi_v WHERE epi_v.indicator_id = {{indicator}}
AND epi_v.withdrawn_at IS NULL AND epi_v.city_period_id = {{city_period}})"""  # noqa: S608
STAGE = f"""COALESCE((SELECT epi_u.stage FROM {UPDATES} {PERIODS} WHERE {OF_ACTION} AND epi_p.starts_on %s {{day}}
ORDER BY epi_u.date DESC, epi_u.id DESC LIMIT 1), '')"""  # noqa: S608
OPEN_PERIOD = f"""(SELECT epi_p.name FROM {UPDATES} {PERIODS} WHERE {OF_ACTION}
AND epi_c.state IN ('{PeriodState.OPEN}', '{PeriodState.RETURNED}') ORDER BY epi_p.starts_on DESC LIMIT 1)"""  # noqa: S608

OTHERS = f"FROM {UPDATES} WHERE {OF_ACTION} AND epi_u.id <> {{without}}"
LAST_VALUE = f"""(SELECT %s FROM {IndicatorValue._meta.db_table} epi_v
JOIN {CityPeriod._meta.db_table} epi_c ON epi_c.id = epi_v.city_period_id
JOIN {ReportingPeriod._meta.db_table} epi_p ON epi_p.id = epi_c.period_id
WHERE epi_v.indicator_id = {{indicator}} AND epi_v.withdrawn_at IS NULL %s
ORDER BY epi_p.starts_on DESC LIMIT 1)"""  # noqa: S608
SPENT = f"SELECT SUM(epi_u.spent) FROM {UPDATES} WHERE epi_u.withdrawn_at IS NULL AND"  # noqa: S608


def is_reported(city_period: CityPeriod) -> Sql:
    """Return whether the period has an active update of the action."""
    return Sql(IS_REPORTED, BooleanField(), action=F("pk"), city_period=Value(city_period.pk, IntegerField()))


def has_value(city_period: CityPeriod) -> Sql:
    """Return whether the period has an active value of the indicator."""
    return Sql(HAS_VALUE, BooleanField(), indicator=F("pk"), city_period=Value(city_period.pk, IntegerField()))


def stage_before(day: date) -> Sql:
    """Return the stage of the action's newest update of periods that start before the day; "" without one."""
    return Sql(STAGE % "<", CharField(), action=F("pk"), day=Value(day, DateField()))


def stage_by(day: date, action: str = "pk") -> Sql:
    """Return the same with periods that start on the day. ``action``: lookup path to the action."""
    return Sql(STAGE % "<=", CharField(), action=F(action), day=Value(day, DateField()))


def newest_open_period() -> Sql:
    """Return the name of the newest open or returned period with an active update of the action, or NULL."""
    return Sql(OPEN_PERIOD, CharField(), action=F("pk"))


def spent_from_line() -> Sql:
    """Return the sum that active updates have spent from the budget line, or NULL."""
    return Sql(f"({SPENT} epi_u.budget_line_id = {{line}})", MONEY, line=F("pk"))


def spent_by_others(without: int | None) -> Sql:
    """Return the sum of the active updates of an update's action, or NULL. ``without``: id of one not to count."""
    text = f"({SPENT} epi_u.action_id = {{action}} AND epi_u.id <> {{without}})"
    return Sql(text, MONEY, action=F("action"), without=Value(without or 0, IntegerField()))


def newest_of_others(column: str, without: int | None) -> Sql:
    """Return the number in the newest active update of an update's action that has one, or NULL."""
    name = f"epi_u.{ActionUpdate._meta.get_field(column).column}"
    text = f"(SELECT {name} {OTHERS} AND {name} IS NOT NULL ORDER BY epi_u.date DESC, epi_u.id DESC LIMIT 1)"
    return Sql(text, IntegerField(), action=F("action"), without=Value(without or 0, IntegerField()))


def last_value(before: date | None = None) -> dict[str, Sql]:
    """Return ``last_value`` and ``last_period`` of the indicator's newest value, of periods that start ``before``."""
    limit = "" if before is None else "AND epi_p.starts_on < {before}"
    known = {"indicator": F("pk")} | ({} if before is None else {"before": Value(before, DateField())})
    return {
        "last_value": Sql(LAST_VALUE % ("epi_v.value", limit), IndicatorValue._meta.get_field("value"), **known),
        "last_period": Sql(LAST_VALUE % ("epi_p.name", limit), CharField(), **known),
    }
