"""Indicator values as the user may read them: live in the city, from snapshots outside it."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cities.rules import insider_city_ids
from core import locales
from core.collation import by_title
from strategies import targets
from strategies.enums import Addition
from strategies.models import ActionUpdate, CityPeriod, Indicator, IndicatorValue, Strategy
from strategies.period_snapshot import SnapshotValue

from .completeness import due_indicators
from .disclosure import few_text, is_few, reads_all_figures
from .frozen import newest_values, submitted_values
from .log_form import with_last_value


class Figure(NamedTuple):
    """A number, or the text shown instead of a number of few people or one that the city does not share."""

    value: Decimal | None
    text: str = ""

    @property
    def words(self) -> str:
        return self.text or locales.number(self.value)


class ReportedValue(NamedTuple):
    """One value for one period. ``row``: the live record, for people of the city only."""

    period: str
    figure: Figure
    note: str
    is_submitted: bool
    row: IndicatorValue | None = None


class ValueRow(NamedTuple):
    """One indicator on the page where a period's values are entered."""

    indicator: Indicator
    value: IndicatorValue | None
    last_value: Decimal | None
    last_period: str


class IndicatorRow(NamedTuple):
    indicator: Indicator
    newest: Figure
    baseline: Figure
    target: Figure


def values_of(indicator: Indicator, user: Any) -> list[ReportedValue]:
    """Return the values, oldest period first. Outside the city only submitted ones, from the revisions."""
    if indicator.owning_city_id in insider_city_ids(user):
        rows = IndicatorValue.objects.active().filter(indicator=indicator).select_related("city_period__period")
        rows = rows.order_by("city_period__period__starts_on")
        return [
            ReportedValue(row.city_period.period.name, Figure(row.value), row.note, row.city_period.is_locked, row)
            for row in rows
        ]
    submitted = submitted_values(indicator, user)
    return [ReportedValue(origin.period, _reported(value), value.note, True) for value, origin in reversed(submitted)]


def indicators_of(strategy: Strategy, user: Any) -> list[IndicatorRow]:
    """Return the active indicators with the newest value that the user may read. The number of queries is fixed."""
    rows = strategy.indicators.visible_to(user).active().select_related("action", "objective")
    if strategy.city_id in insider_city_ids(user):
        return [
            IndicatorRow(row, Figure(row.last_value), Figure(row.baseline), Figure(row.target))
            for row in by_title(with_last_value(rows))
        ]
    newest, reads_small = newest_values(strategy, user), reads_all_figures(user, strategy.city_id)
    return [IndicatorRow(row, _reported(newest.get(row.pk)), *_planned(row, reads_small)) for row in by_title(rows)]


def baseline_and_target(indicator: Indicator, user: Any) -> tuple[Figure, Figure]:
    """Return (baseline, target) as the user may read them."""
    return _planned(indicator, reads_all_figures(user, indicator.owning_city_id))


class TargetProgress(NamedTuple):
    """How far the figure that counts for the target is. ``percent``: of the way from the baseline, or None."""

    period: str  # of the newest value
    figure: Decimal
    percent: Decimal | None
    is_reached: bool
    is_combined: bool  # the figure is made of several values

    @property
    def words(self) -> str:
        if self.is_reached:
            return _("The target has been reached.")
        if self.percent is None:
            return _("The target has not been reached.")
        if self.percent < 0:
            return _("The latest value is further from the target than the baseline was.")
        return _("%(percent)s of the way from the baseline to the target.") % {"percent": locales.percent(self.percent)}

    @property
    def drawn_percent(self) -> Decimal | None:
        """Return the percentage as the meter draws it: full only if the target is reached."""
        return None if self.percent is None else locales.round_percent(self.percent)


def combined_figure(indicator: Indicator, values: list[ReportedValue]) -> Figure:
    """Return the figure that counts for the target: the values combined over time as the indicator says.

    If one of the values it needs is hidden from the reader, it is hidden too: it would reveal that value.
    """
    needed = values[-1:] if indicator.across_periods == Addition.LATEST else values
    hidden = next((value.figure.text for value in needed if value.figure.text), "")
    if hidden:
        return Figure(None, hidden)
    known = [value.figure.value for value in needed if value.figure.value is not None]
    return Figure(targets.combine(indicator.across_periods, known))


def target_progress(
    indicator: Indicator, baseline: Figure, target: Figure, values: list[ReportedValue]
) -> TargetProgress | None:
    """Return None if there is no value or target, or if one is hidden from the reader."""
    figure = combined_figure(indicator, values).value
    is_reached = targets.is_reached(indicator.direction, target.value, figure)
    if figure is None or is_reached is None:
        return None
    return TargetProgress(
        period=values[-1].period,
        figure=figure,
        percent=targets.share_reached(indicator.direction, baseline.value, target.value, figure),
        is_reached=is_reached,
        is_combined=indicator.across_periods != Addition.LATEST,
    )


def _planned(indicator: Indicator, reads_small: bool) -> tuple[Figure, Figure]:
    hides_few = indicator.counts_people and not reads_small
    baseline, target = (
        Figure(None, few_text()) if hides_few and is_few(figure) else Figure(figure)
        for figure in (indicator.baseline, indicator.target)
    )
    return baseline, target


def _reported(value: SnapshotValue | None) -> Figure:
    """Return the figure of a snapshot's value, which is already reduced for its reader."""
    return Figure(value.value, value.withheld or value.few) if value else Figure(None)


def values_entered_with(update: ActionUpdate) -> QuerySet[IndicatorValue]:
    """Return the active values that were entered with the update and are withdrawn with it."""
    return update.values.active().filter(city_period=update.city_period_id)


def value_rows(city_period: CityPeriod) -> list[ValueRow]:
    """Return the indicators due in the period, with the value for it and the last value before it."""
    rows = with_last_value(due_indicators(city_period), before=city_period)
    given = IndicatorValue.objects.active().filter(city_period=city_period)
    by_indicator = {value.indicator_id: value for value in given}
    rows = rows.select_related("strategy__city", "action__objective__area__strategy", "action__responsible")
    return [ValueRow(row, by_indicator.get(row.pk), row.last_value, row.last_period or "") for row in by_title(rows)]
