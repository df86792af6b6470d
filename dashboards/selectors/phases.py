"""The three phases of each city's pilot: planned and actual."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.collation import title_key
from pilot.enums import PhaseKind
from pilot.models import PilotPhase

from .scope import DashboardScope


@dataclass(frozen=True)
class PhaseRow:
    city: Any
    kind: Any
    planned_start: date
    planned_end: date
    actual_start: date | None
    actual_end: date | None
    today: date

    @property
    def bar_end(self) -> date | None:
        """The end of the actual bar: today if the phase is still running."""
        if self.actual_start is None:
            return None
        return self.actual_end or max(self.today, self.actual_start)

    @property
    def is_overdue(self) -> bool:
        return self.actual_end is None and self.planned_end < self.today


def phase_rows(view: DashboardScope, cities: Sequence[int]) -> list[PhaseRow]:
    """Return rows by city, then in the order of the pilot; only of cities that the reader reads fully."""
    cities = [city for city in cities if view.reads_fully(city)]
    if not cities:
        return []
    known = {city.pk: city for city in view.all_cities}
    rows = [
        PhaseRow(
            city=known[phase.city_id],
            kind=PhaseKind(phase.kind),
            planned_start=phase.planned_start,
            planned_end=phase.planned_end,
            actual_start=phase.actual_start,
            actual_end=phase.actual_end,
            today=known[phase.city_id].today,
        )
        for phase in PilotPhase.objects.filter(city__in=cities)
    ]
    return sorted(rows, key=lambda row: (title_key(row.city.name), row.kind.number))
