"""Results of published evaluations, read from their hashed snapshots only, never from ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Subquery

from core import locales
from evaluation.agreement import Alpha, alpha_ordinal
from evaluation.enums import INDEPENDENT, Capacity, Stage, Strength
from evaluation.models import Dimension, Evaluation, in_language

from .scope import DashboardScope

LARGE_GAP = 2  # raters this many levels apart should talk


@dataclass(frozen=True)
class Cell:
    """One dimension of one city. ``level`` is the consensus; the other figures are of the independent ratings."""

    code: str
    name: str
    level: int | None
    reason: str
    not_assessed_reason: str
    n: int
    median: str
    low: int | None
    high: int | None
    evidence: Any
    by_capacity: Mapping[str, Mapping]
    levels: Mapping[str, Sequence[int]]  # by capacity; never by person
    committee: Sequence[str]

    @property
    def gap(self) -> int | None:
        return None if self.low is None or self.high is None else self.high - self.low

    @property
    def has_large_gap(self) -> bool:
        return (self.gap or 0) >= LARGE_GAP

    @property
    def median_words(self) -> str:
        """The median as text; 2–3 if it lies between two levels."""
        return self.median.replace("-", "–") or locales.NOTHING

    @property
    def range_words(self) -> str:
        if self.low is None:
            return locales.NOTHING
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"

    @property
    def is_rated(self) -> bool:
        """Whether two or more have rated it: only then can raters disagree."""
        return self.n > 1


@dataclass(frozen=True)
class CityResult:
    """The newest published evaluation of a city's strategy."""

    city: Any
    url: str
    round: str
    published_on: date
    framework: str
    scale: Mapping[str, Any]
    cells: Sequence[Cell]

    def cell(self, code: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.code == code), None)


@dataclass(frozen=True)
class DimensionRow:
    """One dimension across the shown cities."""

    code: str
    name: str
    question: str
    cells: Sequence[tuple[Any, Cell | None]]  # city, cell
    alpha: Alpha


@dataclass(frozen=True)
class Results:
    """Pairs of every city and its result, which is None if nothing is published."""

    rows: Sequence[tuple[Any, CityResult | None]]
    columns: Sequence[tuple[str, str]]  # code, name, in the framework's order

    @property
    def found(self) -> list[CityResult]:
        return [result for _city, result in self.rows if result]

    @property
    def cells(self) -> list[tuple[CityResult, Cell]]:
        return [(result, cell) for result in self.found for cell in result.cells]

    @property
    def rated(self) -> int:
        return sum(cell.is_rated for _result, cell in self.cells)

    @property
    def split(self) -> list[tuple[CityResult, Cell]]:
        return [(result, cell) for result, cell in self.cells if cell.has_large_gap]

    @property
    def rounds(self) -> list[str]:
        return sorted({result.round for result in self.found})

    @property
    def scale(self) -> list[tuple[int, str]]:
        """Levels and their names, from the newest framework shown."""
        newest = max(self.found, key=lambda result: result.published_on, default=None)
        return [(int(level), in_language(names)) for level, names in sorted(newest.scale.items())] if newest else []


def results(view: DashboardScope) -> Results:
    """Return the newest result of each city from rounds up to the period. One query."""
    found = {row.strategy.city_id: _result(row) for row in _published(view)}
    return Results([(city, found.get(city.pk)) for city in view.cities], _columns(list(found.values())))


def _published(view: DashboardScope) -> Any:
    if view.period is None:
        return Evaluation.objects.none()
    rows = Evaluation.objects.filter(stage=Stage.PUBLISHED, round__period__starts_on__lte=view.period.starts_on)
    newest = rows.filter(strategy__city=OuterRef("strategy__city")).order_by(
        "-round__period__starts_on", "-published_at"
    )
    rows = rows.filter(pk=Subquery(newest.values("pk")[:1]), strategy__city__in=[city.pk for city in view.cities])
    return rows.select_related("result", "strategy__city")


def _result(evaluation: Evaluation) -> CityResult:
    contents = evaluation.result.contents
    framework = contents["framework"]
    return CityResult(
        city=evaluation.strategy.city,
        url=evaluation.get_absolute_url(),
        round=contents["round"],
        published_on=date.fromisoformat(contents["published_on"]),
        framework=f"{framework['name']}, {framework['version']}",
        scale=framework["scale"],
        cells=[_cell(row) for row in sorted(contents["dimensions"], key=lambda row: row["order"])],
    )


def _cell(row: dict) -> Cell:
    agreed, spread = row["consensus"] or {}, row["agreement"]
    return Cell(
        code=row["code"],
        name=in_language(row["names"]),
        level=agreed.get("level"),
        reason=agreed.get("reason", ""),
        not_assessed_reason=agreed.get("not_assessed_reason", ""),
        n=spread["n"],
        median=spread["median"],
        low=spread["low"],
        high=spread["high"],
        evidence=Strength(row["evidence"]),
        by_capacity={capacity: row["by_capacity"][capacity] for capacity in Capacity if capacity in row["by_capacity"]},
        levels=_levels(row["ratings"]),
        committee=row.get("committee", []),
    )


def _levels(ratings: list[dict]) -> dict[str, list[int]]:
    given = [(rating["capacity"], rating["level"]) for rating in ratings if rating["level"] is not None]
    return {str(capacity): sorted(level for of, level in given if of == capacity) for capacity in Capacity}


def _columns(found: list[CityResult]) -> list[tuple[str, str]]:
    """Return the dimensions of the newest framework first, then those that only older ones have."""
    columns: dict[str, str] = {}
    for result in sorted(found, key=lambda one: one.published_on, reverse=True):
        for cell in result.cells:
            columns.setdefault(cell.code, cell.name)
    return list(columns.items())


def dimension_rows(shown: Results) -> list[DimensionRow]:
    """Return each dimension with its question, and the agreement of independent raters across the cities."""
    questions = {row.code: row.question for row in Dimension.objects.order_by("framework__version")}
    return [_dimension_row(shown, code, name, questions.get(code, "")) for code, name in shown.columns]


def _dimension_row(shown: Results, code: str, name: str, question: str) -> DimensionRow:
    cells = [(city, result.cell(code) if result else None) for city, result in shown.rows]
    units = [
        [level for capacity, levels in cell.levels.items() if capacity in INDEPENDENT for level in levels]
        for _city, cell in cells
        if cell
    ]
    return DimensionRow(code, name, question, cells, alpha_ordinal(units))
