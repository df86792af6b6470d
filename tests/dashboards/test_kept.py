"""Pages that are kept: for all who may see the same, never for others, and made anew after each change."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from cities.models import City, Theme
from core import clock
from dashboards import changes, kept
from dashboards.models import Change
from dashboards.views import DashboardPage
from pilot.models import PilotPhase
from strategies.models import Action
from tests.factories import UserFactory
from tests.factories.roles import one_for_each_role

from .conftest import NOW, _log_update

NETWORK = "dashboards:network"
READ = {  # tables that pages read beyond those whose changes are noted
    "accounts_user": "the reader",
    "cities_person": "the reader",
    "cities_body": "the reader's roles, which are part of the key",
    "django_session": "the reader",
    "core_version": "of the frame",
    "dashboards_change": "the version",
    "dashboards_citysums": "stored under a version of its own",
    "evaluation_raterassignment": "the reader's tasks, which are part of the key",
    "evaluation_assessment": "the reader's tasks",
    "evaluation_substituteappointment": "the reader's tasks",
    "strategies_revisionaction": "frozen with its revision",
    "evaluation_evaluationresult": "frozen with its evaluation",
    "cache": "where pages are kept",
}


@pytest.fixture
def urls(network):
    past = f"?period={network.past.starts_on.isoformat()}"
    pages = [reverse(NETWORK), reverse("dashboards:dimensions"), reverse("dashboards:actions")]
    pages += [reverse("dashboards:city", args=[slug]) for slug in network.cities]
    return pages + [page + past for page in pages]


@pytest.fixture
def made(monkeypatch):
    """Collect the pages that are made, not taken from the cache."""
    found = []
    make = DashboardPage.make_page
    monkeypatch.setattr(
        DashboardPage, "make_page", lambda self: (found.append(self.request.get_full_path()), make(self))[1]
    )
    return found


def body(client, url):
    return client.get(url).context["page"]["body"]


def test_second_reader_with_the_same_rights_gets_the_kept_page(network, partner, client, made):
    other = UserFactory()
    other.person = partner.person
    url = reverse(NETWORK)
    client.force_login(partner)

    first, again = body(client, url), body(client, url)

    assert first == again
    assert made == [url]


def test_kept_page_costs_few_queries(network, partner, client, django_assert_max_num_queries):
    client.force_login(partner)
    for name, args in ((NETWORK, []), ("dashboards:city", ["riga"]), ("dashboards:dimensions", [])):
        url = reverse(name, args=args)
        client.get(url)
        client.get(url)

        with django_assert_max_num_queries(6):
            client.get(url)


def test_save_shows_at_once(network, partner, client, made):
    client.force_login(partner)
    url = reverse(NETWORK)
    before = client.get(url).context["dashboard"].updates

    _log_update(network.cities["lublin"], 2, spent=Decimal(1))

    assert client.get(url).context["dashboard"].updates == before + 1
    assert made == [url, url]


@pytest.mark.slow
def test_no_role_gets_what_was_kept_for_another(network, client, urls):
    """Each role reads what it reads from an empty cache, though those before have filled it.

    One order is enough: of roles that share a kept page by mistake, the second is always shown that of the first. The
    past period differs by role in the network's page, and in that of a city that published it or has it open.
    """
    urls = [url for url in urls if "?" not in url or not re.search("dimensions|actions|lublin", url)]
    roles = one_for_each_role(network.cities["linkoping"].city, network.cities["lublin"].city)
    roles |= {slug: network.cities[slug].lead for slug in ("lublin", "riga")}  # Linköping's is among them
    roles.pop("public")
    alone = {}
    for name, user in roles.items():
        client.force_login(user)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(changes, "version", lambda city_id=None: None)  # nothing is kept
            alone[name] = [body(client, url) for url in urls]
    for name, user in roles.items():
        client.force_login(user)
        assert [body(client, url) for url in urls] == alone[name], name

    assert len({tuple(pages) for pages in alone.values()}) > 3


def test_private_figure_stays_with_its_city(network, client):
    """The lead reads Lublin's open period; nobody else outside the network does, also right after."""
    url = reverse("dashboards:city", args=["lublin"])
    client.force_login(network.cities["lublin"].lead)
    own = body(client, url)

    client.force_login(network.cities["riga"].lead)
    other = body(client, url)

    assert "Lublin: action 2" in own or "not yet submitted" in own
    assert "not yet submitted" not in other


def test_language_and_day_are_part_of_what_is_kept(network, partner, client, made):
    City.objects.filter(slug="riga").update(timezone="Europe/Riga")
    client.force_login(partner)
    url = reverse(NETWORK)
    client.get(url)

    client.get(url, headers={"accept-language": "sv"})
    with clock.at(NOW + timedelta(days=1)):
        client.get(url)
    with clock.at(NOW + timedelta(hours=9, minutes=30)):  # the next day in Riga, not yet in Brussels
        client.get(url)

    assert made == [url] * 4


@pytest.mark.parametrize("query", ["?colour=red", "?theme=a&theme=b", "?country=XX", "?page=99", "?phase=nothing"])
def test_unknown_addresses_are_not_kept(network, partner, client, made, query):
    client.force_login(partner)

    client.get(reverse(NETWORK) + query)
    client.get(reverse(NETWORK) + query)

    assert len(made) == 2


@pytest.mark.parametrize(
    "name, args, query",
    [
        ("dashboards:city", ["riga"], "?country=nowhere"),
        ("dashboards:city", ["riga"], "?phase=nothing"),
        ("dashboards:actions", [], "?city=riga&country=nowhere"),
        ("dashboards:dimensions", [], "?round=nothing"),
    ],
)
def test_unknown_values_of_filters_that_a_page_has_not_are_not_kept(network, partner, client, made, name, args, query):
    client.force_login(partner)

    client.get(reverse(name, args=args) + query)
    client.get(reverse(name, args=args) + query)

    assert len(made) == 2


def test_page_of_a_city_is_kept_with_the_filters_of_the_page_that_leads_there(network, partner, client, made):
    client.force_login(partner)
    url = f"{reverse('dashboards:city', args=['riga'])}?country={network.cities['riga'].city.country}&phase=kick_off"

    client.get(url)
    client.get(url)

    assert made == [url]


def test_new_release_makes_pages_anew(network, partner, client, made, monkeypatch):
    client.force_login(partner)
    client.get(reverse(NETWORK))

    monkeypatch.setattr(kept, "release", lambda: "another")
    client.get(reverse(NETWORK))

    assert len(made) == 2


def test_what_was_read_in_a_transaction_is_not_kept(network, partner):
    count = []

    with transaction.atomic():
        for _n in range(2):
            kept.kept(["x"], partner, lambda: count.append(1) or {"n": 1})
    for _n in range(2):
        kept.kept(["x"], partner, lambda: count.append(1) or {"n": 1})

    assert len(count) == 3


# ---- changes


def test_change_in_a_city_changes_its_version_and_that_of_the_network(network):
    linkoping, lublin = (network.cities[slug].city.pk for slug in ("linkoping", "lublin"))
    before = changes.version(), changes.version(linkoping), changes.version(lublin)

    Action.objects.filter(objective__area__strategy__city=lublin).update(title="Another title")

    after = changes.version(), changes.version(linkoping), changes.version(lublin)
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, False]


@pytest.mark.parametrize("change", ["insert", "update", "delete"])
def test_each_kind_of_change_of_what_concerns_all_is_noted(network, change):
    theme = Theme.objects.create(code="new", name="New")
    versions = [changes.version(city) for city in City.objects.values_list("pk", flat=True)]

    if change == "insert":
        Theme.objects.create(code="newer", name="Newer")
    elif change == "update":
        Theme.objects.filter(pk=theme.pk).update(name="Other")
    else:
        theme.delete()

    assert not set(versions) & {changes.version(city) for city in City.objects.values_list("pk", flat=True)}


def test_rolled_back_change_leaves_the_version(network):
    before = changes.version()

    with transaction.atomic():
        PilotPhase.objects.update(planned_end="2030-01-01")
        assert changes.version() != before
        transaction.set_rollback(True)

    assert changes.version() == before


def test_versions_never_come_again_when_rows_are_forgotten(network, monkeypatch):
    seen = [changes.version()]
    for _n in range(2):
        changes.forget()
        seen.append(changes.version())
    monkeypatch.setattr(changes, "MOST", 0)
    seen.append(changes.version())

    assert len(set(seen)) == 4
    assert Change.objects.count() == 1


def test_without_rows_nothing_is_known(network):
    Change.objects.all().delete()

    assert changes.version() is None


@pytest.mark.slow
def test_every_table_that_pages_read_is_noted(network, client, urls, partner):
    noted = {table for table, _city in changes.tables()}
    found = set()
    for user in (partner, network.cities["riga"].lead):
        client.force_login(user)
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            found |= set(re.findall(r'(?:FROM|JOIN) "?([a-z_]+)"?', " ".join(one["sql"] for one in queries)))
    with CaptureQueriesContext(connection) as queries, override("en"):
        client.logout()
        client.get("/")
    found |= set(re.findall(r'(?:FROM|JOIN) "?([a-z_]+)"?', " ".join(one["sql"] for one in queries)))

    assert found - noted - READ.keys() - {"facts", "known"} == set()
