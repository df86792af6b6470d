"""Comparison of ratings: one row per dimension, one column per rater, the city's own ratings separate."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from cities.rules import insider_city_ids
from core import locales
from evaluation.agreement import Agreement, Spread
from evaluation.enums import INDEPENDENT, Capacity, Stage, Strength
from evaluation.models import Assessment, Consensus, Dimension, DiscussionNote, Evaluation, Rating

from .citable import Source, evaluation_sources
from .decision_snapshot import agreement_in, evidence_in

LARGE_GAP = 2  # gap in levels from which a dimension needs discussion


@dataclass
class DimensionComparison:
    """One dimension with the ratings, consensus and notes that the reader may see."""

    dimension: Dimension
    agreement: Agreement
    evidence: Strength
    independent: list[tuple[Assessment, Rating | None]]
    own: list[tuple[Assessment, Rating | None]]
    consensus: Consensus | None = None
    previous: int | None = None
    has_previous: bool = False
    notes: list[DiscussionNote] = field(default_factory=list)

    @property
    def spread(self) -> Spread:
        return self.agreement.independent

    @property
    def range_note(self) -> str:
        """Return the range if the levels differ, else ""."""
        return self.spread.range if self.spread.gap else ""

    @property
    def has_large_gap(self) -> bool:
        return (self.spread.gap or 0) >= LARGE_GAP

    @property
    def extremes(self) -> set[int]:
        """Return the lowest and the highest blind level if the gap is LARGE_GAP or more, else an empty set."""
        levels = {rating.blind_level for _assessment, rating in self.independent if rating and rating.blind_level}
        return {min(levels), max(levels)} if self.has_large_gap else set()

    @property
    def gap_text(self) -> str:
        """Return the gap as a phrase: "all agree", "2 levels apart"."""
        gap = self.spread.gap
        if gap is None or self.spread.n < 2:
            return _("too few ratings to compare")
        if gap == 0:
            return _("all agree")
        return _("one level apart") if gap == 1 else _("%(n)s levels apart") % {"n": locales.number(gap)}

    @property
    def ratings(self) -> list[Rating]:
        return [rating for _assessment, rating in [*self.independent, *self.own] if rating]

    @property
    def sort_key(self) -> tuple[int, int]:
        """Return the sort key: most disputed first, then the framework's order."""
        return -(self.spread.gap or 0), self.dimension.order


@dataclass
class Comparison:
    independent: list[Assessment]
    own: list[Assessment]
    sides: list[DimensionComparison]

    @property
    def ratings(self) -> list[Rating]:
        return [rating for side in self.sides for rating in side.ratings]

    @property
    def most_disputed_first(self) -> list[DimensionComparison]:
        return sorted(self.sides, key=lambda side: side.sort_key)

    @property
    def widest(self) -> DimensionComparison | None:
        """Return the dimension with the largest gap; None if no dimension has two ratings."""
        sides = [side for side in self.most_disputed_first if side.spread.n > 1]
        return sides[0] if sides else None


def comparison_of(evaluation: Evaluation, user: Any) -> Comparison:
    """Return the comparison with the ratings that ``user`` may see, with raters' names. May contain no ratings."""
    ratings = list(
        Rating.objects.visible_to(user)
        .counted()
        .filter(assessment__evaluation=evaluation)
        .select_related("assessment__rater__organisation", "dimension", "blind")
        .prefetch_related("citations")
    )
    assessments = _in_order({rating.assessment_id: rating.assessment for rating in ratings}.values())
    by_cell = {(rating.dimension_id, rating.assessment_id): rating for rating in ratings}
    consensus = {row.dimension_id: row for row in Consensus.objects.visible_to(user).filter(evaluation=evaluation)}
    notes = defaultdict(list)
    for note in DiscussionNote.objects.visible_to(user).filter(evaluation=evaluation).select_related("author"):
        notes[note.dimension_id].append(note)
    previous = previous_levels(evaluation)
    independent = [row for row in assessments if row.capacity in INDEPENDENT]
    own = [row for row in assessments if row.capacity not in INDEPENDENT]
    sides = []
    for dimension in evaluation.round.framework.dimensions.select_related("framework"):
        found = [rating for rating in ratings if rating.dimension_id == dimension.pk]
        sides.append(
            DimensionComparison(
                dimension=dimension,
                agreement=agreement_in(found),
                evidence=evidence_in(found),
                independent=[(row, by_cell.get((dimension.pk, row.pk))) for row in independent],
                own=[(row, by_cell.get((dimension.pk, row.pk))) for row in own],
                consensus=consensus.get(dimension.pk),
                previous=previous.get(dimension.code),
                has_previous=dimension.code in previous,
                notes=notes[dimension.pk],
            )
        )
    table = Comparison(independent, own, sides)
    if ratings:
        is_of_city = evaluation.strategy.city_id in insider_city_ids(user)
        _resolve(ratings, evaluation_sources(evaluation, is_of_city=is_of_city))
    return table


def _resolve(ratings: list[Rating], sources: dict[str, Source]) -> None:
    """Set ``rating.sources``: the cited sources, None for a record that this reader may not see."""
    for rating in ratings:
        rating.sources = [sources.get("{}:{}".format(*citation.source)) for citation in rating.citations.all()]


def _in_order(assessments: Any) -> list[Assessment]:
    order = [Capacity.PEER, Capacity.COMMITTEE, Capacity.EXPERT_GROUP, Capacity.SELF]
    return sorted(assessments, key=lambda row: (order.index(Capacity(row.capacity)), row.pk))


def previous_levels(evaluation: Evaluation) -> dict[str, int | None]:
    """Return the published consensus of the city's previous round: level or None, by dimension code."""
    rows = Consensus.objects.filter(
        evaluation__strategy__city=evaluation.strategy.city_id,
        evaluation__stage=Stage.PUBLISHED,
        evaluation__round__declare_on__lt=evaluation.round.declare_on,
    ).order_by("-evaluation__round__declare_on")
    levels, newest = {}, None
    for found, code, level in rows.values_list("evaluation", "dimension__code", "level"):
        newest = newest or found
        if found == newest:
            levels[code] = level
    return levels
