"""Create published evaluation results with given levels and a hashed snapshot."""

from core import clock
from core.snapshots import canonical, sha256_hex
from evaluation.enums import Stage
from evaluation.models import EvaluationResult
from strategies.models import PeriodRevision
from tests.factories import EvaluationFactory
from tests.factories.evaluation import SCALE

CODES = ["relevance", "effectiveness", "coherence"]


def publish_result(strategy, round_, levels, *, agreed=3):
    """Create a published result; ``levels`` holds pairs of capacity and level by dimension."""
    revision = PeriodRevision.objects.filter(city_period__city=strategy.city).order_by("pk").last()
    evaluation = EvaluationFactory(strategy=strategy, round=round_, revision=revision, stage=Stage.PUBLISHED)
    snapshot = canonical(
        {
            "round": round_.name,
            "published_on": clock.today(),
            "framework": {"name": "Test", "version": 1, "scale": SCALE},
            "dimensions": [_dimension(n, code, levels.get(code, []), agreed) for n, code in enumerate(CODES, 1)],
        }
    )
    return EvaluationResult.objects.create(
        evaluation=evaluation, snapshot=snapshot, sha256=sha256_hex(snapshot), schema_version=2
    )


def _dimension(order, code, ratings, agreed):
    consensus = {"level": agreed, "not_assessed_reason": "", "reason": f"Why {code}."}
    if not ratings:
        consensus = {"level": None, "not_assessed_reason": "Nothing to judge by.", "reason": "No evidence."}
    return {
        "code": code,
        "order": order,
        "names": {"en": code.capitalize()},
        "consensus": consensus,
        "agreement": _spread([level for capacity, level in ratings if capacity in {"peer", "committee"}]),
        "by_capacity": {capacity: _spread([x for c, x in ratings if c == capacity]) for capacity, _x in ratings},
        "evidence": "moderate",
        "ratings": [
            {
                "capacity": capacity,
                "level": level,
                "blind_level": level,
                "is_blind_level_kept": True,
                "is_submitted_late": False,
                "not_assessed_reason": "",
                "reasons": "HIDDEN",
                "citations": [],
            }
            for capacity, level in ratings
        ],
        "committee": [],
    }


def _spread(levels):
    ordered = sorted(levels)
    if not ordered:
        return {"n": 0, "median": "", "low": None, "high": None, "gap": None, "not_assessed": 0, "unknown_levels": 0}
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    median = str(low) if low == high else f"{low}-{high}"
    gap = ordered[-1] - ordered[0]
    return {
        "n": len(ordered),
        "median": median,
        "low": ordered[0],
        "high": ordered[-1],
        "gap": gap,
        "not_assessed": 0,
        "unknown_levels": 0,
    }
