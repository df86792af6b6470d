"""Dashboards of a network with more cities than a page shows."""

import pytest
from django.urls import reverse

from dashboards import changes
from dashboards.selectors.network import CITIES_PER_PAGE, Dashboard
from tests.factories import ActionFactory, CityFactory, CityPeriodFactory, ReportingPeriodFactory

from .full_page import PERIODS, progress_of, results_of

NETWORK = "dashboards:network"


@pytest.fixture
def cities(now, db):
    """More cities than a page shows; the last one by name needs most attention, the first one some."""
    period = ReportingPeriodFactory()
    made = [CityFactory(name=f"Town {n:03}", slug=f"town-{n:03}") for n in range(CITIES_PER_PAGE + 3)]
    for city in made:
        CityPeriodFactory(city=city, period=period)
    for city, late in ((made[-1], 2), (made[0], 1)):
        for _n in range(late):
            ActionFactory(city=city, published=True, starts_on="2025-01-01", ends_on="2025-02-01")
    return made


def names_on(response):
    return [row.city.name for row in response.context["rows"]]


def test_cities_needing_attention_come_first_then_by_name(cities, partner, client):
    client.force_login(partner)

    first = client.get(reverse(NETWORK))
    second = client.get(reverse(NETWORK), {"page": 2})

    names = [city.name for city in cities]
    assert names_on(first) == [names[-1], *names[: CITIES_PER_PAGE - 1]]
    assert names_on(second) == names[CITIES_PER_PAGE - 1 : -1]
    assert "Cities 1 to 10 of 13" in first.content.decode()


def test_page_shows_only_its_cities_but_counts_all(cities, partner, client):
    client.force_login(partner)

    response = client.get(reverse(NETWORK), {"page": 2})

    text = response.content.decode()
    assert cities[1].name not in text
    assert response.context["dashboard"].needing_attention == 3
    assert 'class="epi-map-dots"' in text


@pytest.mark.parametrize("key, first", [("money", "City"), ("progress", "City")])
def test_files_have_all_cities(cities, partner, client, key, first):
    client.force_login(partner)

    lines = client.get(reverse(NETWORK), {"csv": key, "page": 2}).content.decode("utf-8-sig").splitlines()

    assert lines[0].startswith(first)
    wanted = cities if key == "money" else [cities[0], cities[-1]]
    assert {city.name for city in wanted} <= {line.split(",")[0] for line in lines}


def test_dimensions_have_pages_by_name(cities, partner, client):
    client.force_login(partner)

    page = client.get(reverse("dashboards:dimensions"), {"page": 2}).context["page_obj"]

    assert [city.name for city in page] == [city.name for city in cities[CITIES_PER_PAGE:]]


@pytest.mark.slow
def test_page_does_not_grow_with_the_number_of_cities(
    cities, partner, client, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(changes, "version", lambda city_id=None: None)  # nothing is kept
    client.force_login(partner)
    client.get(reverse(NETWORK))
    with django_assert_max_num_queries(20) as before:
        small = len(client.get(reverse(NETWORK)).content)
    count = len(before.captured_queries)

    for n in range(60):
        CityPeriodFactory(city=CityFactory(name=f"Village {n:03}"), period=cities[0].periods.get().period)
    client.get(reverse(NETWORK))  # the frame of the page is read anew after a city was added

    with django_assert_max_num_queries(count):
        large = len(client.get(reverse(NETWORK)).content)
    assert large - small < 3000
    assert large < 100_000


@pytest.mark.slow
def test_full_page_of_cities_weighs_less_than_100_kilobytes(cities, partner, client, monkeypatch):
    """With results in six dimensions and progress over two years, all statuses, and a network of 200 cities."""
    period = cities[0].periods.get().period
    for n in range(200 - len(cities)):
        CityPeriodFactory(city=CityFactory(name=f"Linköping {n:03}", slug=f"linkoping-{n:03}"), period=period)
    for name, city in enumerate(cities[:CITIES_PER_PAGE]):
        for n in range(4):
            ActionFactory(city=city, published=True, starts_on="2026-01-01", ends_on=f"20{26 + n}-05-0{1 + name % 9}")
    monkeypatch.setattr(Dashboard, "results", property(lambda self: results_of(self.view.cities)))
    monkeypatch.setattr(Dashboard, "progress", lambda self, rows: progress_of(rows))
    client.force_login(partner)

    response = client.get(reverse(NETWORK))

    assert response.content.count(b"<title>") > PERIODS * CITIES_PER_PAGE
    assert response.content.count(b"is-split") == 2 * CITIES_PER_PAGE
    assert len(response.content) < 100 * 1024
