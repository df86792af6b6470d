"""Results of published evaluations, read from their hashed snapshots only, never from ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef

from core import locales
from evaluation.enums import Capacity, Stage, Strength
from evaluation.models import Dimension, Evaluation, EvaluationRound, in_language
from evaluation.selectors.published import published_contents

from .scope import DashboardScope

LARGE_GAP = 2  # raters this many levels apart should talk


@dataclass(frozen=True)
class Cell:
    """One dimension of one city. ``level`` is the consensus; the other figures are of the independent blind levels."""

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
    levels: Mapping[str, Sequence[int]]  # blind levels by capacity; never by person
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
    """A published evaluation of a city's strategy."""

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


def results(view: DashboardScope, round_: EvaluationRound | None = None) -> Results:
    """Return the result of each city in the round, by default its newest one from rounds up to the period.

    One query where none is published, else two, and one more if a result is of schema 1.
    """
    rows = list(_newest(view) if round_ is None else _of_round(view, round_))
    contents = published_contents(row.result for row in rows)
    found = {row.strategy.city_id: _result(row, contents[row.result.pk]) for row in rows}
    return Results([(city, found.get(city.pk)) for city in view.cities], _columns(list(found.values())))


def rounds_of(view: DashboardScope) -> list[EvaluationRound]:
    """Return the rounds with a published evaluation, from periods up to the shown one, newest first."""
    if view.period is None:
        return []
    published = Evaluation.objects.filter(stage=Stage.PUBLISHED, round=OuterRef("pk"))
    rows = EvaluationRound.objects.filter(Exists(published), period__starts_on__lte=view.period.starts_on)
    return list(rows.order_by("-period__starts_on", "-declare_on", "-pk"))


def _of_round(view: DashboardScope, round_: EvaluationRound) -> Any:
    rows = Evaluation.objects.filter(stage=Stage.PUBLISHED, round=round_)
    return rows.filter(strategy__city__in=[city.pk for city in view.cities]).select_related("result", "strategy__city")


def _newest(view: DashboardScope) -> Any:
    """Return the newest evaluation of each city; which one it is, is chosen here: Django builds little for that."""
    if view.period is None:
        return []
    rows = Evaluation.objects.filter(stage=Stage.PUBLISHED, round__period__starts_on__lte=view.period.starts_on)
    if view.only_city is not None:
        rows = rows.filter(strategy__city=view.only_city)
    order = ("strategy__city", "round__period__starts_on", "published_at", "pk")
    newest = {city: pk for city, *_days, pk in rows.order_by(*order).values_list(*order)}
    wanted = {city.pk for city in view.cities}
    ids = [pk for city, pk in newest.items() if city in wanted]
    return Evaluation.objects.filter(pk__in=ids).select_related("result", "strategy__city") if ids else []


def _result(evaluation: Evaluation, contents: dict) -> CityResult:
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
    given = [(row["capacity"], row["blind_level"]) for row in ratings if row["blind_level"] is not None]
    return {str(capacity): sorted(level for of, level in given if of == capacity) for capacity in Capacity}


def _columns(found: list[CityResult]) -> list[tuple[str, str]]:
    """Return the dimensions of the newest framework first, then those that only older ones have."""
    columns: dict[str, str] = {}
    for result in sorted(found, key=lambda one: one.published_on, reverse=True):
        for cell in result.cells:
            columns.setdefault(cell.code, cell.name)
    return list(columns.items())


def dimension_rows(shown: Results, cities: Sequence[Any]) -> list[DimensionRow]:
    """Return each dimension with its question and the results of these cities."""
    wanted = {city.pk for city in cities}
    questions = {row.code: row.question for row in Dimension.objects.order_by("framework__version")}
    return [
        DimensionRow(
            code,
            name,
            questions.get(code, ""),
            [(city, result.cell(code) if result else None) for city, result in shown.rows if city.pk in wanted],
        )
        for code, name in shown.columns
    ]
