"""Arbitrary POST data to the update form and to *no change* gives a page or a message, never a server error."""

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
from tests.proofs import examples

from .test_views_log import SENTENCE, hidden, url_of

pytestmark = pytest.mark.django_db

ODD = ["²", "9" * 30, "-1", "1e999", "NaN", "\x00", "0001-01-01", "9999-12-31", "x" * 300, "https://", "", "1", "on"]
ANYTHING = st.one_of(st.sampled_from(ODD), st.text(max_size=20))
NAMES = [
    *["text", "stage", "date", "spent", "spent_reason", "budget_line", "people_reached", "progress", "challenges"],
    *["next_step", "visibility", "on_behalf_of", "language", "milestones", "links", "city_period", "version", "kept"],
    *["told", "values_told", "form_uuid", "note", "value", "value_version", "value_²", "value_x"],
]
BUTTONS = st.sampled_from(["save", "save_next", "save_draft"])
FEW = examples(few=20, many=1_000)


@pytest.fixture
def full(action):
    """An action for which the form shows every field."""
    MilestoneFactory(action=action)
    BudgetLineFactory(action=action)
    CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    return IndicatorFactory(strategy=action.strategy, action=action)


@pytest.mark.prove
@pytest.mark.slow
def test_the_logging_form_takes_whatever_comes(client, official, action, full):
    @FEW
    @given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6), BUTTONS)
    def post(fields, button):
        fields = {
            name.replace("value", f"value_{full.pk}", 1) if name in {"value", "value_version"} else name: text
            for name, text in fields.items()
        }

        answer = client.post(url_of(action), {"text": SENTENCE} | fields | {button: "1"})

        assert answer.status_code in {200, 302, 403}
        assert client.get(url_of(action)).status_code == 200  # with the saved draft

    post()


@pytest.mark.prove
@pytest.mark.slow
def test_nothing_new_takes_whatever_comes(client, official, action, period):
    @FEW
    @given(st.lists(ANYTHING, max_size=3), ANYTHING)
    def post(actions, chosen):
        answer = client.post(reverse("strategies:nothing_new"), {"actions": actions, "period": chosen})

        assert answer.status_code == 302

    post()


@pytest.mark.parametrize("told", ["²", "9" * 30, "x"])
def test_a_told_period_that_is_none_is_no_error(client, official, action, told):
    assert client.post(url_of(action), hidden(client, action) | {"text": SENTENCE, "told": told}).status_code == 302


def test_the_same_form_again_without_its_words_is_no_error(client, official, action):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": SENTENCE})

    answer = client.post(url_of(action), carried)

    assert (answer.status_code, SENTENCE in answer.content.decode()) == (200, True)


@pytest.mark.parametrize("chosen", ["²", "9" * 30])
def test_nothing_new_of_what_is_no_action_is_a_sentence(client, official, chosen):
    answer = client.post(reverse("strategies:nothing_new"), {"actions": [chosen]}, follow=True)

    assert "Tick the actions" in answer.content.decode()


def test_a_draft_with_a_day_that_is_none_is_shown(client, official, action):
    client.post(url_of(action), hidden(client, action) | {"text": "Half", "date": "soon", "save_draft": "1"})

    page = client.get(url_of(action))

    assert (page.status_code, page.context["form"]["date"].value()) == (200, "soon")
