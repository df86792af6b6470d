"""Agreement of raters across a round: computed here only, frozen when the round closes, then read from the record."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from core import clock, locales
from evaluation.agreement import Alpha, Undefined, alpha_ordinal
from evaluation.enums import Stage
from evaluation.models import EvaluationResult, EvaluationRound, RoundResult, in_language

from .published import blind_levels_of, published_contents


@dataclass(frozen=True)
class DimensionAgreement:
    """Krippendorff's alpha of one dimension, over the published evaluations of a closed round."""

    code: str
    name: str
    alpha: str | None  # with two decimals and a point, as it was frozen
    undefined: str  # a value of ``Undefined``, "" if there is an alpha
    strategies: int  # with two or more ratings
    ratings: int
    strengths: dict[str, int]  # number of strategies by strength of the evidence

    @property
    def alpha_text(self) -> str:
        """Return alpha with two decimals, or why it is undefined."""
        return alpha_text(self.alpha, self.undefined)


@dataclass(frozen=True)
class RoundAgreement:
    round: str
    closed_on: date
    published: int  # evaluations that the figures are from
    unpublished: int  # evaluations that were not published when the round closed
    reason: str  # why a coordinator closed the round, "" if its last evaluation did
    sha256: str
    dimensions: list[DimensionAgreement]


def alpha_text(alpha: str | None, undefined: str) -> str:
    if alpha is not None:
        return locales.number(float(alpha), 2)
    return {
        Undefined.TOO_FEW: _("too few ratings"),
        Undefined.NO_VARIATION: _("not defined: all ratings are the same"),
    }[Undefined(undefined)]


def round_contents(round_: EvaluationRound) -> dict:
    """Return what ``RoundResult`` freezes. Schema 1:

    - ``round`` (name), ``framework`` {name, version}, ``period`` {name, starts_on, ends_on}, ``closed_on``
    - ``evaluations`` [{city (slug), sha256 of the result}], ``unpublished`` (count)
    - ``dimensions`` in the framework's order, each {code, order, names, alpha ("0.61" or null), undefined, strategies,
      ratings, strengths {strength: count}}: alpha of the blind levels of independent ratings
    """
    results = list(
        EvaluationResult.objects.filter(evaluation__round=round_, evaluation__stage=Stage.PUBLISHED)
        .select_related("evaluation__strategy__city")
        .order_by("evaluation")
    )
    dimensions = [row for contents in published_contents(results).values() for row in contents["dimensions"]]
    period = round_.period
    return {
        "round": round_.name,
        "framework": {"name": round_.framework.name, "version": round_.framework.version},
        "period": {"name": period.name, "starts_on": period.starts_on, "ends_on": period.ends_on},
        "closed_on": clock.today(),
        "evaluations": [{"city": row.evaluation.strategy.city.slug, "sha256": row.sha256} for row in results],
        "unpublished": round_.evaluations.unfinished().count(),
        "dimensions": [
            {"code": dimension.code, "order": dimension.order, "names": dimension.names}
            | _agreement([row for row in dimensions if row["code"] == dimension.code])
            for dimension in round_.framework.dimensions.all()
        ],
    }


def _agreement(rows: list[dict]) -> dict[str, Any]:
    units = [[level if isinstance(level, int) else None for level in blind_levels_of(row)] for row in rows]
    alpha: Alpha = alpha_ordinal(units)
    return {
        "alpha": None if alpha.value is None else f"{alpha.value:.2f}".replace("-0.00", "0.00"),
        "undefined": str(alpha.undefined or ""),
        "strategies": alpha.units,
        "ratings": alpha.n,
        "strengths": dict(Counter(row["evidence"] for row in rows)),
    }


def round_agreements(rounds: Iterable[Any]) -> dict[int, RoundAgreement]:
    """Return the frozen agreement by round id, without the rounds that are not closed. One query."""
    found = RoundResult.objects.filter(round__in=list(rounds))
    return {row.round_id: _round_agreement(row) for row in found}


def round_agreement(round_: EvaluationRound) -> RoundAgreement | None:
    return round_agreements([round_.pk]).get(round_.pk)


def _round_agreement(result: RoundResult) -> RoundAgreement:
    contents = result.contents
    kept = ("code", "alpha", "undefined", "strategies", "ratings", "strengths")
    return RoundAgreement(
        round=contents["round"],
        closed_on=date.fromisoformat(contents["closed_on"]),
        published=len(contents["evaluations"]),
        unpublished=contents["unpublished"],
        reason=result.reason,
        sha256=result.sha256,
        dimensions=[
            DimensionAgreement(name=in_language(row["names"]), **{key: row[key] for key in kept})
            for row in contents["dimensions"]
        ],
    )
