"""The first screens of a new city and a new network say what to do next."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.models import City
from strategies.models import ReportingPeriod
from strategies.selectors.first_steps import first_step_rows
from tests.factories import (
    ActionFactory,
    BodyFactory,
    CityFactory,
    CityPeriodFactory,
    ObjectiveFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    member,
)

pytestmark = pytest.mark.django_db
URL = "/my-work/"


def steps(user):
    return [(str(row.title), row.url) for row in first_step_rows(user)]


@pytest.mark.parametrize("role", [Role.LEAD_OFFICIAL, Role.OFFICIAL])
def test_officials_of_a_city_without_strategy_begin_it(client, city, role):
    client.force_login(member(BodyKind.CITY_OFFICE, role, city))
    begin = reverse("strategies:strategy_add", args=[city.slug])

    page = client.get(URL).content.decode()

    assert f"Create the strategy of {city}" in page
    assert begin in page
    assert "caught up" not in page
    assert client.get(begin).status_code == 200


def test_strategy_without_actions_asks_for_them(city, lead):
    strategy = StrategyFactory(city=city)
    title = f"Add actions to the strategy of {city}"
    assert steps(lead) == [(title, strategy.get_absolute_url())]
    withdrawn = {"withdrawn_at": "2026-05-01T12:00Z", "withdrawn_reason": "x"}
    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy), **withdrawn)
    assert [step for step, _url in steps(lead)] == [title]

    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))

    assert steps(lead) == []


@pytest.mark.slow
def test_committee_member_reads_which_actions_need_attention(client, city):
    late = ActionFactory(city=city, ends_on=city.today - timedelta(days=1))
    client.force_login(member(BodyKind.LOCAL_COMMITTEE, Role.MEMBER, city))

    page = client.get(URL).content.decode()

    assert f"{city}: 1 action is late" in page
    assert f"{reverse('dashboards:actions')}?health=attention&amp;city={city.slug}" in page
    assert "No action is late" not in page
    late.withdrawn_at, late.withdrawn_reason = "2026-05-01T12:00Z", "x"
    late.save()
    assert "No action is late" in client.get(URL).content.decode()


@pytest.mark.slow
def test_official_who_is_caught_up_reads_what_comes_next(client, city, lead):
    row = CityPeriodFactory(city=city)
    StrategyFactory(city=city)
    client.force_login(member(BodyKind.CITY_OFFICE, Role.VIEWER, city))
    assert "What comes next appears here." in client.get(URL).content.decode()

    client.force_login(lead)
    work = client.get(URL)

    assert work.context["upcoming"] == row


def test_new_coordinator_sets_up_the_network_step_by_step(client, coordinator):
    client.force_login(coordinator)
    dashboards = client.get(reverse("dashboards:network")).content.decode()
    assert "No cities yet" in dashboards
    assert URL in dashboards
    assert "No cities match these filters" not in dashboards
    committee = BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)
    invite = reverse("cities:member_invite")
    chair = ("Invite the first chair of the scientific committee", f"{invite}?body={committee.pk}&role=chair")
    period = ("Set the first reporting period", reverse("admin:strategies_reportingperiod_add"))

    assert steps(coordinator) == [("Add the first city", reverse("admin:cities_city_add")), period, chair]
    city = CityFactory(name="Ebba")
    url = reverse("admin:cities_body_add") + f"?city={city.pk}&kind=city_office"
    assert steps(coordinator)[0] == ("Add the city office of Ebba", url)
    fields = client.get(url).context["adminform"].form
    assert (str(fields["city"].value()), fields["kind"].value()) == (str(city.pk), "city_office")
    office = BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)
    lead = f"{invite}?body={office.pk}&role=lead_official"
    assert steps(coordinator) == [("Invite a lead official for Ebba", lead), period, chair]
    assert {client.get(url).status_code for _title, url in steps(coordinator)} == {200}
    member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    ReportingPeriodFactory()
    member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
    assert steps(coordinator) == []
    assert "epi-empty" in client.get(URL).content.decode()


def test_partner_in_an_empty_network_reads_why_there_is_nothing(client):
    client.force_login(member(BodyKind.NETWORK_OFFICE, Role.PARTNER))

    page = client.get(reverse("dashboards:network")).content.decode()

    assert "when a coordinator has added cities" in page


def test_filter_without_a_city_offers_all_cities(client, coordinator):
    CityFactory(country="SE")
    client.force_login(coordinator)

    page = client.get(reverse("dashboards:network"), {"country": "XX"}).content.decode()

    assert "No cities match these filters" in page
    assert "Show all cities" in page


def test_first_steps_cost_the_same_for_many_cities(coordinator, django_assert_max_num_queries):
    for number in range(8):
        CityFactory(name=f"Town {number}")
    assert coordinator.has_perm("cities.add_city")

    with django_assert_max_num_queries(4):
        rows = first_step_rows(coordinator)

    assert len([row for row in rows if "city office" in row.title]) == 5
    assert (City.objects.count(), ReportingPeriod.objects.count()) == (8, 0)
