"""The pages that are measured, and the bar of each kind."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from django.urls import reverse

from strategies.models import Action

from .network import BenchmarkNetwork

STATIC_PAGE = "pages:privacy"
MOST_BYTES = 100 * 1024  # of a page's HTML
LIST, DETAIL = 15, 20  # queries


class Kind(Enum):
    """How many times a static page it may take, for the same user in the same run."""

    PAGE = 8
    DASHBOARD_MISS = 15  # nothing of it is in the cache; the totals of cities are stored, as after a save elsewhere
    DASHBOARD_HIT = 3


class Page(NamedTuple):
    name: str
    query_limit: int
    user: Any  # None: the public
    url: str
    is_dashboard: bool = False
    is_of_city: bool = False  # it does not grow with the number of other cities

    def kinds(self) -> list[Kind]:
        return [Kind.DASHBOARD_MISS, Kind.DASHBOARD_HIT] if self.is_dashboard else [Kind.PAGE]


def pages_of(network: BenchmarkNetwork) -> Iterator[Page]:
    slug, official = network.cities[0].slug, network.official
    partner, coordinator = network.partner, network.coordinator
    action = Action.objects.filter(objective__area__strategy__city=network.cities[0]).order_by("pk").first()
    of_city, dashboard = {"is_of_city": True}, {"is_dashboard": True}
    yield Page("front page", LIST, None, reverse("pages:home"))
    yield Page("cities", LIST, None, reverse("cities:city_list"))
    yield Page("cities, signed in", LIST, official, reverse("cities:city_list"))
    yield Page("a city", DETAIL, partner, reverse("cities:city_detail", args=[slug]), **of_city)
    yield Page("network dashboard", DETAIL, partner, reverse("dashboards:network"), **dashboard)
    one_theme = reverse("dashboards:network") + f"?theme={network.theme.code}"
    yield Page("dashboard of a theme", DETAIL, partner, one_theme, **dashboard)
    yield Page("dashboard of a city", DETAIL, partner, reverse("dashboards:city", args=[slug]), **dashboard, **of_city)
    yield Page("the six dimensions", DETAIL, partner, reverse("dashboards:dimensions"), **dashboard)
    yield Page("actions of the network", LIST, partner, reverse("dashboards:actions"))
    yield Page("actions of a city", LIST, official, reverse("strategies:action_list", args=[slug]), **of_city)
    yield Page("strategy tree", DETAIL, official, reverse("strategies:strategy_detail", args=[slug]), **of_city)
    yield Page("an action", DETAIL, official, action.get_absolute_url(), **of_city)
    yield Page("an action, as the public", DETAIL, None, action.get_absolute_url(), **of_city)
    yield Page("My work", LIST, official, reverse("strategies:my_work"), **of_city)
    yield Page("My work, coordinator", LIST, coordinator, reverse("strategies:my_work"))
    yield Page("logging form", DETAIL, official, reverse("strategies:action_log", args=[action.pk]), **of_city)
    yield Page("form of an action", DETAIL, official, reverse("strategies:action_edit", args=[action.pk]), **of_city)
    yield Page("periods", LIST, coordinator, reverse("strategies:cityperiod_list"))
    yield Page("evaluation rounds", LIST, coordinator, reverse("evaluation:round_list"))
    yield Page("reports", LIST, coordinator, reverse("reports:report_list"))
    yield Page("members", LIST, coordinator, reverse("cities:member_list"))
    yield Page("form of an invitation", DETAIL, coordinator, reverse("cities:member_invite"))
