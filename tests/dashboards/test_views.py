import pytest
from django.urls import reverse

from cities.models import Installation
from core import clock
from dashboards import changes
from epi_site.pages.selectors import front_page
from strategies.services import periods
from tests.factories import ActionFactory, UserFactory

from .conftest import SECRET

PAGES = ["network", "dimensions", "actions"]


@pytest.mark.parametrize("page", [*PAGES, "city"])
def test_dashboards_redirect_anonymous_visitor_to_sign_in(network, client, page):
    url = reverse(f"dashboards:{page}", args=["nowhere"] if page == "city" else [])

    response = client.get(url)

    assert (response.status_code, response.url) == (302, f"{reverse('account_login')}?next={url}")


@pytest.mark.slow
def test_partner_sees_figures_but_no_texts_of_open_periods(network, partner, client):
    client.force_login(partner)

    for url in (
        reverse("dashboards:network"),
        reverse("dashboards:actions"),
        reverse("dashboards:city", args=["lublin"]),
    ):
        text = client.get(url).content.decode()

        assert "not yet submitted" in text
        assert SECRET not in text


def test_official_sees_own_city_and_published_periods_of_others(network, client):
    client.force_login(network.cities["lublin"].lead)

    present = client.get(reverse("dashboards:network")).context["dashboard"]
    past = client.get(reverse("dashboards:network"), {"period": network.past.starts_on.isoformat()}).context[
        "dashboard"
    ]

    assert {row.city.name: row.record.basis.value for row in present.cities} == {
        "Linköping": "none",
        "Lublin": "open",
        "Riga": "none",
    }
    assert {row.city.name: row.actions for row in past.cities} == {"Linköping": 7, "Lublin": 8, "Riga": 0}
    assert {phase.city.name for phase in present.phases(present.cities)} == {"Lublin"}


def test_user_without_role_sees_published_periods_only(network, client):
    client.force_login(UserFactory())

    shown = client.get(reverse("dashboards:network"), {"period": network.past.starts_on.isoformat()}).context[
        "dashboard"
    ]

    assert {row.city.name: row.actions for row in shown.cities} == {"Linköping": 7, "Lublin": 0, "Riga": 0}
    assert shown.phases(shown.cities) == []


def test_unpublished_action_of_other_city_is_not_listed(network, client):
    client.force_login(network.cities["lublin"].lead)
    hidden = network.cities["linkoping"].actions[1]

    text = client.get(
        reverse("dashboards:actions"), {"period": network.past.starts_on.isoformat(), "city": "linkoping"}
    ).content.decode()

    assert hidden.title not in text
    assert network.cities["linkoping"].actions[0].title in text


def test_withdrawn_action_is_listed_without_link_in_past_period(network, partner, client):
    action = network.cities["linkoping"].actions[0]
    action.withdrawn_at, action.withdrawn_reason = clock.now(), "Not needed."
    action.save()
    client.force_login(partner)

    page = client.get(reverse("dashboards:actions"), {"period": network.past.starts_on.isoformat()}).context["page_obj"]

    line = next(line for line in page if line.title == action.title)
    assert line.url == ""


def test_withdrawn_action_of_other_city_is_neither_listed_nor_counted(network, client):
    """Its own page and the published revision hide it from the public, too."""
    action = network.cities["linkoping"].actions[0]
    action.withdrawn_at, action.withdrawn_reason = clock.now(), "Not needed."
    action.save()
    client.force_login(network.cities["lublin"].lead)
    past = {"period": network.past.starts_on.isoformat()}

    titles = client.get(reverse("dashboards:actions"), past).content.decode()
    shown = client.get(reverse("dashboards:network"), past).context["dashboard"]

    assert action.title not in titles
    assert {row.city.name: row.actions for row in shown.cities}["Linköping"] == 6
    assert front_page().actions == 6


def test_state_of_unpublished_period_of_other_city_is_in_no_text(network, client):
    lublin = network.cities["lublin"]
    periods.return_period(lublin.city_period(network.past), by=network.coordinator, comments="Please look again.")
    past = {"period": network.past.starts_on.isoformat()}

    texts = {}
    for slug in ("lublin", "riga"):
        client.force_login(network.cities[slug].lead)
        texts[slug] = client.get(reverse("dashboards:network"), past).context["dashboard"].headline

    assert "report returned to Lublin" in texts["lublin"]
    assert "returned" not in texts["riga"]


@pytest.mark.parametrize("key", ["health", "progress", "timeline", "money", "dimensions"])
def test_csv_of_demo_starts_with_illustrative_notice(network, partner, client, key):
    Installation.objects.create(pk=1, network_name="Network", is_demo=True)
    client.force_login(partner)

    lines = client.get(reverse("dashboards:network"), {"csv": key}).content.decode("utf-8-sig").splitlines()

    assert lines[0].startswith("Illustrative")
    assert lines[1].startswith("City,")


@pytest.mark.parametrize("query", [{"csv": "salaries"}, {"svg": "money"}, {"html": "dimensions"}, {"svg": "x"}])
def test_unknown_chart_is_404(network, partner, client, query):
    """Tables without a picture have neither an SVG nor a page."""
    client.force_login(partner)

    assert client.get(reverse("dashboards:network"), query).status_code == 404


def test_charts_outside_demo_have_no_illustrative_notice(network, partner, client):
    client.force_login(partner)

    response = client.get(reverse("dashboards:network"))

    assert "Illustrative" not in response.content.decode()
    assert response.context["charts"]["health"].illustrative is False


UNKNOWN = {"period": "1789-07-14", "country": "XX", "theme": "no-such", "group": "x", "phase": "x", "page": "99"}


@pytest.mark.parametrize("query", [{name: value} for name, value in UNKNOWN.items()])
def test_unknown_filter_values_are_ignored(network, partner, client, query):
    client.force_login(partner)

    network_page, dimensions_page, actions_page = (client.get(reverse(f"dashboards:{page}"), query) for page in PAGES)

    shown = [] if "country" in query else ["Linköping", "Lublin", "Riga"]  # an unknown country has no cities
    assert [row.city.name for row in network_page.context["dashboard"].cities] == shown
    assert "<h1" in dimensions_page.content.decode()
    assert len(actions_page.context["page_obj"].object_list) == 8 * len(shown)


@pytest.mark.slow
@pytest.mark.parametrize("page", [*PAGES, "city"])
def test_pages_cost_the_same_for_few_and_many_actions(
    network, partner, client, page, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(changes, "version", lambda city_id=None: None)  # nothing is kept
    url = reverse(f"dashboards:{page}", args=["linkoping"] if page == "city" else [])
    client.force_login(partner)
    client.get(url)
    city = network.cities["linkoping"].city
    ActionFactory(city=city, published=True)
    with django_assert_max_num_queries(20) as few:
        client.get(url)
    ActionFactory.create_batch(20, city=city, published=True)

    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(url)
