"""The demo's days, all computed from the day it is loaded: three quarters behind, one open, more ahead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from core import clock

BEHIND, AHEAD = 3, 4  # quarters before and after the one that holds today


class Quarter(NamedTuple):
    start: date
    end: date

    @property
    def name(self) -> str:
        return f"Q{(self.start.month + 2) // 3} {self.start.year}"


def quarter(day: date, offset: int = 0) -> Quarter:
    """The calendar quarter that holds ``day``, or one ``offset`` quarters later."""
    number = day.year * 4 + (day.month - 1) // 3 + offset
    return Quarter(_first_day(number), _first_day(number + 1) - timedelta(days=1))


def _first_day(number: int) -> date:
    return date(number // 4, number % 4 * 3 + 1, 1)


@dataclass
class Calendar:
    """``quarter(0)`` is open, ``quarter(-1)`` the last one that cities have submitted."""

    today: date

    def quarter(self, offset: int) -> Quarter:
        return quarter(self.today, offset)

    @property
    def quarters(self) -> list[Quarter]:
        return [self.quarter(offset) for offset in range(-BEHIND, AHEAD + 1)]


@dataclass
class Story:
    """What happens, in the order of time, each thing under the clock of its moment; never later than now."""

    now: datetime
    scenes: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def tell(self, day: date, act: Callable[[], object], *, hour: int = 9) -> None:
        """``act`` happens on ``day`` at ``hour`` (UTC); what is told first happens first within an hour."""
        moment = datetime.combine(day, time(hour), tzinfo=UTC)
        self.scenes.append((min(moment, self.now), len(self.scenes), act))

    def play(self) -> None:
        for moment, _number, act in sorted(self.scenes, key=lambda scene: scene[:2]):
            with clock.at(moment):
                act()
