"""Edit conflicts: the second person to save sees both versions and keeps the input."""

from decimal import Decimal

import pytest
from django.urls import reverse

from core import clock
from strategies.models import Action, ActionUpdate, IndicatorValue, Narrative
from strategies.services import periods, values
from tests.factories import (
    ActionUpdateFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
)

from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db


def form_data(form):
    """Return the fields of an opened form, as a browser would send them."""
    fields = {}
    for bound in form:
        value = bound.value()
        if value not in (None, "", []) and value is not False and bound.name != "files":
            fields[bound.name] = value if isinstance(value, list | str) else str(value)
    return fields


def test_action_edit_conflict_shows_both_versions(client, official, action, everyone):
    url = reverse("strategies:action_edit", args=[action.pk])
    mine = form_data(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    theirs = form_data(client.get(url).context["form"])
    assert client.post(url, theirs | {"title": "Their title"}).status_code == 302

    client.force_login(official)
    response = client.post(url, mine | {"title": "My title", "description": "Mine too."})

    page = response.content.decode()
    assert (response.status_code, Action.objects.get().title) == (409, "Their title")
    assert "Their title" in page
    assert 'value="My title"' in page
    assert "Mine too." in page

    resubmitted = form_data(response.context["form"])
    assert client.post(url, resubmitted).status_code == 302
    assert (Action.objects.get().title, Action.objects.get().description) == ("My title", "Mine too.")


@pytest.mark.parametrize(
    "factory, name, field, theirs, mine",
    [
        (MilestoneFactory, "milestone_edit", "title", "Their title", "My title"),
        (BudgetLineFactory, "budgetline_edit", "source", "Their source", "My source"),
    ],
)
def test_action_part_edit_conflict_shows_both_versions(
    client, official, action, everyone, factory, name, field, theirs, mine
):
    part = factory(action=action)
    url = reverse(f"strategies:{name}", args=[part.pk])
    opened = form_data(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    assert client.post(url, form_data(client.get(url).context["form"]) | {field: theirs}).status_code == 302

    client.force_login(official)
    response = client.post(url, opened | {field: mine})

    part.refresh_from_db()
    page = response.content.decode()
    assert (response.status_code, getattr(part, field)) == (409, theirs)
    assert (theirs in page, f'value="{mine}"' in page) == (True, True)
    assert client.post(url, form_data(response.context["form"])).status_code == 302
    part.refresh_from_db()
    assert (getattr(part, field), part.version) == (mine, 3)


def test_update_edit_conflict_shows_both_versions(client, official, action, everyone):
    milestone = MilestoneFactory(action=action, title="Second venue")
    update = ActionUpdateFactory(action=action, text="First words.", author=official)
    url = reverse("strategies:update_edit", args=[update.pk])
    mine = form_data(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    client.post(url, form_data(client.get(url).context["form"]) | {"text": "Their words."})

    client.force_login(official)
    response = client.post(url, mine | {"text": "My words.", "milestones": [str(milestone.pk)]})

    page = response.content.decode()
    assert (response.status_code, ActionUpdate.objects.get().text) == (409, "Their words.")
    assert ("Their words." in page, "My words." in page, "Second venue" in page) == (True, True, True)
    names = {difference.label for difference in response.context["form"].differences}
    assert names == {"What has happened?", "Milestones reached"}

    client.post(url, form_data(response.context["form"]))
    update.refresh_from_db()
    assert (update.text, update.milestones.get()) == ("My words.", milestone)


def test_update_edit_keeps_unchanged_fields(client, official, action):
    milestone = MilestoneFactory(action=action)
    url = reverse("strategies:action_log", args=[action.pk])
    client.post(url, {"text": "Words.", "milestones": [milestone.pk], "spent": "12", "links": "https://example.org/a"})
    update = ActionUpdate.objects.get()
    edit = reverse("strategies:update_edit", args=[update.pk])

    client.post(edit, form_data(client.get(edit).context["form"]) | {"text": "Other words."})

    update.refresh_from_db()
    assert (update.text, int(update.spent), update.milestones.get()) == ("Other words.", 12, milestone)
    assert update.evidence.active().get().link == "https://example.org/a"


def test_narrative_edit_conflict_shows_both_versions(client, official, period, everyone):
    url = reverse("strategies:narrative_edit", args=[period.pk])
    client.post(url, form_data(client.get(url).context["form"]) | {"text": "First."})
    mine = form_data(client.get(url).context["form"])
    periods.save_narrative(period, by=everyone["lead"], text="Theirs.", language="sv", version=1)

    response = client.post(url, mine | {"text": "Mine."})

    page = response.content.decode()
    assert (response.status_code, "Theirs." in page, "Mine." in page) == (409, True, True)
    client.post(url, form_data(response.context["form"]))
    assert Narrative.objects.get().text == "Mine."


def test_first_narrative_conflict_is_reported(client, official, period, everyone):
    url = reverse("strategies:narrative_edit", args=[period.pk])
    mine = form_data(client.get(url).context["form"])
    periods.save_narrative(period, by=everyone["lead"], text="Theirs.", language="sv")

    response = client.post(url, mine | {"text": "Mine."})

    assert (response.status_code, Narrative.objects.get().text) == (409, "Theirs.")
    client.post(url, form_data(response.context["form"]))
    assert Narrative.objects.get().text == "Mine."


def test_value_conflict_is_reported(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy)
    url = reverse("strategies:values_edit", args=[period.pk])
    stored = IndicatorValueFactory(indicator=indicator, city_period=period, value="5")
    field, version = f"value_{indicator.pk}", f"version_{indicator.pk}"
    type(stored).objects.filter(pk=stored.pk).update(value="7", version=2)

    response = client.post(url, {field: "9", version: "1"})
    assert ("7" in " ".join(response.context["form"].errors[field]), type(stored).objects.get().value) == (True, 7)

    client.post(url, {field: "9", version: response.context["form"][version].value()})
    assert type(stored).objects.get().value == 9


def test_edit_without_a_change_meanwhile_is_saved(client, official, action):
    url = reverse("strategies:action_edit", args=[action.pk])

    assert client.post(url, form_data(client.get(url).context["form"]) | {"title": "New"}).status_code == 302


# ---- values in the logging form


@pytest.fixture
def indicator(action):
    return IndicatorFactory(strategy=action.strategy, action=action, name="Visits")


@pytest.fixture
def before(city, period):
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))


def stored_values():
    rows = IndicatorValue.objects.active().order_by("city_period__period__starts_on")
    return [(row.city_period, int(row.value)) for row in rows]


def resubmitted(response, **fields):
    """Return the fields of the form that was shown again, as a browser would send them."""
    form = response.context["form"]
    return (
        form_data(form) | {"form_uuid": str(response.context["form_uuid"]), "values_told": str(form.period.pk)} | fields
    )


def test_value_is_saved_only_in_the_period_shown_on_the_page(client, official, action, indicator, period, before):
    IndicatorValueFactory(indicator=indicator, city_period=before, value="10")
    name, day = f"value_{indicator.pk}", before.period.ends_on.isoformat()

    response = client.post(log_url(action), form_state(client, action) | {"text": SENTENCE, "date": day, name: "99"})

    page = response.content.decode()
    assert (response.status_code, ActionUpdate.objects.count(), stored_values()) == (200, 0, [(before, 10)])
    assert f"Indicator values for {before.period.name}" in page
    assert f"entered for {period.period.name}" in page
    assert "Already entered for this period: 10." in page

    assert client.post(log_url(action), resubmitted(response)).status_code == 302
    assert stored_values() == [(before, 99)]


def test_values_are_saved_in_the_chosen_period(client, official, action, indicator, period, before):
    fields = {"text": SENTENCE, "city_period": str(before.pk), "date": before.period.ends_on.isoformat()}

    response = client.post(log_url(action), form_state(client, action) | fields | {f"value_{indicator.pk}": "7"})

    assert (response.status_code, stored_values()) == (200, [])
    client.post(log_url(action), resubmitted(response))
    assert stored_values() == [(before, 7)]


def test_value_fields_follow_the_chosen_date(client, official, action, indicator, before, period):
    name = f"value_{indicator.pk}"
    query = {"date": before.period.ends_on.isoformat(), name: "1,5", "values_told": str(period.pk)}

    response = client.get(reverse("strategies:log_period", args=[action.pk]), query)

    page = response.content.decode()
    assert f"Indicator values for {before.period.name}" in page
    assert (f'name="values_told" value="{before.pk}"' in page, 'value="1,5"' in page) == (True, True)


def test_value_entered_meanwhile_is_reported_and_not_replaced(client, official, action, indicator, period, everyone):
    mine = form_state(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "99"}
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    response = client.post(log_url(action), mine)

    assert (response.status_code, ActionUpdate.objects.count(), stored_values()) == (409, 0, [(period, 10)])
    assert "Someone else has entered 10." in response.content.decode()
    assert response.context["form"][f"value_{indicator.pk}"].value() == "99"

    assert client.post(log_url(action), resubmitted(response)).status_code == 302
    assert (stored_values(), ActionUpdate.objects.count()) == ([(period, 99)], 1)


def test_equal_value_entered_meanwhile_is_no_conflict(client, official, action, indicator, period, everyone):
    mine = form_state(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "10"}
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    assert client.post(log_url(action), mine).status_code == 302
    assert stored_values() == [(period, 10)]


def test_value_changed_again_before_resubmission_is_reported_again(
    client, official, action, indicator, period, everyone
):
    mine = form_state(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "99"}
    theirs = values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))
    response = client.post(log_url(action), mine)
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(11), version=theirs.version)

    response = client.post(log_url(action), resubmitted(response))

    assert (response.status_code, stored_values()) == (409, [(period, 11)])


def test_value_of_a_withdrawn_indicator_is_reported(client, official, action, indicator):
    mine = form_state(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "5"}
    indicator.withdrawn_at = clock.now()
    indicator.save()

    response = client.post(log_url(action), mine)

    assert (response.status_code, list(response.context["form"].errors)) == (200, [f"value_{indicator.pk}"])


def test_draft_keeps_its_value_when_another_was_entered(client, official, action, indicator, period, everyone):
    name = f"value_{indicator.pk}"
    client.post(log_url(action), form_state(client, action) | {"text": "Half", name: "99", "save_draft": "1"})
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    page = client.get(log_url(action))
    assert page.context["form"][name].value() == "99"
    assert "Already entered for this period: 10." in page.content.decode()

    response = client.post(log_url(action), resubmitted(page))
    assert (response.status_code, stored_values()) == (409, [(period, 10)])


def test_draft_of_a_closed_period_shows_the_new_period_of_its_values(
    client, official, action, indicator, period, before, everyone
):
    day, name = before.period.ends_on.isoformat(), f"value_{indicator.pk}"
    fields = {"text": "Half", "date": day, name: "5", "values_told": str(before.pk), "save_draft": "1"}
    client.post(log_url(action), form_state(client, action) | fields)
    periods.submit_period(before, by=everyone["lead"])

    page = client.get(log_url(action)).content.decode()

    assert f"entered for {before.period.name}" in page
    assert f"Indicator values for {period.period.name}" in page
