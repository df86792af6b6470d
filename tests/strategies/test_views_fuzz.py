"""Random posts to the update form and to *no change* never cause a server error."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
)
from tests.project.odd_input import SHORT
from tests.proofs import examples

from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db

EDGE_CASES = [*SHORT, "9999-12-31", "x" * 300, "https://", "", "1", "on"]
ANYTHING = st.one_of(st.sampled_from(EDGE_CASES), st.text(max_size=20))
NAMES = [
    *["text", "stage", "date", "spent", "spent_reason", "budget_line", "people_reached", "progress", "challenges"],
    *[
        "next_step",
        "visibility",
        "on_behalf_of",
        "language",
        "milestones",
        "links",
        "city_period",
        "version",
        "kept_file",
    ],
    *["told", "values_told", "form_uuid", "form_token", "value", "value_version", "value_²", "value_x"],
]
BUTTONS = st.sampled_from(["save", "save_next", "save_draft"])
EXAMPLES = examples(few=10, many=1_000)


@pytest.fixture
def indicator(action):
    """Add every optional field to the form of the action; return its indicator."""
    MilestoneFactory(action=action)
    BudgetLineFactory(action=action)
    CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    return IndicatorFactory(strategy=action.strategy, action=action)


@pytest.mark.prove
@pytest.mark.slow
def test_update_form_handles_random_input(client, official, action, indicator):
    @EXAMPLES
    @given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6), BUTTONS)
    def post(fields, button):
        fields = {
            name.replace("value", f"value_{indicator.pk}", 1) if name in {"value", "value_version"} else name: text
            for name, text in fields.items()
        }

        response = client.post(log_url(action), {"text": SENTENCE} | fields | {button: "1"})

        assert response.status_code in {200, 302, 403}
        assert client.get(log_url(action)).status_code == 200  # with the stored draft

    post()


@pytest.mark.prove
@pytest.mark.slow
def test_no_change_handles_random_input(client, official, action, period):
    @EXAMPLES
    @given(st.lists(ANYTHING, max_size=3), ANYTHING)
    def post(actions, chosen):
        response = client.post(reverse("strategies:log_no_change"), {"actions": actions, "period": chosen})

        assert response.status_code == 302

    post()


@pytest.mark.parametrize("told", ["²", "9" * 30, "x"])
def test_invalid_shown_period_is_ignored(client, official, action, told):
    assert (
        client.post(log_url(action), form_state(client, action) | {"text": SENTENCE, "told": told}).status_code == 302
    )


def test_repeated_form_without_text_is_shown_again(client, official, action):
    fields = form_state(client, action)
    client.post(log_url(action), fields | {"text": SENTENCE})

    response = client.post(log_url(action), fields)

    assert (response.status_code, SENTENCE in response.content.decode()) == (200, True)


@pytest.mark.parametrize("chosen", ["²", "9" * 30])
def test_no_change_with_an_invalid_action_shows_a_message(client, official, chosen):
    response = client.post(reverse("strategies:log_no_change"), {"actions": [chosen]}, follow=True)

    assert "First select the actions" in response.content.decode()


def test_draft_with_an_invalid_date_is_shown(client, official, action):
    client.post(log_url(action), form_state(client, action) | {"text": "Half", "date": "soon", "save_draft": "1"})

    page = client.get(log_url(action))

    assert (page.status_code, page.context["form"]["date"].value()) == (200, "soon")
