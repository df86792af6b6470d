"""Contents of published results, with the agreement of blind levels for results of every schema."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from evaluation.agreement import NOT_KEPT, BlindValue
from evaluation.enums import INDEPENDENT
from evaluation.models import EvaluationResult, Rating

from .decision_snapshot import agreement_in, spread_contents

INDEPENDENT_VALUES = {str(capacity) for capacity in INDEPENDENT}


def published_contents(results: Iterable[EvaluationResult]) -> dict[int, dict]:
    """Return the contents of each result by its id, in the keys of schema 2. At most one query for all of them.

    In results of schema 1, the agreement and the levels of single ratings are replaced by those of the blind levels
    that were found in the ratings' history; ``is_recomputed`` says so where a figure differs. Stored rows stay as they
    are. Reading checks the hash and may raise HashMismatch.
    """
    found = list(results)
    old = [row.evaluation_id for row in found if row.schema_version == 1]
    ratings = _ratings_of(old) if old else {}
    return {
        row.pk: _with_blind_levels(row.contents, ratings.get(row.evaluation_id, {}))
        if row.schema_version == 1
        else row.contents
        for row in found
    }


def contents_of(result: EvaluationResult) -> dict:
    return published_contents([result])[result.pk]


def blind_levels_of(dimension: dict) -> list[BlindValue]:
    """Return the blind levels of the independent ratings of one dimension of ``published_contents``."""
    return [
        rating["blind_level"] if rating["is_blind_level_kept"] else NOT_KEPT
        for rating in dimension["ratings"]
        if rating["capacity"] in INDEPENDENT_VALUES
    ]


def _ratings_of(evaluations: list[int]) -> dict[int, dict[str, list[Rating]]]:
    """Return the counted ratings by evaluation and dimension code."""
    rows = Rating.objects.counted().filter(assessment__evaluation__in=evaluations)
    grouped: dict[int, dict[str, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for rating in rows.select_related("assessment", "dimension", "blind"):
        grouped[rating.assessment.evaluation_id][rating.dimension.code].append(rating)
    return grouped


def _with_blind_levels(contents: dict, ratings: dict[str, list[Rating]]) -> dict:
    return contents | {
        "dimensions": [_dimension(entry, ratings.get(entry["code"], [])) for entry in contents["dimensions"]]
    }


def _dimension(entry: dict, ratings: list[Rating]) -> dict:
    agreement = agreement_in(ratings)
    spread = spread_contents(agreement.independent)
    frozen = entry["agreement"]
    return entry | {
        "agreement": spread,
        "by_capacity": {capacity: spread_contents(one) for capacity, one in agreement.by_capacity.items()},
        "ratings": [_rating(rating) for rating in ratings],
        "is_recomputed": any(spread[key] != frozen[key] for key in frozen),
    }


def _rating(rating: Rating) -> dict[str, Any]:
    return {
        "capacity": rating.assessment.capacity,
        "level": rating.level,
        "blind_level": rating.blind_level,
        "is_blind_level_kept": rating.has_blind_level,
    }
