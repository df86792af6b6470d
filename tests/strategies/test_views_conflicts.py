"""Two people edit one record: the second gets a message, sees both versions and loses no input."""

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

from .test_views_log import SENTENCE, hidden, url_of

pytestmark = pytest.mark.django_db


def shown(form):
    """Return the POST data of a form as a browser would send it."""
    fields = {}
    for bound in form:
        value = bound.value()
        if value not in (None, "", []) and value is not False and bound.name != "files":
            fields[bound.name] = value if isinstance(value, list | str) else str(value)
    return fields


def test_two_who_edit_an_action(client, official, action, everyone):
    url = reverse("strategies:action_edit", args=[action.pk])
    mine = shown(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    theirs = shown(client.get(url).context["form"])
    assert client.post(url, theirs | {"title": "Their title"}).status_code == 302

    client.force_login(official)
    told = client.post(url, mine | {"title": "My title", "description": "Mine too."})

    page = told.content.decode()
    assert (told.status_code, Action.objects.get().title) == (409, "Their title")
    assert "Their title" in page
    assert 'value="My title"' in page
    assert "Mine too." in page

    again = shown(told.context["form"])
    assert client.post(url, again).status_code == 302
    assert (Action.objects.get().title, Action.objects.get().description) == ("My title", "Mine too.")


@pytest.mark.parametrize(
    "factory, name, field, theirs, mine",
    [
        (MilestoneFactory, "milestone_edit", "title", "Their title", "My title"),
        (BudgetLineFactory, "budgetline_edit", "source", "Their source", "My source"),
    ],
)
def test_two_who_edit_a_part_of_an_action(client, official, action, everyone, factory, name, field, theirs, mine):
    part = factory(action=action)
    url = reverse(f"strategies:{name}", args=[part.pk])
    opened = shown(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    assert client.post(url, shown(client.get(url).context["form"]) | {field: theirs}).status_code == 302

    client.force_login(official)
    told = client.post(url, opened | {field: mine})

    part.refresh_from_db()
    page = told.content.decode()
    assert (told.status_code, getattr(part, field)) == (409, theirs)
    assert (theirs in page, f'value="{mine}"' in page) == (True, True)
    assert client.post(url, shown(told.context["form"])).status_code == 302
    part.refresh_from_db()
    assert (getattr(part, field), part.version) == (mine, 3)


def test_two_who_edit_an_update(client, official, action, everyone):
    milestone = MilestoneFactory(action=action, title="Second venue")
    update = ActionUpdateFactory(action=action, text="First words.", author=official)
    url = reverse("strategies:update_edit", args=[update.pk])
    mine = shown(client.get(url).context["form"])
    client.force_login(everyone["lead"])
    client.post(url, shown(client.get(url).context["form"]) | {"text": "Their words."})

    client.force_login(official)
    told = client.post(url, mine | {"text": "My words.", "milestones": [str(milestone.pk)]})

    page = told.content.decode()
    assert (told.status_code, ActionUpdate.objects.get().text) == (409, "Their words.")
    assert ("Their words." in page, "My words." in page, "Second venue" in page) == (True, True, True)
    names = {difference.label for difference in told.context["form"].differences}
    assert names == {"What has happened?", "Milestones reached"}

    client.post(url, shown(told.context["form"]))
    update.refresh_from_db()
    assert (update.text, update.milestones.get()) == ("My words.", milestone)


def test_changing_an_update_keeps_what_was_not_touched(client, official, action):
    milestone = MilestoneFactory(action=action)
    url = reverse("strategies:action_log", args=[action.pk])
    client.post(url, {"text": "Words.", "milestones": [milestone.pk], "spent": "12", "links": "https://example.org/a"})
    update = ActionUpdate.objects.get()
    edit = reverse("strategies:update_edit", args=[update.pk])

    client.post(edit, shown(client.get(edit).context["form"]) | {"text": "Other words."})

    update.refresh_from_db()
    assert (update.text, int(update.spent), update.milestones.get()) == ("Other words.", 12, milestone)
    assert update.evidence.standing().get().link == "https://example.org/a"


def test_two_who_write_the_narrative(client, official, period, everyone):
    url = reverse("strategies:narrative_edit", args=[period.pk])
    client.post(url, shown(client.get(url).context["form"]) | {"text": "First."})
    mine = shown(client.get(url).context["form"])
    periods.save_narrative(period, by=everyone["lead"], text="Theirs.", language="sv", version=1)

    told = client.post(url, mine | {"text": "Mine."})

    page = told.content.decode()
    assert (told.status_code, "Theirs." in page, "Mine." in page) == (409, True, True)
    client.post(url, shown(told.context["form"]))
    assert Narrative.objects.get().text == "Mine."


def test_two_who_write_the_first_narrative(client, official, period, everyone):
    url = reverse("strategies:narrative_edit", args=[period.pk])
    mine = shown(client.get(url).context["form"])
    periods.save_narrative(period, by=everyone["lead"], text="Theirs.", language="sv")

    told = client.post(url, mine | {"text": "Mine."})

    assert (told.status_code, Narrative.objects.get().text) == (409, "Theirs.")
    client.post(url, shown(told.context["form"]))
    assert Narrative.objects.get().text == "Mine."


def test_two_who_enter_a_value(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy)
    url = reverse("strategies:values_edit", args=[period.pk])
    stored = IndicatorValueFactory(indicator=indicator, city_period=period, value="5")
    field, version = f"value_{indicator.pk}", f"version_{indicator.pk}"
    type(stored).objects.filter(pk=stored.pk).update(value="7", version=2)

    told = client.post(url, {field: "9", version: "1"})
    assert ("7" in " ".join(told.context["form"].errors[field]), type(stored).objects.get().value) == (True, 7)

    client.post(url, {field: "9", version: told.context["form"][version].value()})
    assert type(stored).objects.get().value == 9


def test_the_same_press_without_a_change_meanwhile_is_no_conflict(client, official, action):
    url = reverse("strategies:action_edit", args=[action.pk])

    assert client.post(url, shown(client.get(url).context["form"]) | {"title": "New"}).status_code == 302


# ---- values in the logging form


@pytest.fixture
def indicator(action):
    return IndicatorFactory(strategy=action.strategy, action=action, name="Visits")


@pytest.fixture
def before(city, period):
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))


def told_values():
    rows = IndicatorValue.objects.standing().order_by("city_period__period__starts_on")
    return [(row.city_period, int(row.value)) for row in rows]


def again(answer, **fields):
    """Return the POST data of the page that was shown again."""
    form = answer.context["form"]
    return shown(form) | {"form_uuid": str(answer.context["form_uuid"]), "values_told": str(form.period.pk)} | fields


def test_a_value_is_saved_only_into_the_period_that_the_page_named(client, official, action, indicator, period, before):
    IndicatorValueFactory(indicator=indicator, city_period=before, value="10")
    name, day = f"value_{indicator.pk}", before.period.ends_on.isoformat()

    told = client.post(url_of(action), hidden(client, action) | {"text": SENTENCE, "date": day, name: "99"})

    page = told.content.decode()
    assert (told.status_code, ActionUpdate.objects.count(), told_values()) == (200, 0, [(before, 10)])
    assert f"Indicator values for {before.period.name}" in page
    assert f"typed for {period.period.name}" in page
    assert "Entered for this period already: 10." in page

    assert client.post(url_of(action), again(told)).status_code == 302
    assert told_values() == [(before, 99)]


def test_a_chosen_period_moves_the_values_too(client, official, action, indicator, period, before):
    fields = {"text": SENTENCE, "city_period": str(before.pk), "date": before.period.ends_on.isoformat()}

    told = client.post(url_of(action), hidden(client, action) | fields | {f"value_{indicator.pk}": "7"})

    assert (told.status_code, told_values()) == (200, [])
    client.post(url_of(action), again(told))
    assert told_values() == [(before, 7)]


def test_the_values_follow_the_date_while_one_chooses(client, official, action, indicator, before, period):
    name = f"value_{indicator.pk}"
    asked = {"date": before.period.ends_on.isoformat(), name: "1,5", "values_told": str(period.pk)}

    answer = client.get(reverse("strategies:log_period", args=[action.pk]), asked)

    page = answer.content.decode()
    assert f"Indicator values for {before.period.name}" in page
    assert (f'name="values_told" value="{before.pk}"' in page, 'value="1,5"' in page) == (True, True)


def test_a_value_that_came_meanwhile_is_told_and_not_replaced(client, official, action, indicator, period, everyone):
    mine = hidden(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "99"}
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    told = client.post(url_of(action), mine)

    assert (told.status_code, ActionUpdate.objects.count(), told_values()) == (409, 0, [(period, 10)])
    assert "Somebody else has entered 10 meanwhile." in told.content.decode()
    assert told.context["form"][f"value_{indicator.pk}"].value() == "99"

    assert client.post(url_of(action), again(told)).status_code == 302
    assert (told_values(), ActionUpdate.objects.count()) == ([(period, 99)], 1)


def test_the_same_value_that_came_meanwhile_is_no_conflict(client, official, action, indicator, period, everyone):
    mine = hidden(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "10"}
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    assert client.post(url_of(action), mine).status_code == 302
    assert told_values() == [(period, 10)]


def test_a_value_that_changes_between_two_presses_is_told_again(client, official, action, indicator, period, everyone):
    mine = hidden(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "99"}
    theirs = values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))
    told = client.post(url_of(action), mine)
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(11), version=theirs.version)

    told = client.post(url_of(action), again(told))

    assert (told.status_code, told_values()) == (409, [(period, 11)])


def test_a_value_of_an_indicator_that_is_gone_is_said_not_dropped(client, official, action, indicator):
    mine = hidden(client, action) | {"text": SENTENCE, f"value_{indicator.pk}": "5"}
    indicator.withdrawn_at = clock.now()
    indicator.save()

    told = client.post(url_of(action), mine)

    assert (told.status_code, list(told.context["form"].errors)) == (200, [f"value_{indicator.pk}"])


def test_a_draft_keeps_its_values_though_somebody_else_was_first(client, official, action, indicator, period, everyone):
    name = f"value_{indicator.pk}"
    client.post(url_of(action), hidden(client, action) | {"text": "Half", name: "99", "save_draft": "1"})
    values.set_value(indicator, period, by=everyone["lead"], value=Decimal(10))

    page = client.get(url_of(action))
    assert page.context["form"][name].value() == "99"
    assert "Entered for this period already: 10." in page.content.decode()

    told = client.post(url_of(action), again(page))
    assert (told.status_code, told_values()) == (409, [(period, 10)])


def test_a_draft_of_a_period_that_has_closed_says_where_its_values_go_now(
    client, official, action, indicator, period, before, everyone
):
    day, name = before.period.ends_on.isoformat(), f"value_{indicator.pk}"
    fields = {"text": "Half", "date": day, name: "5", "values_told": str(before.pk), "save_draft": "1"}
    client.post(url_of(action), hidden(client, action) | fields)
    periods.submit_period(before, by=everyone["lead"])

    page = client.get(url_of(action)).content.decode()

    assert f"typed for {before.period.name}" in page
    assert f"Indicator values for {period.period.name}" in page
