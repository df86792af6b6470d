"""Facts of a network report: accepted cities in alphabetical order, missing cities, agreement of raters.

Officials of every city read it, so it contains of each city only what the public may see: unpublished actions and
indicators are counted, not named, and texts that only the city's own report prints are left out.
"""

from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from cities.models import City
from core.collation import title_key
from evaluation.models import EvaluationResult
from evaluation.selectors.round_results import RoundAgreement, round_agreements
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
    agreements = _agreements([one.result for one in cities if one.result])
    facts = {
        "cities": [one.facts for one in cities],
        "missing": missing,
        "agreement": [agreement_facts(agreement) for agreement in agreements],
        "sources": [source for one in cities for source in one.sources] + [round_source(row) for row in agreements],
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


def _agreements(results: list[EvaluationResult]) -> list[RoundAgreement]:
    """Return the frozen agreement of the rounds of these results, in the order of the cities; of closed rounds only."""
    rounds = list(dict.fromkeys(result.evaluation.round_id for result in results))
    found = round_agreements(rounds)
    return [found[pk] for pk in rounds if pk in found]


def agreement_facts(agreement: RoundAgreement) -> dict:
    """Return how far independent raters agree in a round, by dimension, as it was frozen when the round closed."""
    kept = ("code", "name", "alpha", "undefined", "strategies", "ratings", "strengths")
    return {
        "round": agreement.round,
        "dimensions": [{key: getattr(row, key) for key in kept} for row in agreement.dimensions],
    }


def round_source(agreement: RoundAgreement) -> dict:
    return {"kind": "round", "round": agreement.round, "sha256": agreement.sha256}
