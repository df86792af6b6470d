"""Values of indicators as a reader may read them: live in the city, frozen outside."""

import json
from decimal import Decimal
from typing import Any, NamedTuple

from cities.rules import insider_cities
from strategies.models import CityPeriod, Indicator, IndicatorValue, PeriodRevision, RevisionIndicator, Strategy

from .completeness import due_indicators
from .frozen import frozen_values, readable_visibilities
from .logging import with_last_value


class ToldValue(NamedTuple):
    """One value for one period. ``row`` is the live record, for who may change it."""

    period: str
    value: Decimal
    note: str
    is_submitted: bool
    row: IndicatorValue | None = None


class ValueRow(NamedTuple):
    """An indicator on the page where a period's values are entered."""

    indicator: Indicator
    value: IndicatorValue | None
    last_value: Decimal | None
    last_period: str


class IndicatorRow(NamedTuple):
    indicator: Indicator
    newest: Decimal | None


def values_of(indicator: Indicator, user: Any) -> list[ToldValue]:
    """The oldest first. Outside the city, of open periods nothing, of others what their revision tells."""
    if indicator.of_city_id in insider_cities(user):
        rows = IndicatorValue.objects.standing().filter(indicator=indicator).select_related("city_period__period")
        rows = rows.order_by("city_period__period__starts_on")
        return [
            ToldValue(row.city_period.period.name, row.value, row.note, row.city_period.is_locked, row) for row in rows
        ]
    told = frozen_values(indicator, user)
    return [ToldValue(row["period"], Decimal(row["value"]), row["note"], True) for row in reversed(told)]


def indicators_of(strategy: Strategy, user: Any) -> list[IndicatorRow]:
    """The standing indicators with their newest value that this reader may read, in two queries."""
    rows = strategy.indicators.visible_to(user).filter(withdrawn_at=None).select_related("action", "objective")
    rows = rows.order_by("name")
    if strategy.city_id in insider_cities(user):
        return [IndicatorRow(row, row.last_value) for row in with_last_value(rows)]
    newest = _newest_frozen(strategy, user)
    return [IndicatorRow(row, newest.get(row.pk)) for row in rows]


def _newest_frozen(strategy: Strategy, user: Any) -> dict[int, Decimal]:
    """Of each indicator the newest frozen value; of each period the newest revision that the reader reads counts."""
    readable = PeriodRevision.objects.visible_to(user)
    rows = RevisionIndicator.objects.filter(indicator__strategy=strategy, revision__in=readable)
    rows = rows.order_by("-revision__city_period__period__starts_on", "-revision__number")
    allowed = readable_visibilities(user, strategy.city_id)
    read: set[tuple[int, int]] = set()
    newest: dict[int, Decimal] = {}
    for pk, city_period, contents in rows.values_list("indicator", "revision__city_period", "contents"):
        if (pk, city_period) in read:
            continue
        read.add((pk, city_period))
        value = json.loads(contents)["value"]
        if value and value["visibility"] in allowed:
            newest.setdefault(pk, Decimal(value["value"]))
    return newest


def value_rows(city_period: CityPeriod) -> list[ValueRow]:
    """What the period asks for, with what is given and what was said before."""
    rows = with_last_value(due_indicators(city_period), before=city_period).order_by("name")
    given = IndicatorValue.objects.standing().filter(city_period=city_period)
    by_indicator = {value.indicator_id: value for value in given}
    rows = rows.select_related("strategy__city", "action__objective__area__strategy", "action__accountable")
    return [ValueRow(row, by_indicator.get(row.pk), row.last_value, row.last_period or "") for row in rows]
