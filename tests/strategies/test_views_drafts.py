"""Drafts, and forms that create something and are sent twice."""

import pytest
from django.urls import reverse

from core import form_inputs, form_tokens
from core.models import FormInput
from strategies.models import ActionUpdate, BudgetLine
from tests.page_forms import form_on, values_on

from .test_views_log import SENTENCE, form_state, log_url
from .test_views_unsaved import DRAFT, typed_on, unsaved

pytestmark = pytest.mark.django_db


# ---- drafts


def test_draft_is_restored_for_its_author_only(client, official, action, photo, everyone):
    fields = form_state(client, action) | {"text": "Half a", "spent": "about 5", "save_draft": "1", "files": [photo]}
    client.post(log_url(action), fields)

    page = client.get(log_url(action))
    values = values_on(page, "text")
    assert (values["text"], values["spent"], len(values["kept_file"])) == (["Half a"], ["about 5"], 1)
    assert values["form_uuid"] == fields["form_uuid"]
    assert "data-errors" not in page.content.decode()
    assert str(action) in client.get(reverse("strategies:my_work")).content.decode()

    client.force_login(everyone["lead"])
    assert typed_on(client, log_url(action))["text"] == [""]


def test_saved_update_deletes_the_draft_and_keeps_its_files(client, official, action, photo):
    fields = form_state(client, action) | {"text": "Half a", "save_draft": "1", "files": [photo]}
    client.post(log_url(action), fields)

    client.post(log_url(action), values_on(client.get(log_url(action)), "text") | {"text": SENTENCE})

    assert (unsaved(), ActionUpdate.objects.get().evidence.count()) == ([], 1)
    assert typed_on(client, log_url(action))["text"] == [""]


def test_autosave_stores_the_draft_and_its_files(client, official, action, photo):
    client.post(log_url(action), form_state(client, action) | {"text": "Half", "save_draft": "1", "files": [photo]})
    fields = values_on(client.get(log_url(action)), "text")

    response = client.post(DRAFT, fields | {"text": "Half a room"})

    assert list(response.json()) == ["saved_at", "draft_version"]
    row = FormInput.objects.get()
    assert (row.fields["text"], len(row.files), row.title) == (["Half a room"], 1, str(action))


def test_autosave_after_the_update_stores_no_draft(client, official, action):
    fields = form_state(client, action) | {"text": SENTENCE}
    client.post(log_url(action), fields | {"draft_version": "pending"})

    response = client.post(DRAFT, fields)

    assert ("already been saved" in response.json()["text"], unsaved()) == (True, [])


def test_draft_of_another_window_is_not_overwritten(client, official, action):
    first, second = form_state(client, action), form_state(client, action)

    client.post(DRAFT, first | {"text": "First window"})
    client.post(DRAFT, second | {"text": "Second window"})

    assert unsaved() == [(official, ["First window"]), (official, ["Second window"])]
    page = client.get(log_url(action))
    assert values_on(page, "text")["text"] == ["Second window"]
    assert "Open your other draft" in page.content.decode()


def test_two_windows_with_one_draft_get_a_draft_each(client, official, action):
    client.post(DRAFT, form_state(client, action) | {"text": "Half"})
    first, second = (values_on(client.get(log_url(action)), "text") for _window in range(2))
    client.post(DRAFT, first | {"text": "First window"})

    answer = client.post(DRAFT, second | {"text": "Second window"}).json()

    assert sorted(text for _user, (text,) in unsaved()) == ["First window", "Second window"]
    later = {"form_token": answer["form_token"], "draft_version": answer["draft_version"]}
    client.post(DRAFT, second | later | {"text": "Second window, later"})
    assert sorted(text for _user, (text,) in unsaved()) == ["First window", "Second window, later"]


def test_too_long_draft_is_refused_and_the_text_kept_on_the_page(client, official, action, monkeypatch):
    monkeypatch.setattr(form_inputs, "MAX_CHARACTERS", 2000)
    fields, long = form_state(client, action), "x" * 2001

    page = client.post(log_url(action), fields | {"text": long, "save_draft": "1"})
    autosave = client.post(DRAFT, fields | {"text": long}).json()

    assert "too long to be saved as a draft" in page.content.decode()
    assert form_on(page, "text").values()["text"] == [long]
    assert "too long to be saved as a draft" in autosave["text"]
    assert unsaved() == []


# ---- a form that creates something, sent twice


def budget_form(client, action):
    return values_on(client.get(reverse("strategies:budgetline_add", args=[action.pk])), "amount")


def send_budget(client, action, fields, **typed):
    values = fields | {"amount": "100", "source": "City", "year": str(action.city.today.year)} | typed
    return client.post(reverse("strategies:budgetline_add", args=[action.pk]), values)


def test_same_form_sent_again_is_answered_as_the_first_time(client, official, action):
    fields = budget_form(client, action)

    first, second = (send_budget(client, action, fields) for _time in range(2))

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert BudgetLine.objects.count() == 1
    said = [str(message) for message in client.get(first.url).context["messages"]]
    assert len(said) == 2
    assert said[0] == said[1]


def test_other_content_after_back_shows_both_and_asks(client, official, action):
    fields = budget_form(client, action)
    send_budget(client, action, fields, source="The City")

    second = send_budget(client, action, fields, source="The <Region>")
    page = client.get(second.url)

    html = page.content.decode()
    assert BudgetLine.objects.count() == 1
    assert "You have already sent this form" in html
    assert "The City" in html
    assert "The &lt;Region&gt;" in html
    client.post(reverse("strategies:budgetline_add", args=[action.pk]), values_on(page, "amount"))
    assert BudgetLine.objects.count() == 2
    assert unsaved() == []


def test_equal_budget_lines_are_added_by_the_button_once_for_each_opened_form(client, official, action):
    """A form that is opened anew and confirmed is meant; the same form that is sent again is not."""
    send_budget(client, action, budget_form(client, action))
    for expected in (2, 3):
        page = send_budget(client, action, budget_form(client, action))
        assert (page.status_code, BudgetLine.objects.count()) == (200, expected - 1)
        another = values_on(page, "amount") | {"save": "Save as another budget line"}

        answers = {send_budget(client, action, another).url for _time in range(2)}

        assert (len(answers), BudgetLine.objects.count()) == (1, expected)


def test_form_with_an_error_can_be_sent_again(client, official, action):
    fields = budget_form(client, action)

    page = send_budget(client, action, fields, amount="nothing")
    send_budget(client, action, values_on(page, "amount"))
    send_budget(client, action, fields)

    assert BudgetLine.objects.count() == 1
    assert unsaved() == []


def test_form_whose_process_died_is_found_after_a_minute_and_can_be_sent_at_once(client, official, action):
    fields = budget_form(client, action)
    token = form_tokens.read(fields["form_token"][0])
    url = reverse("strategies:budgetline_add", args=[action.pk])
    now = form_inputs.clock.now()
    row = FormInput.objects.create(
        user=official, nonce=token.nonce, page=url, path=url, state="held", claimed_at=now, fields={"source": ["City"]}
    )

    assert form_inputs.unsaved_inputs(official) == []
    FormInput.objects.update(claimed_at=now - 2 * form_inputs.CLAIM)
    assert form_inputs.unsaved_inputs(official) == [row]
    send_budget(client, action, fields, amount="nothing")
    assert form_inputs.unsaved_inputs(official) == [row]
    assert send_budget(client, action, fields).status_code == 302
    assert (BudgetLine.objects.count(), unsaved()) == (1, [])
