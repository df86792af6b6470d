"""Measure pages in this process: each is compared with a static page of the same user, asked in turns with it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import versions
from strategies.models import Action, ActionUpdate

from .forms import fields_of
from .network import BenchmarkNetwork
from .pages import MOST_BYTES, STATIC_PAGE, Kind, Page, pages_of
from .sql_time import now, sql_time

RUNS = 7  # the fastest counts: what else the machine does only adds
MARKS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")  # of transactions: not counted as queries


@dataclass(frozen=True)
class Measurement:
    page: Page
    kind: Kind
    queries: int
    milliseconds: float
    static: float  # milliseconds of the static page of the same user
    building: float  # share of the time that builds querysets and their SQL
    waiting: float  # share of the time that waits for the database
    size: int
    status: int

    @property
    def name(self) -> str:
        return self.page.name + {Kind.DASHBOARD_MISS: ", miss", Kind.DASHBOARD_HIT: ", hit"}.get(self.kind, "")

    @property
    def ratio(self) -> float:
        return self.milliseconds / self.static

    def problems(self) -> list[str]:
        found = [] if self.status < 400 else [f"status {self.status}"]
        found += [f"{self.queries} queries"] if self.queries > self.page.query_limit else []
        found += [f"{self.ratio:.1f}x"] if self.ratio > self.kind.value else []
        return found + ([f"{self.size / 1024:.0f} KB"] if self.size > MOST_BYTES else [])


def grows(one: Measurement, two: Measurement) -> bool:
    """Return whether a page about one city takes more in a network of twice as many cities."""
    if not one.page.is_of_city:
        return False
    return two.queries > one.queries or two.size > 1.02 * one.size or two.ratio > 1.4 * one.ratio


def measure(network: BenchmarkNetwork, only: str = "") -> list[Measurement]:
    """Return the measurements of the pages whose name contains ``only``."""
    return [_measured(page, kind) for page in pages_of(network) if only in page.name for kind in page.kinds()]


def _measured(page: Page, kind: Kind) -> Measurement:
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    if page.user is not None:
        client.force_login(page.user)
    static, misses = reverse(STATIC_PAGE), kind is Kind.DASHBOARD_MISS

    def prepare() -> None:
        if misses:
            cache.clear()
            versions.forget_all()
        client.get(static)  # what this process keeps for every page is not the page's cost

    client.get(page.url)  # imports, templates
    prepare()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(page.url)
        asked = sum(not query["sql"].startswith(MARKS) for query in queries)  # the next request empties the log
    times, static_times = [], []
    for _run in range(RUNS):
        prepare()
        static_times.append(_milliseconds(lambda: client.get(static)))
        times.append(_milliseconds(lambda: client.get(page.url)))
    prepare()
    with sql_time() as sql:
        slowed = _milliseconds(lambda: client.get(page.url)) / 1000
    shares = sql.building / slowed, sql.waiting / slowed
    size = len(response.getvalue())
    return Measurement(page, kind, asked, min(times), min(static_times), *shares, size, response.status_code)


def _milliseconds(ask: Callable[[], object]) -> float:
    begun = now()
    ask()
    return (now() - begun) * 1000


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
    return sum(not query["sql"].startswith(MARKS) for query in queries.captured_queries)
