"""Dates of the demo, computed from the day it is loaded: three quarters before, the current one, and four ahead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from core import clock

BEHIND, AHEAD = 3, 4  # quarters before and after the current one


class Quarter(NamedTuple):
    start: date
    end: date

    @property
    def name(self) -> str:
        return f"Q{(self.start.month + 2) // 3} {self.start.year}"


def quarter(day: date, offset: int = 0) -> Quarter:
    """Return the calendar quarter of ``day``, or the one ``offset`` quarters later."""
    number = day.year * 4 + (day.month - 1) // 3 + offset
    return Quarter(_first_day(number), _first_day(number + 1) - timedelta(days=1))


def _first_day(number: int) -> date:
    return date(number // 4, number % 4 * 3 + 1, 1)


@dataclass
class Calendar:
    """Quarters of the demo: ``quarter(0)`` is open, ``quarter(-1)`` is the last one that cities have submitted."""

    today: date

    def quarter(self, offset: int) -> Quarter:
        return quarter(self.today, offset)

    @property
    def quarters(self) -> list[Quarter]:
        return [self.quarter(offset) for offset in range(-BEHIND, AHEAD + 1)]


@dataclass
class Schedule:
    """Scheduled events. They run in order of time, each with ``clock`` set to its time, never later than now."""

    now: datetime
    events: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def add(self, day: date, act: Callable[[], object], *, hour: int = 9) -> None:
        """Schedule ``act`` for ``day`` at ``hour`` (UTC); within an hour, in the order of scheduling."""
        moment = datetime.combine(day, time(hour), tzinfo=UTC)
        self.events.append((min(moment, self.now), len(self.events), act))

    def run(self) -> None:
        for moment, _number, act in sorted(self.events, key=lambda scene: scene[:2]):
            with clock.at(moment):
                act()
