"""Agreement between ratings, as pure functions over levels: median, range, gap, and Krippendorff's alpha.

Pass blind levels only: those of before the discussion. Levels are ordinal: never compute their mean. "Not assessed" is
counted separately, never as zero.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum, StrEnum
from typing import NamedTuple

from evaluation.enums import INDEPENDENT, Capacity, SourceKind, Strength


class Spread(NamedTuple):
    """Summary of blind levels. ``median`` is "3", "2-3" if an even number has two middle levels, "" without levels.

    ``unknown_levels`` counts ratings whose initial level is unknown: they are from before blind levels were kept.
    """

    n: int
    median: str
    low: int | None
    high: int | None
    not_assessed: int
    unknown_levels: int = 0

    @property
    def gap(self) -> int | None:
        return None if self.low is None or self.high is None else self.high - self.low

    @property
    def range(self) -> str:
        """Return "1–4", "3" if all levels are equal, or "" without levels."""
        if self.low is None:
            return ""
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


class Agreement(NamedTuple):
    """Spread of one dimension of one evaluation: of the independent ratings, and of each capacity."""

    independent: Spread
    by_capacity: dict[str, Spread]

    @property
    def gap(self) -> int | None:
        return self.independent.gap


def median_of(levels: Iterable[int]) -> str:
    """Return the middle level, "2-3" if an even number of levels has two different ones, "" without levels."""
    ordered = sorted(levels)
    if not ordered:
        return ""
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return str(low) if low == high else f"{low}-{high}"


def middle_levels(median: str) -> tuple[int | None, int | None]:
    """Return the lower and the upper middle level of a ``median_of``, for tables of numbers."""
    levels = [int(level) for level in median.split("-") if level]
    return (levels[0], levels[-1]) if levels else (None, None)


class NotKept(Enum):
    """Stands for the blind level of a rating from before blind levels were kept."""

    NOT_KEPT = "unknown_levels"


NOT_KEPT = NotKept.NOT_KEPT
BlindValue = int | None | NotKept  # None is "not assessed"


def spread_of(levels: Iterable[BlindValue]) -> Spread:
    every = list(levels)
    given = [level for level in every if not isinstance(level, NotKept)]
    known = [level for level in given if level is not None]
    low, high = (min(known), max(known)) if known else (None, None)
    return Spread(len(known), median_of(known), low, high, len(given) - len(known), len(every) - len(given))


def agreement_of(ratings: Iterable[tuple[str, BlindValue]]) -> Agreement:
    """Return the agreement of ``(capacity, blind level)`` pairs.

    The city's own ratings are reported by capacity only; they count in no median of the independent ratings.
    """
    pairs = list(ratings)
    independent = spread_of(level for capacity, level in pairs if capacity in INDEPENDENT)
    present = [capacity for capacity in Capacity.values if any(capacity == given for given, _level in pairs)]
    apart = {str(capacity): spread_of(level for given, level in pairs if given == capacity) for capacity in present}
    return Agreement(independent, apart)


# ---- across strategies


class Undefined(StrEnum):
    TOO_FEW = "too_few"
    NO_VARIATION = "no_variation"


class Alpha(NamedTuple):
    """Krippendorff's alpha, or why it is undefined. ``units``: strategies with two or more levels; ``n``: levels."""

    value: float | None
    undefined: Undefined | None
    units: int
    n: int


MIN_UNITS = 2


def alpha_ordinal(units: Iterable[Sequence[int | None]]) -> Alpha:
    """Return ordinal alpha over units (strategies); each unit lists its levels, None where not assessed.

    Units with fewer than two levels cannot be compared and are left out, as Krippendorff does.
    """
    pairable = [levels for unit in units if len(levels := [level for level in unit if level is not None]) > 1]
    n = sum(len(levels) for levels in pairable)
    if len(pairable) < MIN_UNITS:
        return Alpha(None, Undefined.TOO_FEW, len(pairable), n)
    totals = Counter(level for levels in pairable for level in levels)
    if len(totals) == 1:
        return Alpha(None, Undefined.NO_VARIATION, len(pairable), n)
    distance = _ordinal_distances(totals)
    observed = sum(_disagreement(Counter(levels), distance) / (len(levels) - 1) for levels in pairable) / n
    expected = _disagreement(totals, distance) / (n * (n - 1))
    return Alpha(1 - observed / expected, None, len(pairable), n)


def _ordinal_distances(totals: Counter) -> dict[tuple[int, int], float]:
    """Return squared distances between levels: the number of ratings between two levels, the two counted half."""
    order = sorted(totals)
    return {
        (a, b): (sum(totals[level] for level in order[i : j + 1]) - (totals[a] + totals[b]) / 2) ** 2
        for i, a in enumerate(order)
        for j, b in enumerate(order)
        if i < j
    }


def _disagreement(counts: Counter, distance: dict[tuple[int, int], float]) -> float:
    return 2 * sum(counts[a] * counts[b] * squared for (a, b), squared in distance.items())


# ---- evidence


def strength_of(sources: Iterable[tuple[str, int]]) -> Strength:
    """Return the strength of the distinct ``(kind, id)`` sources cited.

    Only indicator values are measured data; all other kinds are reported or documented.
    """
    distinct = set(sources)
    kinds = {kind for kind, _pk in distinct}
    if len(kinds) > 1 and SourceKind.VALUE in kinds:
        return Strength.STRONG
    if len(distinct) > 1:
        return Strength.MODERATE
    return Strength.LIMITED if distinct else Strength.NONE


STRENGTHS = [Strength.NONE, Strength.LIMITED, Strength.MODERATE, Strength.STRONG]


def weakest(strengths: Iterable[str]) -> Strength | None:
    found = [STRENGTHS.index(Strength(strength)) for strength in strengths]
    return STRENGTHS[min(found)] if found else None
