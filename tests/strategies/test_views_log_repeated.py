"""The form to log an update, sent twice or after going back: nothing is doubled, and no correction is dropped."""

from datetime import timedelta

import pytest

from cities.models import StoredFile
from core.models import FormInput
from strategies.models import ActionUpdate, IndicatorValue
from strategies.services.updates import withdraw_update
from tests.factories import (
    ActionUpdateFactory,
    IndicatorFactory,
    MilestoneFactory,
)
from tests.page_forms import values_on

from .test_views_log import SENTENCE, form_state, log_url, post_update

pytestmark = pytest.mark.django_db


def test_repeated_post_creates_one_update(client, official, action):
    fields = form_state(client, action) | {"text": SENTENCE}

    responses = [client.post(log_url(action), fields) for _ in range(2)]

    assert [response.status_code for response in responses] == [302, 302]
    assert ActionUpdate.objects.count() == 1


def test_repeated_form_with_another_text_is_shown_again(client, official, action):
    fields = form_state(client, action)
    client.post(log_url(action), fields | {"text": SENTENCE})

    response = client.post(log_url(action), fields | {"text": "Something else."})

    page = response.content.decode()
    assert (response.status_code, SENTENCE in page, "Something else." in page) == (200, True, True)
    hidden = {"form_uuid": str(response.context["form_uuid"]), "saved": str(ActionUpdate.objects.get().pk)}
    again = fields | {"text": "Something else."} | hidden
    client.post(log_url(action), again)
    assert ActionUpdate.objects.count() == 2


@pytest.mark.slow
def test_amount_corrected_after_going_back_is_shown_and_corrects_the_update(client, official, action, photo):
    indicator = IndicatorFactory(strategy=action.strategy, action=action, name="Pairs")
    milestone, name = MilestoneFactory(action=action), f"value_{indicator.pk}"
    opened = client.get(log_url(action)).context["form"]
    fields = {bound.name: str(bound.value()) for bound in opened if bound.value() not in (None, "", [])}
    fields |= form_state(client, action) | {"text": SENTENCE, "milestones": [milestone.pk], name: "3", "spent": "100"}
    client.post(log_url(action), fields | {"files": [photo]})
    photo.seek(0)

    response = client.post(log_url(action), fields | {"spent": "1000", name: "4", "files": [photo]})

    saved = ActionUpdate.objects.get()
    differences = {row.label.split(" (")[0]: (row.theirs, row.yours) for row in response.context["form"].differences}
    assert differences == {"Spent since the last update": ("100", "1,000"), "Pairs": ("3", "4")}
    assert (saved.spent, response.context["saved"]) == (100, saved)
    assert "kept_file" not in values_on(response, "text")

    hidden = {"form_uuid": str(response.context["form_uuid"]), "saved": str(saved.pk)}
    hidden |= {f"{name}_version": "1", "version": str(response.context["form"]["version"].value())}
    refused = client.post(log_url(action), fields | hidden | {"spent": "1000", name: "some", "correct": "1"})
    differences = {row.label.split(" (")[0]: (row.theirs, row.yours) for row in refused.context["form"].differences}
    assert differences == {"Spent since the last update": ("100", "1,000")}  # the file that is attached is none
    page = refused.content.decode()
    assert ("Entered now" in page, "is the same." in page, "Nothing has been saved yet" in page) == (True, False, False)

    answer = client.post(log_url(action), fields | hidden | {"spent": "1000", name: "4", "correct": "1"})

    saved = ActionUpdate.objects.get()
    assert (answer.status_code, saved.spent, saved.milestones.get()) == (302, 1000, milestone)
    assert (IndicatorValue.objects.active().get().value, saved.evidence.active().count()) == (4, 1)


def test_other_content_can_be_saved_as_another_update(client, official, action):
    milestone = MilestoneFactory(action=action)
    fields = form_state(client, action) | {"text": SENTENCE, "milestones": [milestone.pk], "spent": "100"}
    client.post(log_url(action), fields)
    response = client.post(log_url(action), fields | {"spent": "1000"})
    hidden = {"form_uuid": str(response.context["form_uuid"]), "saved": str(ActionUpdate.objects.get().pk)}

    client.post(log_url(action), fields | hidden | {"spent": "1000", "save": "1"})

    assert sorted(int(row.spent) for row in ActionUpdate.objects.all()) == [100, 1000]
    assert milestone.reached.count() == 1


def opened_form(client, action):
    """Return all fields of the opened form, as a browser would send them."""
    form = client.get(log_url(action)).context["form"]
    shown = {bound.name: str(bound.value()) for bound in form if bound.value() not in (None, "", [])}
    return shown | form_state(client, action) | {"text": SENTENCE}


def test_form_that_the_browser_opened_anew_after_going_back_is_asked_about(client, official, action):
    """The first update was meant to be corrected: saved as another one, both amounts would be counted."""
    milestone = MilestoneFactory(action=action)
    client.post(log_url(action), opened_form(client, action) | {"spent": "100", "milestones": [milestone.pk]})
    fields = opened_form(client, action) | {"spent": "1000"}

    response = client.post(log_url(action), fields)

    saved = ActionUpdate.objects.get()
    differences = [(row.theirs, row.yours) for row in response.context["form"].differences]
    assert (saved.spent, response.context["saved"], differences) == (100, saved, [("100", "1,000")])
    assert "You logged an update for this day a few minutes ago" in response.content.decode()

    version = str(response.context["form"]["version"].value())
    hidden = {"saved": str(saved.pk), "version": version, "milestones": response.context["form"]["milestones"].value()}
    refused = client.post(
        log_url(action), fields | hidden | {"new_form": "1", "people_reached": "some", "correct": "1"}
    )
    assert 'name="new_form"' in response.content.decode()
    assert "You logged an update for this day a few minutes ago" in refused.content.decode()
    client.post(log_url(action), fields | hidden | {"correct": "1"})

    saved = ActionUpdate.objects.get()
    assert (saved.spent, saved.milestones.get()) == (1000, milestone)
    assert not FormInput.objects.exclude(state="sent").exists()


def test_number_typed_in_another_way_is_no_difference(client, official, action):
    official.language = "sv"
    official.save()
    client.post(log_url(action), opened_form(client, action) | {"spent": "1500", "people_reached": "12"})

    response = client.post(log_url(action), opened_form(client, action) | {"spent": "1 500", "people_reached": "1 300"})

    assert [(row.theirs, row.yours) for row in response.context["form"].differences] == [("12", "1\u00a0300")]


def test_correcting_deletes_the_draft_of_the_form(client, official, action):
    client.post(log_url(action), opened_form(client, action) | {"spent": "100"})
    fields = opened_form(client, action) | {"spent": "1000"}
    client.post(log_url(action), fields | {"save_draft": "1"})
    hidden = {"saved": str(ActionUpdate.objects.get().pk), "version": "1", "correct": "1"}

    client.post(log_url(action), fields | hidden)

    assert ActionUpdate.objects.get().spent == 1000
    assert not FormInput.objects.exclude(state="sent").exists()


def test_same_input_in_a_form_opened_anew_is_asked_about(client, official, action):
    client.post(log_url(action), opened_form(client, action) | {"spent": "100"})

    response = client.post(log_url(action), opened_form(client, action) | {"spent": "100"})

    assert (ActionUpdate.objects.count(), response.context["form"].differences) == (1, [])
    assert "What you entered now is identical to what was saved." in response.content.decode()


def _earlier(update, **fields):
    ActionUpdate.objects.filter(pk=update.pk).update(**fields)


@pytest.mark.parametrize(
    "change",
    [
        lambda update, lead: _earlier(update, created_at=update.created_at - timedelta(minutes=11)),
        lambda update, lead: _earlier(update, date=update.date - timedelta(days=1)),
        lambda update, lead: _earlier(update, author=lead),
        lambda update, lead: _earlier(update, is_no_change=True),
        lambda update, lead: withdraw_update(update, by=lead, reason="Logged by mistake."),
    ],
    ids=["earlier", "other day", "other person", "nothing new", "withdrawn"],
)
def test_other_updates_are_not_asked_about(client, official, action, everyone, change):
    post_update(client, action, spent="100")
    change(ActionUpdate.objects.get(), everyone["lead"])

    response = post_update(client, action, spent="1000")

    assert (response.status_code, ActionUpdate.objects.count()) == (302, 2)


def test_repeated_form_with_files_creates_one_update(client, official, action, photo):
    fields = form_state(client, action) | {"text": SENTENCE}
    client.post(log_url(action), fields | {"save_draft": "1", "files": [photo]})
    kept = f"files:{StoredFile.objects.get().uuid}"

    answers = [client.post(log_url(action), fields | {"kept_file": [kept]}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert ActionUpdate.objects.get().evidence.count() == 1


def test_update_of_somebody_else_is_not_corrected(client, official, action, everyone):
    theirs = ActionUpdateFactory(action=action, author=everyone["lead"], text="Theirs.")
    fields = form_state(client, action) | {"text": SENTENCE, "saved": str(theirs.pk), "correct": "1"}

    client.post(log_url(action), fields)

    theirs.refresh_from_db()
    assert theirs.text == "Theirs."


def test_repeated_form_with_another_value_is_shown_again(client, official, action):
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    fields = form_state(client, action) | {"text": SENTENCE}
    client.post(log_url(action), fields)

    response = client.post(log_url(action), fields | {f"value_{indicator.pk}": "5"})

    assert (response.status_code, response.context["form"][f"value_{indicator.pk}"].value()) == (200, "5")
