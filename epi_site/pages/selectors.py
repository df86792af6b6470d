"""Data of the front page: published rows only, for every visitor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Subquery
from django.urls import reverse

from cities.models import City
from core.collation import by_title
from core.locales import country_name
from core.maps import Map, MapPlace, map_of
from dashboards.selectors.figures import HEALTHS
from evaluation.enums import Stage
from evaluation.models import Evaluation
from reports.enums import ReportState
from reports.models import Report
from strategies.enums import PeriodVerb
from strategies.models import Action, PeriodRevision, PeriodTransition, RevisionAction, Strategy

MAX_CARDS = 24  # of cities, which also have a name on the map; others are dots there


@dataclass(frozen=True)
class PublishedCity:
    """A city as the public sees it. ``bar`` is its actions by health in the newest published period."""

    city: City
    strategy: str
    period: str
    bar: Sequence[tuple[Any, int]]
    evaluated: str  # name of the round; "" if none is published

    @property
    def country_name(self) -> str:
        return country_name(self.city.country)

    @property
    def actions(self) -> int:
        return sum(count for _health, count in self.bar)


@dataclass(frozen=True)
class FrontPage:
    cities: Sequence[PublishedCity]
    map: Map
    report_count: int

    @property
    def cards(self) -> Sequence[PublishedCity]:
        return self.cities[:MAX_CARDS]

    @property
    def actions(self) -> int:
        return sum(row.actions for row in self.cities)

    @property
    def evaluated(self) -> int:
        return sum(bool(row.evaluated) for row in self.cities)

    @property
    def strategies(self) -> int:
        return sum(bool(row.strategy) for row in self.cities)


def front_page() -> FrontPage:
    """Return the front page's data. Six queries, however many cities there are."""
    cities = by_title(City.objects.all())
    strategies = Strategy.objects.current().visible_to(AnonymousUser())
    titles = dict(strategies.values_list("city", "title"))
    periods, bars = _published_actions()
    rounds = _published_rounds()
    rows = [
        PublishedCity(
            city, titles.get(city.pk, ""), periods.get(city.pk, ""), bars.get(city.pk, []), rounds.get(city.pk, "")
        )
        for city in cities
    ]
    drawn = map_of(_map_places(cities[:MAX_CARDS], _url), _map_places(cities[MAX_CARDS:]))
    return FrontPage(rows, drawn, Report.objects.filter(state=ReportState.READY).count())


def _map_places(cities: Sequence[City], url_of: Callable[[City], str] = lambda city: "") -> list[MapPlace]:
    """Return the places, by default without links: dots have none, and a link takes longer than all else of a place."""
    return [
        MapPlace(city.name, float(city.latitude), float(city.longitude), city.eurostat_code, url_of(city))
        for city in cities
    ]


def _url(city: City) -> str:
    return reverse("cities:city_detail", args=[city.slug])


def _published_actions() -> tuple[dict[int, str], dict[int, list]]:
    """Return by city id: the name of the newest published period, and its published actions by health."""
    published = PeriodTransition.objects.filter(verb=PeriodVerb.PUBLISH, city_period__city=OuterRef("pk"))
    newest = published.order_by("-city_period__period__starts_on", "-number")
    of_move = PeriodRevision.objects.filter(city_period=OuterRef("city_period"), number=OuterRef("revision")).values(
        "pk"
    )
    cities = City.objects.annotate(
        revision_id=Subquery(newest.annotate(found=Subquery(of_move)).values("found")[:1]),
        period_name=Subquery(newest.values("city_period__period__name")[:1]),
    ).exclude(revision_id=None)
    known = {row.revision_id: row for row in cities}
    shown = Action.objects.visible_to(AnonymousUser()).filter(pk=OuterRef("action"))
    rows = RevisionAction.objects.filter(Exists(shown), revision__in=list(known))
    counted = rows.order_by().values("revision", "health").annotate(n=Count("pk"))
    counts = {(row["revision"], row["health"]): row["n"] for row in counted}
    periods = {city.pk: city.period_name for city in known.values()}
    bars = {
        city.pk: [(health, counts[pk, health]) for health in HEALTHS if (pk, health) in counts]
        for pk, city in known.items()
    }
    return periods, bars


def _published_rounds() -> dict[int, str]:
    rows = Evaluation.objects.filter(stage=Stage.PUBLISHED).order_by("published_at")
    return dict(rows.values_list("strategy__city", "round__name"))
