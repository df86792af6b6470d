"""Facts of a network report: accepted cities in alphabetical order, missing cities, agreement of raters.

Officials of every city read it, so it contains of each city only what the public may see: unpublished actions and
indicators are counted, not named, and texts that only the city's own report prints are left out.
"""

from collections import Counter
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from cities.models import City
from core.collation import title_key
from evaluation.agreement import Alpha, alpha_ordinal
from evaluation.enums import INDEPENDENT
from evaluation.models import EvaluationResult, in_language
from reports.exceptions import NoAcceptedReport
from reports.selectors.city import ReportFacts, accepted_revision, facts_of_city, frame, published_result, sources
from strategies.models import Action, CityPeriod, Indicator, ReportingPeriod

HIDDEN_ACTION = {"code": "", "title": "", "owner": "", "reason": "", "is_unnamed": True}


class AcceptedCity(NamedTuple):
    facts: dict
    sources: list[dict]
    result: EvaluationResult | None


def network_facts(period: ReportingPeriod) -> ReportFacts:
    rows = CityPeriod.objects.filter(period=period).select_related("city")
    cities, missing = [], []
    for row in sorted(rows, key=lambda row: title_key(row.city.name)):
        one = _one(row.city, period)
        if one is None:
            missing.append({"name": row.city.name, "state": row.state})
        else:
            cities.append(one)
    if not cities:
        raise NoAcceptedReport
    facts = {
        "cities": [one.facts for one in cities],
        "missing": missing,
        "agreement": round_agreement([one.result.contents for one in cities if one.result]),
        "sources": [source for one in cities for source in one.sources],
    }
    return ReportFacts(frame(period) | facts, None)


def _one(city: City, period: ReportingPeriod) -> AcceptedCity | None:
    revision = accepted_revision(city, period)
    if revision is None:
        return None
    result = published_result(city, period)
    return AcceptedCity(_public_facts(facts_of_city(revision, result)), sources(revision, result), result)


def _public_facts(facts: dict) -> dict:
    named = _published(Action.objects.visible_to(AnonymousUser()), facts["actions"])
    measures = _published(Indicator.objects.in_visible_plans(AnonymousUser()), facts["indicators"])
    listed = [row for row in facts["indicators"] if row["id"] in measures]
    return facts | {
        "narrative": None,
        "updates": [],
        "phases": [_without_reasons(phase) for phase in facts["phases"]],
        "actions": [row if row["id"] in named else row | HIDDEN_ACTION for row in facts["actions"]],
        "indicators": listed,
        "unlisted_indicators": len(facts["indicators"]) - len(listed),
    }


def _published(rows: QuerySet, entries: list[dict]) -> set[int]:
    return set(rows.filter(pk__in=[entry["id"] for entry in entries]).values_list("pk", flat=True))


def _without_reasons(phase: dict) -> dict:
    """Remove the reasons of gate checks: they may name actions. The city's own report contains them."""
    return phase | {"conditions": [condition | {"reason": ""} for condition in phase["conditions"]]}


def round_agreement(results: list[dict]) -> list[dict]:
    """Return for each round and dimension how far independent raters agree across strategies.

    ``results`` are the contents of published results.
    """
    rounds = dict.fromkeys(contents["round"] for contents in results)
    return [
        {"round": name, "dimensions": _dimensions([one for one in results if one["round"] == name])} for name in rounds
    ]


def _dimensions(results: list[dict]) -> list[dict]:
    by_code = [{row["code"]: row for row in contents["dimensions"]} for contents in results]
    return [
        {"code": row["code"], "name": in_language(row["names"])}
        | _alpha([rows[row["code"]] for rows in by_code if row["code"] in rows])
        for row in results[0]["dimensions"]
    ]


def _alpha(rows: list[dict]) -> dict:
    units = [
        [rating["level"] for rating in row["ratings"] if rating["capacity"] in {str(name) for name in INDEPENDENT}]
        for row in rows
    ]
    alpha: Alpha = alpha_ordinal(units)
    return {
        "alpha": None if alpha.value is None else f"{alpha.value:.2f}",
        "undefined": str(alpha.undefined or ""),
        "strategies": alpha.units,
        "ratings": alpha.n,
        "strengths": dict(Counter(row["evidence"] for row in rows)),
    }
