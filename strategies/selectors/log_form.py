"""Data that the logging form shows beside its fields."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import QuerySet

from cities.models import City, Membership
from strategies.enums import ImplementationStage
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Indicator,
    IndicatorValue,
    Milestone,
)
from strategies.models.outcomes import has_outcome
from strategies.models.reported import last_value, newest_of_others, spent_by_others

from .completeness import due_indicators


class DueValue(NamedTuple):
    indicator: Indicator
    last_value: Decimal | None
    last_period: str
    stored: IndicatorValue | None = None  # the stored value for this period


@dataclass
class LogFormData:
    """What is known about the action. ``update``: the one that is being changed, None for a new one."""

    action: Action
    update: ActionUpdate | None = None

    @property
    def asks_for_values(self) -> bool:
        return self.update is None

    @property
    def city(self) -> City:
        return self.action.city

    @property
    def currency(self) -> str:
        return self.city.currency

    @cached_property
    def today(self) -> date:
        return self.city.today

    # ---- the last update

    @cached_property
    def _others(self) -> QuerySet[ActionUpdate]:
        rows = self.action.updates.active()
        return rows.exclude(pk=self.update.pk) if self.update else rows

    @cached_property
    def last(self) -> ActionUpdate | None:
        """The newest active update other than this one, with totals and last figures of all of them."""
        this = self.update.pk if self.update else None
        rows = self._others.select_related("city_period__period", "author").annotate(
            spent_so_far=spent_by_others(this),
            people_last=newest_of_others("people_reached", this),
            progress_last=newest_of_others("progress", this),
        )
        return rows.newest_first().first()

    @property
    def last_stage(self) -> str:
        return self.last.stage if self.last else ImplementationStage.ONGOING

    @property
    def last_people(self) -> int | None:
        return self.last.people_last if self.last else None

    @property
    def last_progress(self) -> int | None:
        return self.last.progress_last if self.last else None

    @property
    def spent_total(self) -> Decimal:
        return (self.last.spent_so_far if self.last else None) or Decimal(0)

    # ---- the plan

    @cached_property
    def lines(self) -> list[BudgetLine]:
        return list(self.action.budget_lines.active())

    @property
    def budget_total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @cached_property
    def _milestones(self) -> list[Milestone]:
        """Active milestones, with ``is_reached`` and ``is_dropped``: by another update."""
        this = self.update.pk if self.update else None
        return list(
            self.action.milestones.active().annotate(
                is_reached=has_outcome("MilestoneReached", without=this),
                is_dropped=has_outcome("MilestoneDropped", without=this),
            )
        )

    @property
    def has_milestones(self) -> bool:
        return bool(self._milestones)

    @property
    def open_milestones(self) -> list[Milestone]:
        return [row for row in self._milestones if not row.is_reached]

    @property
    def undecided_milestones(self) -> list[Milestone]:
        """Milestones that must be reached or dropped to complete the action."""
        return [row for row in self.open_milestones if not row.is_dropped]

    @property
    def people_ids(self) -> QuerySet:
        return Membership.objects.current().filter(body__city=self.city).values("person")

    # ---- periods and values

    @cached_property
    def _unlocked(self) -> list[CityPeriod]:
        rows = CityPeriod.objects.filter(city=self.city).unlocked().select_related("period")
        found = list(rows.order_by("period__starts_on"))
        for row in found:
            row.city = self.city
        return found

    @property
    def periods(self) -> list[CityPeriod]:
        """Periods that the user may choose from: open or returned."""
        return [row for row in self._unlocked if row.state != "scheduled"]

    def period_for(self, day: date, chosen: str | None = None) -> tuple[CityPeriod | None, bool]:
        """Return the period for an update of that day, and whether it is late: its own, else the next unlocked one.

        Reads only. The service decides again when it saves, and creates the next period if there is none.
        """
        picked = next((row for row in self._unlocked if chosen and str(row.pk) == chosen), None)
        if picked:
            return picked, day < picked.period.starts_on
        holding = (row for row in self._unlocked if row.period.starts_on <= day <= row.period.ends_on)
        later = (row for row in self._unlocked if row.period.starts_on > day)
        if found := next(holding, None):
            return found, False
        return next(later, None), True

    def name_of_period(self, pk: int | None) -> str:
        row = CityPeriod.objects.filter(city=self.city, pk=pk).select_related("period").first() if pk else None
        return row.period.name if row else ""

    def values_for(self, city_period: CityPeriod | None, typed: Iterable[int] = ()) -> list[DueValue]:
        """Return the action's indicators without a value for the period, and ``typed`` ones with their stored value."""
        if not self.asks_for_values:
            return []
        rows = self._due(city_period) if city_period else []
        wanted = set(typed) - {row.pk for row in rows}
        more = list(with_last_value(self.indicators(wanted), before=city_period)) if wanted else []
        stored = stored_values(city_period, more)
        return [DueValue(row, row.last_value, row.last_period or "", stored.get(row.pk)) for row in [*rows, *more]]

    def _due(self, city_period: CityPeriod) -> list[Indicator]:
        rows = due_indicators(city_period).filter(action=self.action, is_reported=False)
        return list(with_last_value(rows, before=city_period))

    def indicators(self, pks: Iterable[int]) -> QuerySet[Indicator]:
        """Return indicators of the strategy by id, including ones withdrawn or moved after a value was typed."""
        rows = Indicator.objects.filter(strategy=self.action.strategy, pk__in=list(pks))
        return rows if self.asks_for_values else rows.none()


class RepeatedFormData(LogFormData):
    """For a form that is sent again: ``update`` is what it was saved as. It may be corrected, values included."""

    asks_for_values = True


def stored_values(city_period: CityPeriod | None, indicators: Collection[Indicator]) -> dict[int, IndicatorValue]:
    """Return the active values of the period, by indicator id."""
    if city_period is None or not indicators:
        return {}
    rows = IndicatorValue.objects.active().filter(city_period=city_period, indicator__in=list(indicators))
    return {row.indicator_id: row for row in rows}


def with_last_value(indicators: QuerySet[Indicator], before: CityPeriod | None = None) -> QuerySet[Indicator]:
    """Add ``last_value`` and ``last_period`` of the newest value, or of the newest value before a period."""
    return indicators.annotate(**last_value(before.period.starts_on if before else None))
