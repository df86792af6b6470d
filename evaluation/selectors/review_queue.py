"""The committee's review queue, most disputed evaluations first. Reveals nothing of ratings before the review stage."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Max, Min, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from cities.models import City
from cities.rules import person_of
from core.collation import rank_by_title
from evaluation.agreement import Spread, weakest
from evaluation.enums import FROM_REVIEW, INDEPENDENT, Decision, Stage, StageVerb, Strength
from evaluation.models import Assessment, CommitteeReview, Dimension, Evaluation, Rating, StageTransition

from .decision_snapshot import agreement_in, evidence_in

HIDDEN = -1  # hidden or no rating; sorts below 0, "all agree"


def review_queue_for(user: Any) -> QuerySet[Evaluation]:
    """Return evaluations the user may review, now or later: in review first, then by largest gap."""
    rows = with_gap(with_waiting_since(Evaluation.objects.reviewable_by(user))).with_related()
    return rows.order_by(
        Case(When(stage=Stage.REVIEW, then=0), When(stage=Stage.PUBLISHED, then=2), default=1),
        "-largest_gap",
        rank_by_title(City.objects.only("name"), "strategy__city"),
        "pk",
    )


def coordinator_queue_for(user: Any) -> QuerySet[Evaluation]:
    """Return every evaluation with its stage, for coordinators. Reads nothing that depends on ratings."""
    rows = with_waiting_since(Evaluation.objects.visible_to(user)).with_related()
    return rows.order_by("-round__declare_on", rank_by_title(City.objects.only("name"), "strategy__city"), "pk")


def with_waiting_since(rows: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    began = StageTransition.objects.filter(evaluation=OuterRef("pk"), verb=StageVerb.HAND_TO_COMMITTEE).order_by("-pk")
    return rows.annotate(waiting_since=Subquery(began.values("at")[:1]))


def with_gap(rows: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Annotate ``largest_gap`` of the blind levels and ``rater_count``.

    Both are HIDDEN before the review stage, so sorting reveals nothing.
    """
    gaps = (
        Rating.objects.counted()
        .independent()
        .filter(assessment__evaluation=OuterRef("pk"), blind__level__isnull=False)
        .order_by()
        .values("dimension")
        .annotate(gap=Max("blind__level") - Min("blind__level"))
        .order_by("-gap")
        .values("gap")[:1]
    )
    raters = (
        Assessment.objects.counted()
        .filter(evaluation=OuterRef("pk"), capacity__in=INDEPENDENT)
        .order_by()
        .values("evaluation")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return rows.annotate(
        largest_gap=_from_review(Coalesce(Subquery(gaps, output_field=IntegerField()), Value(HIDDEN))),
        rater_count=_from_review(Coalesce(Subquery(raters, output_field=IntegerField()), Value(0))),
    )


def _from_review(value: Any) -> Any:
    return Case(When(stage__in=FROM_REVIEW, then=value), default=Value(HIDDEN), output_field=IntegerField())


@dataclass
class QueueFacts:
    """Facts of one row: most disputed dimension with its spread, weakest evidence, approvals so far."""

    dimension: Dimension | None = None
    spread: Spread | None = None
    evidence: Strength | None = None
    approvals: int = 0
    has_decided: bool = False


def queue_facts(evaluations: list[Evaluation], user: Any) -> dict[int, QueueFacts]:
    """Return the facts of the rows of one page, by evaluation id. The number of queries does not depend on the rows.

    Rows before the review stage get empty facts.
    """
    shown = [row.pk for row in evaluations if row.stage in FROM_REVIEW]
    ratings: dict[int, dict[Any, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    rows = (
        Rating.objects.visible_to(user)
        .counted()
        .filter(assessment__evaluation__in=shown)
        .select_related("assessment", "dimension", "blind")
        .prefetch_related("citations")
    )
    for rating in rows:
        ratings[rating.assessment.evaluation_id][rating.dimension].append(rating)
    reviews = _reviews(shown)
    person = person_of(user)
    return {
        row.pk: _facts(ratings[row.pk], reviews[row.pk, row.cycle], person.pk if person else None)
        for row in evaluations
    }


def _reviews(shown: list[int]) -> dict:
    reviews = defaultdict(list)
    for review in CommitteeReview.objects.filter(evaluation__in=shown, cycle=F("evaluation__cycle")):
        reviews[review.evaluation_id, review.cycle].append(review)
    return reviews


def _facts(ratings: dict, reviews: list[CommitteeReview], person: int | None) -> QueueFacts:
    facts = QueueFacts(
        approvals=sum(review.decision == Decision.APPROVE for review in reviews),
        has_decided=any(review.member_id == person for review in reviews),
    )
    spreads = {dimension: agreement_in(rows).independent for dimension, rows in ratings.items()}
    compared = [(dimension, spread) for dimension, spread in spreads.items() if spread.n]
    if compared:
        facts.dimension, facts.spread = min(compared, key=lambda pair: (-(pair[1].gap or 0), pair[0].order))
    facts.evidence = weakest(evidence_in(rows) for rows in ratings.values())
    return facts
