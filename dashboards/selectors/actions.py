"""The actions behind the figures, in one shape for live and frozen rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from heapq import merge
from itertools import accumulate
from typing import Any, NamedTuple

from django.db.models import Case, F, QuerySet, Value, When

from core.links import url_of
from dashboards.city_sums import live_totals
from strategies.enums import WORST_FIRST, Health
from strategies.selectors.frozen_rows import frozen_reason

from . import live
from .figures import CITY_OF_FROZEN, NEEDING_ATTENTION, UNDER_WAY, Totals
from .scope import CityRecord, DashboardScope, may_open

GROUPS = {"under_way": UNDER_WAY, "attention": NEEDING_ATTENTION}  # query values that stand for several healths


class Count(NamedTuple):
    """The number of actions of one status in a city; counts are ordered as their actions are."""

    rank: int  # of the status
    city: int
    actions: int


@dataclass(frozen=True)
class ActionRow:
    """An action as its city's shown record has it. ``url`` is "" if the reader may not open it."""

    title: str
    code: str
    record: CityRecord
    health: Health
    reason: str
    progress: int
    expected: int
    spent: Decimal
    budget: Decimal
    url: str

    @property
    def city(self) -> Any:
        return self.record.city


def healths_of(word: str) -> list[Health]:
    """Return the healths for ``late`` or for a group such as ``attention``; [] for unknown words."""
    if word in GROUPS:
        return list(GROUPS[word])
    return [Health(word)] if word in Health.values else []


class ActionRows:
    """Live and frozen actions as one sequence for the paginator, most urgent first; the database cuts the pages."""

    def __init__(
        self, view: DashboardScope, healths: Sequence[Health] = (), of_live: Mapping[int, Totals] | None = None
    ):
        """``of_live``: totals of the live actions by city, where they are known already."""
        self._view = view
        self._healths = [health for health in WORST_FIRST if not healths or health in healths]
        self._readings = {record.city.pk: record for record in view.city_records}
        self._known = of_live

    def __len__(self) -> int:
        frozen = self._frozen.count() if self._view.frozen else 0
        return frozen + sum(row.actions for row in self._counts)

    def __getitem__(self, wanted: slice) -> list[ActionRow]:
        frozen = [self._frozen_line(row) for row in self._frozen_rows(wanted.stop)]
        live_lines = [self._live_line(row) for row in self._live_rows(wanted.stop)]
        return list(merge(frozen, live_lines, key=self._order))[wanted]  # each city is in one of the two only

    @cached_property
    def _counts(self) -> list[Count]:
        """The numbers of live actions that are wanted, in the order of the actions."""
        found = live_totals(self._view, with_updates=False) if self._known is None else self._known
        ranks = {health.value: rank for rank, health in enumerate(self._healths)}
        return sorted(
            Count(ranks[health], city, n)
            for city, totals in found.items()
            for health, n in totals.health.items()
            if health in ranks
        )

    def _order(self, line: ActionRow) -> tuple[int, int]:
        return self._healths.index(line.health), line.city.pk

    @property
    def _frozen(self) -> QuerySet:
        return self._view.frozen_actions().filter(health__in=self._healths)

    def _frozen_rows(self, stop: int) -> Iterable[Any]:
        if not self._view.frozen:
            return []
        urgency = Case(*[When(health=health, then=Value(n)) for n, health in enumerate(self._healths)])
        rows = self._frozen.annotate(record_city=F(CITY_OF_FROZEN), is_linked=may_open(self._view.user, "action"))
        return rows.select_related("revision").order_by(urgency, "record_city", "action__code_sort", "action")[:stop]

    def _live_rows(self, stop: int) -> list[live.Facts]:
        before = accumulate((row.actions for row in self._counts), initial=0)
        cities = {row.city for row, n in zip(self._counts, before, strict=False) if n < stop}
        rows = self._view.live_rows
        if self._view.only_city is None:  # few cities have the most urgent actions
            rows = live.LiveActions(self._view.live_actions(sorted(cities)), self._view.as_of)
        return rows.first(self._healths, stop, sorted(cities))

    def _frozen_line(self, row: Any) -> ActionRow:
        entry, record = row.read(), self._readings[row.record_city]
        frozen_on = record.city.day_of(row.revision.created_at)
        return ActionRow(
            title=entry.title,
            code=entry.code,
            record=record,
            health=Health(row.health),
            reason=frozen_reason(entry, min(frozen_on, self._view.period.ends_on)),
            progress=row.progress,
            expected=row.expected,
            spent=row.spent,
            budget=row.budget,
            url=url_of("strategies:action_detail", row.action_id) if row.is_linked else "",
        )

    def _live_line(self, action: live.Facts) -> ActionRow:
        return ActionRow(
            title=action.title,
            code=action.code,
            record=self._readings[action.city],
            health=action.health,
            reason=action.reason,
            progress=action.inputs.progress,
            expected=action.inputs.expected,
            spent=action.spent,
            budget=action.budget,
            url=url_of("strategies:action_detail", action.id),
        )
