"""Cities, periods, themes and target groups, which each process keeps until one of them changes."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from cities.models import City, TargetGroup, Theme
from core import clock
from dashboards.selectors.scope import scope_for
from tests.factories import CityFactory, ReportingPeriodFactory, ThemeFactory

from .conftest import NOW, _log_update


def names(partner, language="en"):
    with override(language):
        return [city.name for city in scope_for(partner).all_cities]


def test_second_reader_reads_only_the_version(network, partner, django_assert_num_queries):
    scope_for(partner)

    with django_assert_num_queries(1):
        again = scope_for(network.coordinator)

    assert [city.name for city in again.all_cities] == ["Linköping", "Lublin", "Riga"]
    assert again.periods == [network.present, network.past]


def test_save_in_a_city_leaves_the_rows(network, partner, django_assert_num_queries):
    scope_for(partner)

    _log_update(network.cities["lublin"], 2)

    with django_assert_num_queries(1):
        scope_for(partner)


@pytest.mark.parametrize("change", ["rename", "add", "period", "theme", "group"])
def test_change_shows_at_once(network, partner, change):
    group = TargetGroup.objects.create(code="x", name="X")
    before = scope_for(partner)

    if change == "rename":
        City.objects.filter(slug="riga").update(name="Aaaa")
    elif change == "add":
        CityFactory(name="Aaaa")
    elif change == "period":
        type(network.past).objects.filter(pk=network.past.pk).update(name="Another name")
    elif change == "theme":
        ThemeFactory(name="Aaaa")
    else:
        TargetGroup.objects.filter(pk=group.pk).update(name="Aaaa")

    after = scope_for(partner)
    rows = {
        "period": [period.name for period in after.periods],
        "theme": [theme.name for theme in after.themes],
        "group": [one.name for one in after.groups],
    }
    found = rows.get(change, [city.name for city in after.all_cities])
    assert ("Another name" if change == "period" else "Aaaa") in found
    assert "Aaaa" not in [city.name for city in before.all_cities]


def test_order_is_that_of_the_language(network, partner):
    CityFactory(name="Östersund")
    CityFactory(name="Palermo")

    assert names(partner) == ["Linköping", "Lublin", "Östersund", "Palermo", "Riga"]
    assert names(partner, "sv") == ["Linköping", "Lublin", "Palermo", "Riga", "Östersund"]


def test_period_that_opens_the_next_day_is_there_then(network, partner):
    later = ReportingPeriodFactory(ahead=1)
    opens = later.opens_on - clock.today()
    assert later not in scope_for(partner).periods

    with clock.at(NOW + opens):
        assert later in scope_for(partner).periods

    with clock.at(NOW + opens - timedelta(days=1)):
        assert later not in scope_for(partner).periods


def test_page_of_a_city_does_not_read_the_others(network, partner, django_assert_num_queries):
    Theme.objects.create(code="new", name="New")

    with django_assert_num_queries(4):  # the version, periods, themes, target groups
        scope_for(partner, city=network.cities["riga"].city)


def test_pages_leave_the_rows_as_they_are(network, partner, client):
    """What a page reads beyond their columns would be shown to all readers as it was then."""
    client.force_login(partner)

    for url in ("/dashboards/", "/dashboards/dimensions/", "/dashboards/actions/", "/dashboards/riga/"):
        assert client.get(url).status_code == 200

    shared = scope_for(partner)
    assert all(not city._state.fields_cache for city in shared.all_cities)
    assert {frozenset(vars(city)) for city in shared.all_cities} == {frozenset(vars(City.objects.first()))}
