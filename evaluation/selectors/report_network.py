"""What a report says of the network: each accepted city, by name, and who is missing."""

from cities.models import City
from evaluation.exceptions import NothingAccepted
from evaluation.selectors.report_city import (
    Gathered,
    accepted_revision,
    facts_of_city,
    frame,
    published_result,
    sources,
)
from strategies.models import CityPeriod, ReportingPeriod


def network_facts(period: ReportingPeriod) -> Gathered:
    rows = CityPeriod.objects.filter(period=period).select_related("city")
    cities, missing, made_of = [], [], []
    for row in sorted(rows, key=lambda row: row.city.name.casefold()):
        gathered = _one(row.city, period)
        if gathered is None:
            missing.append({"name": row.city.name, "state": row.state})
        else:
            cities.append(gathered[0])
            made_of += gathered[1]
    if not cities:
        raise NothingAccepted
    return Gathered(frame(period) | {"cities": cities, "missing": missing, "sources": made_of}, None)


def _one(city: City, period: ReportingPeriod) -> tuple[dict, list[dict]] | None:
    revision = accepted_revision(city, period)
    if revision is None:
        return None
    result = published_result(city, period)
    return facts_of_city(revision, result), sources(revision, result)
