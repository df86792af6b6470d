"""The snapshots of an evaluation: data behind the hash a decision applies to, and the published result. No names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from evaluation.agreement import Agreement, agreement_of, strength_of
from evaluation.enums import INDEPENDENT, Capacity, Decision
from evaluation.models import CommitteeQuestion, CommitteeReview, Consensus, Dimension, Evaluation, Rating

ORDER = Capacity.values


def counted_ratings(evaluation: Evaluation) -> QuerySet[Rating]:
    """Return all ratings that count, without a visibility check: for services and snapshots, not for pages."""
    rows = Rating.objects.counted().filter(assessment__evaluation=evaluation)
    return rows.select_related("assessment", "dimension", "blind").prefetch_related("citations")


def agreement_in(ratings: Iterable[Rating]) -> Agreement:
    """Return the agreement of the ratings of one dimension, from their blind levels. Select ``blind`` with them."""
    return agreement_of((rating.assessment.capacity, rating.blind_value) for rating in ratings)


def evidence_in(ratings: Iterable[Rating]) -> Any:
    """Return the strength of all sources cited by the independent ratings of one dimension."""
    cited = (rating for rating in ratings if rating.assessment.capacity in INDEPENDENT)
    return strength_of(citation.source for rating in cited for citation in rating.citations.all())


@dataclass
class DecisionRows:
    """The rows that ``decision_contents`` is made of, read once."""

    dimensions: list[Dimension]
    ratings: list[Rating]  # those that count
    consensus: dict[int, Consensus]  # by dimension
    questions: list[CommitteeQuestion]


def decision_rows(evaluation: Evaluation) -> DecisionRows:
    return DecisionRows(
        dimensions=list(evaluation.round.framework.dimensions.all()),
        ratings=list(counted_ratings(evaluation)),
        consensus={row.dimension_id: row for row in evaluation.consensus.all()},
        questions=list(evaluation.questions.all()),
    )


def decision_contents(evaluation: Evaluation, rows: DecisionRows | None = None) -> dict:
    """Return the data that a committee member decides on, without other members' decisions.

    Keys: ``evaluation``, ``cycle``, ``revision``, ``framework``, ``dimensions``, ``answers``; see ``result_contents``.
    """
    rows = rows or decision_rows(evaluation)
    return {
        "evaluation": evaluation.pk,
        "cycle": evaluation.cycle,
        "revision": {"number": evaluation.revision.number, "sha256": evaluation.revision.sha256},
        "framework": {"name": evaluation.round.framework.name, "version": evaluation.round.framework.version},
        "dimensions": [
            _dimension(dimension, [row for row in rows.ratings if row.dimension_id == dimension.pk], rows.consensus)
            for dimension in rows.dimensions
        ],
        "answers": [
            {"question": row.text, "answer": row.answer}
            for row in sorted(rows.questions, key=lambda row: row.pk)
            if row.answered_at
        ],
    }


def _dimension(dimension: Any, ratings: list[Rating], consensus: dict) -> dict:
    agreement = agreement_in(ratings)
    agreed = consensus.get(dimension.pk)
    return {
        "code": dimension.code,
        "order": dimension.order,
        "names": dimension.names,
        "consensus": agreed
        and {"level": agreed.level, "not_assessed_reason": agreed.not_assessed_reason, "reason": agreed.reason},
        "agreement": spread_contents(agreement.independent),
        "by_capacity": {capacity: spread_contents(spread) for capacity, spread in agreement.by_capacity.items()},
        "evidence": evidence_in(ratings).value,
        "ratings": sorted((_rating(row) for row in ratings), key=_anonymous_order),
    }


def spread_contents(spread: Any) -> dict:
    return {
        "n": spread.n,
        "median": spread.median,
        "low": spread.low,
        "high": spread.high,
        "gap": spread.gap,
        "not_assessed": spread.not_assessed,
        "unknown_levels": spread.unknown_levels,
    }


def _rating(rating: Rating) -> dict:
    return {
        "capacity": rating.assessment.capacity,
        "level": rating.level,
        "blind_level": rating.blind_level,
        "is_blind_level_kept": rating.has_blind_level,
        "is_submitted_late": rating.assessment.submitted_late,
        "not_assessed_reason": rating.not_assessed_reason,
        "reasons": rating.reasons,
        "strength": rating.strength.value,
        "citations": sorted([kind, pk] for kind, pk in (citation.source for citation in rating.citations.all())),
    }


def _anonymous_order(row: dict) -> Any:
    levels = row["level"] or 0, row["blind_level"] or 0, row["is_blind_level_kept"], row["is_submitted_late"]
    return ORDER.index(row["capacity"]), *levels, row["reasons"], row["not_assessed_reason"]


def result_contents(evaluation: Evaluation) -> dict:
    """Return the published result as stored in ``EvaluationResult``. Schema 2:

    - ``evaluation`` (id), ``city`` {slug, name}, ``strategy`` (title), ``round`` (name)
    - ``period`` {name, starts_on, ends_on}, ``framework`` {name, version, adopted_on, scale}
    - ``revision`` {number, sha256}, ``cycle``, ``approvals`` (count), ``published_on``
    - ``answers`` [{question, answer}]
    - ``dimensions`` in the framework's order, each with:

      - ``code``, ``order``, ``names`` (by language), ``evidence`` (strength), ``committee`` (comments)
      - ``consensus`` {level or null, not_assessed_reason, reason}
      - ``agreement`` of the blind levels of independent ratings {n, median ("3" or "2-3"), low, high, gap,
        not_assessed, unknown_levels}
      - ``by_capacity`` {capacity: same keys as ``agreement``}
      - ``ratings`` [{capacity, level, blind_level, is_blind_level_kept, is_submitted_late, not_assessed_reason,
        reasons, strength, citations [[kind, id]]}]: only for the hash. Do not show them to readers: docs/access.md
        allows nobody to see them by name, the public not at all.

    Schema 1 had no ``unknown_levels`` and no keys about blind levels; its agreement was that of ``level``.
    """
    contents = decision_contents(evaluation)
    reviews = CommitteeReview.objects.filter(evaluation=evaluation, cycle=evaluation.cycle, decision=Decision.APPROVE)
    comments: dict[str, list[str]] = {}
    for review in reviews.prefetch_related("dimensions__dimension"):
        for row in review.dimensions.all():
            if row.comment:
                comments.setdefault(row.dimension.code, []).append(row.comment)
    for dimension in contents["dimensions"]:
        dimension["committee"] = comments.get(dimension["code"], [])
    round_, period, city = evaluation.round, evaluation.round.period, evaluation.strategy.city
    return contents | {
        "city": {"slug": city.slug, "name": city.name},
        "strategy": evaluation.strategy.title,
        "round": round_.name,
        "period": {"name": period.name, "starts_on": period.starts_on, "ends_on": period.ends_on},
        "framework": contents["framework"]
        | {"adopted_on": round_.framework.adopted_on, "scale": round_.framework.scale},
        "approvals": len(reviews),
        "published_on": city.day_of(evaluation.published_at),
    }
