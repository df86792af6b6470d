"""Two people, one record: the second is told, sees both versions and loses nothing."""

import pytest
from django.urls import reverse

from strategies.models import Action, ActionUpdate, Narrative
from strategies.services import periods
from tests.factories import ActionUpdateFactory, IndicatorFactory, IndicatorValueFactory, MilestoneFactory

pytestmark = pytest.mark.django_db


def shown(form):
    """What a browser would send back of an opened form."""
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
