"""The actions behind the figures, in one shape for live and frozen rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from typing import Any

from django.db.models import Case, F, QuerySet, Value, When
from django.urls import reverse

from strategies.enums import WORST_FIRST, Health
from strategies.models import Action
from strategies.models.health import health_reason
from strategies.selectors.frozen_rows import frozen_reason

from . import live
from .figures import CITY_OF_FROZEN, NEEDING_ATTENTION, UNDER_WAY
from .scope import CityRecord, DashboardScope, may_open

GROUPS = {"under_way": UNDER_WAY, "attention": NEEDING_ATTENTION}  # query values that stand for several healths


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

    def __init__(self, view: DashboardScope, healths: Sequence[Health] = ()):
        self._view = view
        self._healths = [health for health in WORST_FIRST if not healths or health in healths]
        self._readings = {record.city.pk: record for record in view.city_records}

    def __len__(self) -> int:
        frozen = self._frozen.count() if self._view.frozen else 0
        if not self._view.live:
            return frozen
        return frozen + live.counted(self._view.live_actions(), self._healths, self._view.as_of)

    def __getitem__(self, wanted: slice) -> list[ActionRow]:
        frozen = [self._frozen_line(row) for row in self._frozen_rows(wanted.stop)]
        live_lines = [self._live_line(row) for row in self._live_rows(wanted.stop)]
        return list(merge(frozen, live_lines, key=self._order))[wanted]  # each city is in one of the two only

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

    def _live_rows(self, stop: int) -> Iterable[Any]:
        if not self._view.live:
            return []
        ids = live.urgent(self._view.live_actions(), self._healths, stop, self._view.as_of)
        rows = Action.objects.filter(pk__in=ids).with_health(*self._view.as_of).with_money(self._view.as_of.upto)
        rows = rows.annotate(record_city=F(live.CITY))
        found = {row.pk: row for row in rows}
        return [found[pk] for pk in ids]

    def _frozen_line(self, row: Any) -> ActionRow:
        entry, record = row.entry, self._readings[row.record_city]
        frozen_on = record.city.day_of(row.revision.created_at)
        return ActionRow(
            title=entry["title"],
            code=entry["code"],
            record=record,
            health=Health(row.health),
            reason=frozen_reason(entry, min(frozen_on, self._view.period.ends_on)),
            progress=row.progress,
            expected=row.expected,
            spent=row.spent,
            budget=row.budget,
            url=reverse("strategies:action_detail", args=[row.action_id]) if row.is_linked else "",
        )

    def _live_line(self, action: Any) -> ActionRow:
        return ActionRow(
            title=action.title,
            code=action.code,
            record=self._readings[action.record_city],
            health=Health(action.health),
            reason=health_reason(action),
            progress=action.progress,
            expected=action.expected,
            spent=action.spent_total,
            budget=action.budget_total,
            url=action.get_absolute_url(),
        )
