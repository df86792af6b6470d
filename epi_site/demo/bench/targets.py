"""What ``bench_http`` asks, as whom, and which share of another throughput it is to reach."""

from typing import Any, NamedTuple

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.urls import reverse

from accounts.sessions import SessionStore

from .network import BenchmarkNetwork
from .pages import STATIC_PAGE

BARE, PUBLIC = "bare Django view", "static page"
BACKEND = "accounts.backends.EmailBackend"


class Target(NamedTuple):
    name: str
    path: str
    session: str = ""
    bar: float | None = None  # the least share of the throughput of ``compared_with``
    compared_with: str = PUBLIC


def targets_of(network: BenchmarkNetwork) -> list[Target]:
    official, partner = _session(network.official), _session(network.partner)
    slug = network.cities[0].slug
    return [
        Target(PUBLIC, reverse(STATIC_PAGE), bar=1 / 4, compared_with=BARE),
        Target("front page", reverse("pages:home")),
        Target("cities", reverse("cities:city_list"), bar=1 / 6),
        Target("static page, signed in", reverse(STATIC_PAGE), official, 3 / 4),
        Target("cities, signed in", reverse("cities:city_list"), official, 1 / 6),
        Target("My work", reverse("strategies:my_work"), official, 1 / 6),
        Target("actions of a city", reverse("strategies:action_list", args=[slug]), official, 1 / 6),
        Target("periods", reverse("strategies:cityperiod_list"), partner, 1 / 6),
        Target("network dashboard, hit", reverse("dashboards:network"), partner, 1 / 3),
        Target("dashboard of a city, hit", reverse("dashboards:city", args=[slug]), partner, 1 / 3),
    ]


def _session(user: Any) -> str:
    store = SessionStore()
    hashed = user.get_session_auth_hash()
    store.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: BACKEND, HASH_SESSION_KEY: hashed})
    store.create()
    return store.session_key
