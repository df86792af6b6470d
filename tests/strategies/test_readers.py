"""What readers outside a city are told of what it keeps back, on pages, in filters and in frozen revisions."""

from decimal import Decimal

import pytest
from django.urls import reverse

from strategies.models import Indicator
from strategies.selectors.frozen import cut_for
from strategies.services import periods, plans, values
from tests.factories import ActionFactory, IndicatorFactory, OrganisationFactory

pytestmark = pytest.mark.django_db

OUTSIDE = ["public", "other_official", "former", "superuser", "data_protection"]


@pytest.fixture
def lead(everyone):
    return everyone["lead"]


@pytest.fixture
def coordinator(everyone):
    return everyone["coordinator"]


@pytest.fixture
def shown(city, period):
    """An action that everybody reads, of a published strategy."""
    return ActionFactory(city=city, title="Language café", published=True, owner=OrganisationFactory(name="Library"))


@pytest.fixture(params=["unpublished", "withdrawn"])
def hidden(request, shown, lead):
    """Another one of the same strategy that the city keeps back, with its owner and its indicator."""
    owner = OrganisationFactory(name="House kept back")
    action = ActionFactory(
        objective=shown.objective, title="Action kept back", owner=owner, published=request.param == "withdrawn"
    )
    IndicatorFactory(strategy=shown.strategy, action=action, name="Indicator kept back")
    if request.param == "withdrawn":
        plans.withdraw_action(action, by=lead, reason="Not needed any more.")
    return action


def read(client, everyone, role, name, *args):
    client.logout()
    if role != "public":
        client.force_login(everyone[role])
    return client.get(reverse(f"strategies:{name}", args=args))


def publish(period, everyone):
    revision = periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])
    periods.publish_period(period, by=everyone["lead"])
    return revision


# ---- actions that are not published, or withdrawn


@pytest.mark.parametrize("role", OUTSIDE)
def test_action_kept_back_is_on_no_page_and_in_no_filter(client, everyone, city, hidden, role):
    indicator = hidden.indicators.get()

    for name in ("action_list", "indicator_list", "strategy_detail", "swot"):
        page = read(client, everyone, role, name, city.slug)
        assert (name, page.status_code, "kept back" in page.content.decode()) == (name, 200, False)
    refused = read(client, everyone, role, "indicator_detail", indicator.pk)

    assert refused.status_code == (302 if role == "public" else 404)
    assert set(Indicator.objects.visible_to(everyone[role])) == set()


def test_owner_of_a_shown_action_is_a_choice(client, everyone, city, hidden):
    choices = read(client, everyone, "public", "action_list", city.slug).context["filter"].form.fields["owner"].queryset

    assert [owner.name for owner in choices] == ["Library"]


def test_city_goes_on_reading_what_it_keeps_back(client, everyone, city, hidden):
    page = read(client, everyone, "official", "indicator_list", city.slug).content.decode()

    assert "Indicator kept back" in page


@pytest.mark.parametrize("role", OUTSIDE)
def test_revision_tells_others_no_indicator_of_an_action_kept_back(
    client, everyone, city, period, shown, lead, coordinator, role
):
    hidden = ActionFactory(objective=shown.objective, title="Action kept back")
    kept, other = (
        IndicatorFactory(strategy=shown.strategy, action=action, name=name)
        for action, name in ((hidden, "Indicator kept back"), (shown, "Guests"))
    )
    IndicatorFactory(strategy=shown.strategy, name="Of the whole")
    for indicator in (kept, other):
        values.set_value(indicator, period, by=lead, value=Decimal(12), visibility="public")
    revision = publish(period, everyone)

    page = read(client, everyone, role, "revision_detail", period.pk, 1).content.decode()
    cut = cut_for(revision.contents, everyone[role], city)

    assert "kept back" not in page
    assert [entry["name"] for entry in cut["indicators"]] == ["Guests", "Of the whole"]
    assert "kept back" in read(client, everyone, "partner", "revision_detail", period.pk, 1).content.decode()


def test_revision_plans_no_indicator_of_a_withdrawn_action(period, hidden, lead):
    names = [entry["name"] for entry in periods.submit_period(period, by=lead).contents["indicators"]]

    hidden.refresh_from_db()
    assert names == ([] if hidden.withdrawn_at else ["Indicator kept back"])
