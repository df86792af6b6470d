"""The benchmark of ``manage.py bench``: pages of a network of a given size, in a temporary database.

Rows are created in bulk, without services: only their number matters here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from statistics import median
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cities.enums import BodyKind, OrganisationKind, Role
from cities.models import Body, City, Membership, Organisation, Person, Theme
from core import clock
from pilot.models import PilotPhase
from strategies.enums import BudgetStatus
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Milestone,
    Objective,
    PriorityArea,
    ReportingPeriod,
    Strategy,
)
from strategies.services import periods

RUNS = 5
UPDATES = 4  # of each action
COUNTRIES = ["SE", "PL", "LV", "ES", "RO", "DE", "IT"]


@dataclass(frozen=True)
class Size:
    cities: int
    actions: int  # of each city

    def doubled(self) -> "Size":
        return Size(self.cities * 2, self.actions)


@dataclass(frozen=True)
class Measurement:
    """The number of queries, the median milliseconds and the bytes of a page."""

    name: str
    query_limit: int
    queries: int
    milliseconds: float
    size: int
    status: int

    @property
    def holds(self) -> bool:
        return self.status < 400 and self.queries <= self.query_limit


# ---- the network


class BenchmarkNetwork:
    """A network that ``grow`` adds cities to; pages of one city show the first."""

    def __init__(self):
        self.partner = _user("partner", _body(BodyKind.NETWORK_OFFICE), Role.PARTNER)
        self.coordinator = _user("coordinator", _body(BodyKind.NETWORK_OFFICE), Role.COORDINATOR)
        self.theme = Theme.objects.create(code="bench", name="Bench")
        self.period = _period()
        self.cities: list[City] = []
        self.official: User | None = None

    def grow(self, size: Size) -> None:
        while len(self.cities) < size.cities:
            self._add_city(len(self.cities), size.actions)

    def _add_city(self, n: int, actions: int) -> None:
        house = Organisation.objects.create(name=f"House {n}", kind=OrganisationKind.MUNICIPALITY, country="SE")
        city = City.objects.create(
            name=f"Town {n:03}",
            slug=f"town-{n}",
            municipality=house,
            country=COUNTRIES[n % len(COUNTRIES)],
            latitude=40 + n % 20,
            longitude=n % 25,
            currency="EUR",
            language="en",
            timezone="Europe/Brussels",
        )
        official = _user(f"official{n}", _body(BodyKind.CITY_OFFICE, city), Role.LEAD_OFFICIAL, house)
        self.official = self.official or official
        self.cities.append(city)
        self._add_plan(city, official, actions)

    def _add_plan(self, city: City, official: User, count: int) -> None:
        today = clock.today()
        strategy = Strategy.objects.create(
            city=city,
            title=f"Strategy of {city}",
            year_from=today.year,
            year_to=today.year + 3,
            language="en",
            status="adopted",
            adopted_on=today,
            published_at=clock.now(),
        )
        area = PriorityArea.objects.create(strategy=strategy, theme=self.theme, code="1", title="Area")
        objective = Objective.objects.create(area=area, code="1.1", title="Objective")
        PilotPhase.objects.create(
            city=city, kind="coordination", planned_start=today, planned_end=today + timedelta(days=90)
        )
        actions = Action.objects.bulk_create(
            Action(
                objective=objective,
                code=f"1.1.{n}",
                title=f"Action {n}",
                responsible=official.person,
                starts_on=today - timedelta(days=100),
                ends_on=today + timedelta(days=n % 400 - 30),
                budget_status=BudgetStatus.LINES,
                published_at=clock.now(),
            )
            for n in range(count)
        )
        self._add_facts(city, official, actions)

    def _add_facts(self, city: City, official: User, actions: Sequence[Action]) -> None:
        city_period = CityPeriod.objects.create(city=city, period=self.period)
        periods.open_period(city_period)
        today = clock.today()
        BudgetLine.objects.bulk_create(
            BudgetLine(action=action, amount=10_000, source="Own budget", year=today.year) for action in actions
        )
        Milestone.objects.bulk_create(
            Milestone(action=action, title=f"Step {n}", due_on=today + timedelta(days=30 * n))
            for action in actions
            for n in range(1, 4)
        )
        ActionUpdate.objects.bulk_create(
            ActionUpdate(
                action=action,
                city_period=city_period,
                date=today - timedelta(days=7 * n),
                author=official,
                text="Something happened.",
                language="en",
                stage="ongoing",
                spent=100,
            )
            for action in actions
            for n in range(UPDATES)
        )


def _period() -> ReportingPeriod:
    today = clock.today()
    start = today.replace(day=1)
    end = start + timedelta(days=89)
    return ReportingPeriod.objects.create(
        name="Bench", starts_on=start, ends_on=end, opens_on=start, due_on=end + timedelta(days=15)
    )


def _body(kind: str, city: City | None = None) -> Body:
    return Body.objects.get_or_create(kind=kind, city=city, defaults={"name": f"{kind} {city or ''}"})[0]


def _user(name: str, body: Body, role: str, house: Organisation | None = None) -> User:
    user = User.objects.create_user(f"{name}@bench.example")
    person = Person.objects.create(name=name.title(), email=user.email, organisation=house, user=user)
    Membership.objects.create(person=person, body=body, role=role, valid_from=clock.today())
    return user


# ---- measuring


def pages_of(network: BenchmarkNetwork) -> Iterator[tuple[str, int, Any, str]]:
    """Yield name, limit of queries, user and URL of each page."""
    slug = network.cities[0].slug
    action = Action.objects.filter(objective__area__strategy__city=network.cities[0]).order_by("pk").first()
    yield "a static page", 15, None, reverse("pages:privacy")
    yield "front page", 15, None, reverse("pages:home")
    yield "cities", 15, None, reverse("cities:city_list")
    yield "a city", 20, network.partner, reverse("cities:city_detail", args=[slug])
    yield "network dashboard", 20, network.partner, reverse("dashboards:network")
    yield "dashboard of a city", 20, network.partner, reverse("dashboards:city", args=[slug])
    yield "the six dimensions", 20, network.partner, reverse("dashboards:dimensions")
    yield "actions of the network", 15, network.partner, reverse("dashboards:actions")
    yield "actions of a city", 15, network.official, reverse("strategies:action_list", args=[slug])
    yield "strategy tree", 20, network.official, reverse("strategies:strategy_detail", args=[slug])
    yield "an action", 20, network.official, action.get_absolute_url()
    yield "My work", 15, network.official, reverse("strategies:my_work")
    yield "logging form", 20, network.official, reverse("strategies:action_log", args=[action.pk])
    yield "periods", 15, network.coordinator, reverse("strategies:cityperiod_list")
    yield "evaluation rounds", 15, network.coordinator, reverse("evaluation:round_list")
    yield "reports", 15, network.coordinator, reverse("reports:report_list")
    yield "members", 15, network.coordinator, reverse("cities:member_list")


def measure(network: BenchmarkNetwork) -> list[Measurement]:
    return [_measured(*page) for page in pages_of(network)]


def _measured(name: str, query_limit: int, user: Any, url: str) -> Measurement:
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    if user is not None:
        client.force_login(user)
    client.get(url)  # warm up
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
        asked = len(queries)  # read now: the next request empties the log
    times = [_milliseconds(client, url) for _run in range(RUNS)]
    return Measurement(name, query_limit, asked, median(times), len(response.content), response.status_code)


def _milliseconds(client: Client, url: str) -> float:
    begun = perf_counter()
    client.get(url)
    return (perf_counter() - begun) * 1000


MARKS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")  # of transactions: not counted


def log_once(network: BenchmarkNetwork) -> int:
    """Return the number of queries to open the logging form and save one update."""
    action = Action.objects.filter(objective__area__strategy__city=network.cities[0]).order_by("pk").first()
    url = reverse("strategies:action_log", args=[action.pk])
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    client.force_login(network.official)
    with CaptureQueriesContext(connection) as queries:
        fields = fields_of(client.get(url).content.decode())
        client.post(url, fields | {"text": "The bench was here."})
    if not ActionUpdate.objects.filter(text="The bench was here.").exists():
        raise RuntimeError("The bench could not save an update: it no longer knows the logging form.")
    return len([query for query in queries.captured_queries if not query["sql"].startswith(MARKS)])


class _Fields(HTMLParser):
    """Collects what a browser would submit: hidden and filled inputs, ticked boxes, selected options."""

    def __init__(self):
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and "selected" in given and self._select:
            self.found[self._select] = given.get("value", "")
        elif tag == "input" and given.get("name") and self._is_sent(given):
            self.found[given["name"]] = given.get("value") or ""

    @staticmethod
    def _is_sent(given: dict) -> bool:
        kind = given.get("type")
        return kind not in ("submit", "file", "button") and (kind not in ("radio", "checkbox") or "checked" in given)


def fields_of(page: str) -> dict[str, str]:
    """Return the fields of a page's form as a browser would submit them."""
    parser = _Fields()
    parser.feed(page[page.index("<main") :])
    return parser.found
