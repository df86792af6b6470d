"""What the logging form shows beside its inputs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum

from cities.models import City, Membership
from strategies.enums import ActionStatus
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Indicator,
    IndicatorValue,
    Milestone,
    MilestoneReached,
)

from .completeness import due_indicators


class DueValue(NamedTuple):
    indicator: Indicator
    last_value: Decimal | None
    last_period: str


@dataclass
class LogPage:
    """What is known of the action. ``update`` is the one that is edited, None for a new one."""

    action: Action
    update: ActionUpdate | None = None

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
        rows = self.action.updates.standing()
        return rows.exclude(pk=self.update.pk) if self.update else rows

    @cached_property
    def last(self) -> ActionUpdate | None:
        """The newest standing one before this, with the sums of them all."""
        sums = self._others.filter(action=OuterRef("action")).order_by().values("action")
        of_people = self._others.filter(people_reached__isnull=False).newest_first()
        of_progress = self._others.filter(progress__isnull=False).newest_first()
        rows = self._others.select_related("city_period__period", "author").annotate(
            spent_so_far=Subquery(sums.annotate(sum=Sum("spent")).values("sum")),
            people_last=Subquery(of_people.values("people_reached")[:1]),
            progress_last=Subquery(of_progress.values("progress")[:1]),
        )
        return rows.newest_first().first()

    @property
    def last_status(self) -> str:
        return self.last.status if self.last else ActionStatus.ONGOING

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
        return list(self.action.budget_lines.standing())

    @property
    def budget_total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @cached_property
    def _milestones(self) -> list[Milestone]:
        """Each with whether another update has reached it."""
        reached = MilestoneReached.objects.filter(milestone=OuterRef("pk"), update__withdrawn_at=None)
        if self.update:
            reached = reached.exclude(update=self.update)
        return list(self.action.milestones.standing().annotate(is_reached=Exists(reached)))

    @property
    def has_milestones(self) -> bool:
        return bool(self._milestones)

    @property
    def open_milestones(self) -> list[Milestone]:
        return [row for row in self._milestones if not row.is_reached]

    @property
    def people_ids(self) -> QuerySet:
        return Membership.objects.current().filter(body__city=self.city).values("person")

    # ---- periods and values

    @cached_property
    def _unlocked(self) -> list[CityPeriod]:
        rows = CityPeriod.objects.filter(city=self.city).open_for_facts().select_related("period", "city")
        return list(rows.order_by("period__starts_on"))

    @property
    def periods(self) -> list[CityPeriod]:
        """Those that one may choose from: open or returned."""
        return [row for row in self._unlocked if row.state != "scheduled"]

    def period_for(self, day: date, chosen: str | None = None) -> tuple[CityPeriod | None, bool]:
        """Where a day's news goes, and whether that is late: its own period, else the next that is not locked.

        Reads only; the service decides again when it saves, and makes the next period where none is known.
        """
        picked = next((row for row in self._unlocked if chosen and str(row.pk) == chosen), None)
        if picked:
            return picked, day < picked.period.starts_on
        holding = (row for row in self._unlocked if row.period.starts_on <= day <= row.period.ends_on)
        later = (row for row in self._unlocked if row.period.starts_on > day)
        if found := next(holding, None):
            return found, False
        return next(later, None), True

    @property
    def present(self) -> CityPeriod | None:
        """The one that today's news goes into."""
        return self.period_for(self.today)[0]

    @cached_property
    def values_due(self) -> list[DueValue]:
        """The action's indicators without a value in the present period, with what was said last."""
        if self.update or self.present is None:
            return []
        rows = due_indicators(self.present).filter(action=self.action, is_told=False)
        return [DueValue(row, row.last_value, row.last_period or "") for row in with_last_value(rows)]


def with_last_value(indicators: QuerySet[Indicator], before: CityPeriod | None = None) -> QuerySet[Indicator]:
    """Adds ``last_value`` and ``last_period``: what was said last, before a period where one is named."""
    values = IndicatorValue.objects.standing().filter(indicator=OuterRef("pk"))
    if before is not None:
        values = values.filter(city_period__period__starts_on__lt=before.period.starts_on)
    newest = values.order_by("-city_period__period__starts_on")
    return indicators.annotate(
        last_value=Subquery(newest.values("value")[:1]),
        last_period=Subquery(newest.values("city_period__period__name")[:1]),
    )
