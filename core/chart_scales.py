"""Scales of charts: where a value lies along an axis, and which values are labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

from . import locales

MOST_TICKS = 5
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)  # between the labels of a time axis


@dataclass(frozen=True)
class Scale:
    """Maps values from ``lowest`` to ``highest`` to positions from ``start`` to ``end``."""

    lowest: float
    highest: float
    start: float = 0
    end: float = 100

    def at(self, value: float) -> float:
        share = (value - self.lowest) / ((self.highest - self.lowest) or 1)
        return short(self.start + share * (self.end - self.start))


def short(length: float) -> float:
    """Round to two decimals, and whole numbers to none."""
    rounded = round(length, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def number_ticks(lowest: float, highest: float, *, whole: bool = False) -> list[float]:
    """Return at most six round values from ``lowest`` to the first one that is not below ``highest``."""
    step = _round_step((highest - lowest) / MOST_TICKS or 1)
    if whole:
        step = max(1, ceil(step))
    first, last = floor(lowest / step), ceil(highest / step)
    return [round(n * step, 10) for n in range(first, max(last, first + 1) + 1)]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, ... times a power of ten that is not below ``least``."""
    power = 10.0 ** floor(log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * 0.999)


def month_ticks(first: date, last: date) -> list[date]:
    """Return at most six first days of months between the days."""
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next((step for step in MONTHS if months / step <= MOST_TICKS), max(MONTHS[-1], ceil(months / MOST_TICKS)))
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    days = [date(number // 12, number % 12 + 1, 1) for number in numbers if number % step == 0]
    return [day for day in days if first <= day <= last]


def thinned(names: Sequence[str], characters: int = 44) -> list[int]:
    """Return the indexes of names that fit side by side on a phone: the last one, and evenly spaced ones before it."""
    if not names:
        return []
    longest = max(map(len, names))
    step = ceil(len(names) / max(2, characters // (longest + 3)))
    return list(range(len(names) - 1, -1, -step))[::-1]


def tick_words(value: float) -> str:
    return locales.number(value)
