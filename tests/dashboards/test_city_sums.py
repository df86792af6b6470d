"""The stored totals of cities equal the full computation, for each reader, after every change and on every day."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cities.enums import BodyKind, Role
from cities.models import City
from core import clock
from dashboards import changes, city_sums, kept, tasks
from dashboards.models import CitySums
from dashboards.selectors.figures import totals_by_city
from dashboards.selectors.live import LiveActions
from dashboards.selectors.scope import scope_for
from strategies.models import Action
from strategies.services.figures import refresh_figures
from tests.factories import (
    ActionFactory,
    BodyFactory,
    CityFactory,
    CityPeriodFactory,
    MembershipFactory,
    StrategyFactory,
    TargetGroupFactory,
    member,
)
from tests.factories.roles import one_for_each_role

from .conftest import NOW, _log_update, _submit_period

SUMS = "GROUP BY 1, 2"  # only the statement over all actions groups in this way


def computed(reader, **options):
    view = scope_for(reader, **options)
    return totals_by_city(view.live_rows.sums(view.period.pk)) if view.live else {}


def totals(reader, **options):
    return city_sums.live_totals(scope_for(reader, **options))


def computed_for(reader, **options):
    """Return the cities whose totals are computed now, not taken from the table."""
    found = []
    sums = LiveActions.sums
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveActions, "sums", lambda self, period: (rows := sums(self, period), found.extend(rows))[0])
        totals(reader, **options)
    return {row.city for row in found}


@pytest.fixture
def beginner(network):
    """Add a city whose strategy is a draft, which only the city and the coordinators see."""
    city = CityPeriodFactory(city=CityFactory(slug="beginner"), period=network.present).city
    StrategyFactory(city=city)
    ActionFactory(city=city)
    return city


@pytest.fixture
def city_ids(network):
    return {slug: data.city.pk for slug, data in network.cities.items()}


# ---- equal to the full computation


@pytest.mark.slow
def test_each_role_gets_its_own_totals_whoever_was_first(network, beginner):
    cities = {slug: data.city for slug, data in network.cities.items()}
    roles = one_for_each_role(cities["linkoping"], cities["lublin"])
    both = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    MembershipFactory(person=both.person, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=beginner))
    roles |= {"partner_and_expert": both, "second_coordinator": network.coordinator}
    expected = {name: computed(user) for name, user in roles.items()}

    for order in (list(roles), list(roles)[::-1]):
        CitySums.objects.all().delete()
        for _n in range(2):
            assert {name: totals(roles[name]) for name in order} == {name: expected[name] for name in order}

    everywhere = {cities["linkoping"].pk, cities["lublin"].pk, beginner.pk}
    assert expected["partner"].keys() == everywhere - {beginner.pk}
    assert expected["partner_and_expert"].keys() == expected["coordinator"].keys() == everywhere
    assert expected["lead"].keys() == {cities["linkoping"].pk}
    assert expected["public"] == {}


@pytest.mark.parametrize("days", [1, 30, 60, 200, 400])
def test_totals_of_another_day(network, partner, days):
    today = totals(partner)

    with clock.at(NOW + timedelta(days=days)):
        assert totals(partner) == computed(partner)

    assert totals(partner) == today


def test_totals_of_a_city_where_the_next_day_has_begun(network, partner, city_ids):
    City.objects.filter(slug="lublin").update(timezone="Pacific/Auckland")
    totals(partner)

    with clock.at(NOW.replace(hour=11)):  # midnight in Auckland lies between
        assert computed_for(partner) == {city_ids["lublin"]}
        assert totals(partner) == computed(partner)


@pytest.mark.parametrize("name, value", [("STALE_AFTER_DAYS", 1000), ("AT_RISK_POINTS", 60)])
def test_totals_follow_the_settings(network, partner, settings, name, value):
    before = totals(partner)

    setattr(settings, name, value)

    assert totals(partner) == computed(partner) != before


FILTERS = [{"theme": "theme-of-lublin"}, {"group": "families"}]


@pytest.fixture
def group(network):
    """Return a target group of two actions in Lublin."""
    found = TargetGroupFactory(code="families")
    for action in Action.objects.filter(objective__area__strategy__city=network.cities["lublin"].city)[:2]:
        action.target_groups.add(found)
    return found


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("query", [{"starts_on": "past"}, *FILTERS, FILTERS[0] | FILTERS[1], {"country": "PL"}])
def test_totals_of_a_part_equal_the_full_computation(network, partner, query):
    query = {key: network.past.starts_on.isoformat() if value == "past" else value for key, value in query.items()}
    totals(partner)

    assert totals(partner, **query) == computed(partner, **query)
    assert totals(partner) == computed(partner)


def test_city_without_actions_has_no_figures(network, partner, client):
    CityPeriodFactory(city=CityFactory(slug="new"), period=network.present)
    totals(partner)
    client.force_login(partner)

    row = next(row for row in client.get(reverse("dashboards:network")).context["rows"] if row.city.slug == "new")

    assert (row.spent, row.budget, row.progress, row.actions) == (None, None, None, 0)


# ---- what is computed again


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("query", FILTERS)
def test_totals_of_a_filter_are_stored(network, partner, city_ids, query):
    assert totals(partner) != totals(partner, **query) != {}
    assert computed_for(partner, **query) == set()

    _log_update(network.cities["lublin"], 2, spent=Decimal(1))

    assert computed_for(partner, **query) == {city_ids["lublin"]}
    assert totals(partner, **query) == computed(partner, **query)


def test_change_in_a_city_computes_that_city_only(network, partner, city_ids):
    assert computed_for(partner) == {city_ids["linkoping"], city_ids["lublin"]}
    assert computed_for(partner) == set()

    _log_update(network.cities["lublin"], 2, spent=Decimal(1))

    assert computed_for(partner) == {city_ids["lublin"]}
    assert computed_for(partner) == set()


def test_other_readers_with_the_same_rights_compute_nothing(network, partner, city_ids):
    totals(partner)

    assert computed_for(member(BodyKind.NETWORK_OFFICE, Role.PARTNER)) == set()
    assert computed_for(network.coordinator) == {city_ids["linkoping"], city_ids["lublin"]}


def test_submitted_city_leaves_the_totals_of_the_others(network, partner, city_ids):
    totals(partner)

    _submit_period(network, "lublin", network.present)

    assert computed_for(partner) == set()
    assert totals(partner).keys() == {city_ids["linkoping"]}


def test_new_release_computes_anew(network, partner, monkeypatch):
    totals(partner)

    monkeypatch.setattr(kept, "release", lambda: "another")

    assert len(computed_for(partner)) == 2


def test_change_that_is_rolled_back_leaves_no_totals(network, partner):
    before = totals(partner)

    with transaction.atomic():
        Action.objects.update(withdrawn_at=clock.now(), withdrawn_reason="By mistake.")
        assert totals(partner) == {}
        transaction.set_rollback(True)

    assert totals(partner) == before == computed(partner)


def test_nothing_is_stored_where_no_change_is_noted(network, partner):
    changes.Change.objects.all().delete()

    assert totals(partner) == computed(partner)
    assert not CitySums.objects.exists()


def test_nothing_is_left_when_changes_are_forgotten(network, partner):
    totals(partner)

    changes.forget()

    assert not CitySums.objects.exists()
    assert len(computed_for(partner)) == 2


def test_versions_of_cities_never_come_again(network, city_ids):
    cities, seen = list(city_ids.values()), []
    for _n in range(3):
        seen += changes.versions_of(cities).items()
        changes.forget()
        seen += changes.versions_of(cities).items()
        refresh_figures(Action.objects.values_list("pk", flat=True))
        Action.objects.update(title="Another title")

    assert len(seen) == len(set(seen)) == 18


def test_page_is_shown_though_nothing_can_be_stored(network, partner, monkeypatch, caplog):
    def fail(rows):
        raise DatabaseError("The database is locked.")

    monkeypatch.setattr(city_sums, "_write", fail)

    assert totals(partner) == computed(partner)
    assert "could not be stored" in caplog.text


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("query", [{}, *FILTERS])
def test_what_the_sums_read_is_noted_for_its_city(network, partner, query):
    """A change that is noted for all cities does not count for the totals of one."""
    with CaptureQueriesContext(connection) as queries:
        totals(partner, **query)
    statement = next(query["sql"] for query in queries if SUMS in query["sql"])
    read = set(re.findall(r'(?:FROM|JOIN) "?([a-z_]+)"?', statement)) - {"facts", "cities_body"}

    of_a_city = {table for table, city in changes.tables() if city != changes.EVERY_CITY}
    assert "strategies_action" in read
    assert read <= of_a_city


def test_list_of_actions_reads_the_stored_totals(network, partner, client):
    url = reverse("dashboards:actions")
    client.force_login(partner)
    totals(partner)

    with CaptureQueriesContext(connection) as queries:
        client.get(url)

    assert not [query for query in queries if SUMS in query["sql"]]


# ---- stored before anybody reads


@pytest.fixture
def in_network(network, partner):
    """Return a partner, a coordinator, and somebody with another role in the network and one in a city."""
    moderator = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER)
    MembershipFactory(person=moderator.person, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=City.objects.first()))
    return [partner, network.coordinator, moderator]


def test_first_reader_of_a_day_finds_the_totals(network, in_network, city_ids):
    for later in (timedelta(), timedelta(days=1)):
        with clock.at(NOW + later):
            tasks.store_city_sums()

            assert computed_for(member(BodyKind.NETWORK_OFFICE, Role.PARTNER)) == set()
            assert computed_for(network.coordinator) == set()
            assert [totals(user) for user in in_network] == [computed(user) for user in in_network]


def test_totals_are_stored_once_for_people_with_the_same_roles(network, in_network):
    another = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    ended = member(BodyKind.NETWORK_OFFICE, Role.TRAINER)
    ended.person.memberships.update(valid_to=NOW.date())
    closed = member(BodyKind.NETWORK_OFFICE, Role.DATA_PROTECTION)
    User.objects.filter(pk=closed.pk).update(is_active=False)

    readers = city_sums._one_for_each_set_of_roles()

    assert {kept.hashed(kept.roles_of(user)) for user in readers} == {
        kept.hashed(kept.roles_of(user)) for user in in_network
    }
    assert len(readers) == 3
    assert not {ended, closed} & set(readers)
    assert (in_network[0] in readers) != (another in readers)


def test_changes_are_forgotten_before_a_reader_has_to(network, partner, monkeypatch):
    monkeypatch.setattr(changes, "MOST", 2 * changes.Change.objects.count())
    first = changes.Change.objects.order_by("pk").first()
    tasks.store_city_sums()
    assert changes.Change.objects.filter(pk=first.pk).exists()

    Action.objects.update(title="Another title")
    tasks.store_city_sums()

    assert changes.Change.objects.count() == 1
    assert computed_for(partner) == set()
