"""The context processor of every page: the network's name and statements, and the navigation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import page_versions
from cities.models import City, Installation
from cities.rules import active_roles, insider_city_ids, reads_network
from core import clock
from core.versions import Kept
from dashboards.selectors.installation import installation_of
from epi_site.pages.landing import has_evaluation_work, has_work, is_appointed_substitute
from strategies.models import Strategy

PLAN_PATHS = ("/strategies/", "/actions/", "/indicators/", "/updates/", "/periods/")
_kept_cities, _kept_entries = Kept(), Kept()


class OwnCity(NamedTuple):
    """A city that the user works in, as the navigation needs it."""

    name: str
    slug: str
    has_strategy: bool


@dataclass(frozen=True)
class NavEntry:
    """One entry of the main navigation. ``paths`` are prefixes of further URLs that belong to it."""

    label: str
    url: str
    paths: tuple[str, ...] = ()
    current: bool = False


class Site:
    """Values for templates, each read when a template asks, once for each request."""

    def __init__(self, request):
        self._request = request
        self._user = getattr(request, "user", None)

    @property
    def _installation(self) -> Installation:
        return installation_of(self._request)

    @property
    def network_name(self) -> str:
        return self._installation.network_name or _("European Pact for Integration")

    @property
    def is_demo(self) -> bool:
        return self._installation.is_demo

    @property
    def about(self) -> str:
        return self._installation.about

    @property
    def contact(self) -> str:
        return self._installation.contact_email

    @property
    def funding_statement(self) -> str:
        return self._installation.funding_statement

    @property
    def disclaimer(self) -> str:
        return self._installation.disclaimer

    @property
    def accessibility_statement(self) -> str:
        return self._installation.accessibility_statement

    @property
    def privacy_notice(self) -> str:
        return self._installation.privacy_notice

    @cached_property
    def own_cities(self) -> tuple[OwnCity, ...]:
        if self._user is None or not (ids := insider_city_ids(self._user)):
            return ()
        version = page_versions.of_site(self._user)
        return _kept_cities.get(frozenset(ids), version, lambda: _read_cities(ids))

    @cached_property
    def workplace(self) -> str:
        """The names of the user's cities, for the account menu."""
        return ", ".join(city.name for city in self.own_cities)

    @cached_property
    def nav(self) -> tuple[NavEntry, ...]:
        user = self._user
        version = getattr(user, "page_version", None)
        if version and is_appointed_substitute(user):
            version = None  # whether they still have something to review depends on more
        key = (getattr(user, "pk", None), get_language())
        entries = _kept_entries.get(key, version and (version, clock.today()), lambda: tuple(self._entries()))
        return mark_current(entries, self._request.path)

    @property
    def nav_html(self) -> SafeString:
        return _nav_html(self.nav)

    def _entries(self) -> Iterator[NavEntry]:
        user = self._user
        if user is None or not user.is_authenticated:
            yield NavEntry(_("Cities"), reverse("cities:city_list"))
            yield NavEntry(_("Training"), reverse("training:week_list"))
            return
        insider, network = bool(insider_city_ids(user)), reads_network(user)
        if has_work(user):
            yield NavEntry(_("My work"), reverse("strategies:my_work"))
        yield NavEntry(_("Cities"), reverse("cities:city_list"))
        for city in self.own_cities[:1]:
            page = "strategies:strategy_detail" if city.has_strategy else "cities:city_detail"
            yield NavEntry(_("Strategy"), reverse(page, args=[city.slug]), PLAN_PATHS)
        if network and not insider:
            yield NavEntry(_("Periods"), reverse("strategies:cityperiod_list"), PLAN_PATHS)
        if active_roles(user) or has_evaluation_work(user):
            yield NavEntry(_("Evaluation"), reverse("evaluation:round_list"))
        yield NavEntry(_("Dashboards"), reverse("dashboards:network"))
        if insider or network:
            yield NavEntry(_("Reports"), reverse("reports:report_list"))
        yield NavEntry(_("Training"), reverse("training:week_list"))
        if user.has_perm("core.redact"):
            yield NavEntry(_("Redaction"), reverse("redaction_list"))
        if user.has_perm("cities.use_admin"):
            yield NavEntry(_("Administration"), reverse("admin:index"))


def _read_cities(ids: set[int]) -> tuple[OwnCity, ...]:
    strategies = Strategy.objects.current().filter(city=OuterRef("pk"))
    return tuple(
        OwnCity(*row) for row in City.objects.filter(pk__in=ids).values_list("name", "slug", Exists(strategies))
    )


@lru_cache(maxsize=1000)
def _nav_html(entries: tuple[NavEntry, ...]) -> SafeString:
    """Return the list of a navigation, which each page shows twice: for wide and for narrow windows."""
    return render_to_string("_parts/nav.html", {"entries": entries})


def mark_current(entries: Iterable[NavEntry], path: str) -> tuple[NavEntry, ...]:
    """Mark the entry that the URL belongs to: the longest matching prefix wins."""
    entries = tuple(entries)
    fitting = [
        (len(start), n)
        for n, entry in enumerate(entries)
        for start in (entry.url, *entry.paths)
        if path.startswith(start)
    ]
    here = max(fitting)[1] if fitting else None
    return tuple(replace(one, current=True) if n == here else one for n, one in enumerate(entries))


def site(request):
    return {"site": Site(request)}
