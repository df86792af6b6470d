"""Limits of what is kept of forms that are not saved: invalid tokens, sizes, numbers, addresses and age."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import form_inputs, form_tokens
from core.models import FormInput
from tests.factories import FormInputFactory

from .test_views_drafts import budget_form, send_budget
from .test_views_log import SENTENCE, form_state, log_url
from .test_views_unsaved import DRAFT, unsaved

pytestmark = pytest.mark.django_db


@pytest.fixture
def form_fields(client, official, action):
    return form_state(client, action)


def post_as_anonymous(action, token, **fields):
    fields = {"text": SENTENCE, "form_token": token} | fields
    return Client(headers={"Origin": "http://testserver"}).post(log_url(action), fields)


def test_tampered_or_expired_token_stores_nothing_and_returns_the_text(action, form_fields, monkeypatch):
    (token,) = form_fields["form_token"]
    responses = [post_as_anonymous(action, found) for found in (f"{token[:-2]}xx", "", "x", "a:b:c")]
    monkeypatch.setattr(form_tokens, "VALID_SECONDS", -1)
    responses.append(post_as_anonymous(action, token))

    assert {response.status_code for response in responses} == {403}
    assert all(SENTENCE in response.content.decode() for response in responses)
    assert unsaved() == []


def test_token_of_an_inactive_account_is_refused(official, action, form_fields):
    official.is_active = False
    official.save()

    assert post_as_anonymous(action, form_fields["form_token"]).status_code == 403


def test_too_long_text_is_not_stored(official, action, form_fields):
    long = "x" * (form_inputs.MAX_CHARACTERS + 1)

    response = post_as_anonymous(action, form_fields["form_token"], text=long)

    assert (response.status_code, unsaved(), long in response.content.decode()) == (403, [], True)


def test_too_large_post_is_refused(official, action, form_fields, settings):
    settings.UPLOAD_MAX_BYTES = 10
    big = SimpleUploadedFile("big.pdf", b"%PDF" + b"x" * 2 * 1024 * 1024, "application/pdf")

    response = post_as_anonymous(action, form_fields["form_token"], files=[big])

    assert (response.status_code, unsaved()) == (413, [])


def test_refused_file_is_reported_and_the_text_stored(official, action, form_fields):
    bad = SimpleUploadedFile("tool.exe", b"MZ\x90\x00" * 40, "application/octet-stream")
    anonymous = Client()

    anonymous.post(log_url(action), form_fields | {"text": SENTENCE, "files": [bad]})

    assert unsaved() == [(official, [SENTENCE])]
    assert "tool.exe" in anonymous.get(reverse(settings.LOGIN_URL)).content.decode()


def test_number_of_inputs_and_of_posts_is_limited(official, action, form_fields, monkeypatch):
    monkeypatch.setattr(form_inputs, "MAX_POSTS", 2)

    codes = [post_as_anonymous(action, form_fields["form_token"]).status_code for _ in range(3)]

    assert codes == [302, 302, 403]
    monkeypatch.setattr(form_inputs, "MAX_POSTS", 100)
    monkeypatch.setattr(form_inputs, "MAX_INPUTS", 1)
    other = form_tokens.FormToken(official.pk, "another", log_url(action)).signed()
    assert post_as_anonymous(action, other).status_code == 403


def test_other_content_of_a_saved_form_counts_towards_the_limit(client, official, action, monkeypatch):
    monkeypatch.setattr(form_inputs, "MAX_INPUTS", 2)
    fields = budget_form(client, action)

    codes = [send_budget(client, action, fields, source=f"Source {number}").status_code for number in range(4)]

    assert (codes, len(unsaved())) == ([302, 302, 302, 403], 2)


def test_drafts_of_many_windows_count_towards_the_limit(client, official, action, monkeypatch):
    monkeypatch.setattr(form_inputs, "MAX_INPUTS", 3)
    fields = form_state(client, action) | {"draft_version": "7"}  # never the stored one: each makes a new draft

    answers = [client.post(DRAFT, fields | {"text": f"Text {number}"}).json() for number in range(8)]

    assert len(unsaved()) == 4  # that of the form itself does not count
    assert "too many drafts" in answers[-1]["text"]


def test_unsaved_forms_of_everybody_are_limited(official, action, form_fields, monkeypatch):
    FormInputFactory.create_batch(2)
    monkeypatch.setattr(form_inputs, "MAX_INPUTS_IN_ALL", 2)

    page = post_as_anonymous(action, form_fields["form_token"])

    assert (page.status_code, len(unsaved())) == (403, 2)
    assert "There are too many unsaved forms on this site. Tell the coordinator" in page.content.decode()
    assert SENTENCE in page.content.decode()


@pytest.mark.slow
def test_stranger_with_an_old_token_is_stopped(official, action, form_fields, photo):
    """Whoever has found a page of somebody else posts it under other names and addresses, with files."""
    (token,) = form_fields["form_token"]
    codes = []
    for number in range(form_inputs.MAX_POSTS + 5):
        photo.seek(0)
        posted = {"text": "x" * 1000, "form_token": token, f"field{number}": "x", "files": [photo]}
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        codes.append(Client().post(f"{log_url(action)}?n={number}", posted, **address).status_code)

    assert codes == [302] * form_inputs.MAX_POSTS + [403] * 5
    assert FormInput.objects.count() == 1


def test_text_beyond_the_limit_leaves_no_copy(client, official, action):
    fields = budget_form(client, action)

    answer = send_budget(client, action, fields, junk="x" * (form_inputs.MAX_CHARACTERS + 1))

    assert (answer.status_code, FormInput.objects.count()) == (302, 0)


@pytest.mark.parametrize("proxies, codes", [(0, [302, 403]), (1, [302, 302]), (3, [302, 403])])
def test_rate_limit_uses_the_client_address_behind_proxies(
    official, everyone, action, monkeypatch, settings, proxies, codes
):
    monkeypatch.setattr(form_inputs, "MAX_POSTS", 1)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    users = [(official, "192.0.2.1"), (everyone["lead"], "192.0.2.2")]

    responses = [
        Client(headers={"x-forwarded-for": ip}).post(
            log_url(action),
            {"text": SENTENCE, "form_token": form_tokens.FormToken(user.pk, "n", log_url(action)).signed()},
            headers={"Origin": "http://testserver"},
        )
        for user, ip in users
    ]

    assert [response.status_code for response in responses] == codes


def test_count_of_posts_that_expires_meanwhile_begins_again(monkeypatch):
    def expired(key):
        raise ValueError

    monkeypatch.setattr(cache, "incr", expired)

    form_inputs._limit_rate("user-1")

    assert cache.get("form-input-user-1") == 1


def test_anonymous_user_is_redirected_whether_the_action_exists_or_not(db, action):
    responses = [Client().get(reverse("strategies:action_log", args=[pk])) for pk in (action.pk, 999_999)]

    assert [response.status_code for response in responses] == [302, 302]


def test_old_inputs_are_deleted(official):
    now = form_inputs.clock.now()
    ages = {"draft": form_inputs.DRAFT_MAX_AGE, "held": form_inputs.HELD_MAX_AGE, "sent": form_inputs.SENT_MAX_AGE}
    for state, age in ages.items():
        for extra in (1, -1):
            known = {"nonce": f"{state}{extra}", "state": state, "updated_at": now - age + extra * form_inputs.CLAIM}
            FormInput.objects.create(user=official, page="/", path="/", **known)

    assert form_inputs.delete_old() == 3
    assert FormInput.objects.filter(nonce__endswith="-1").count() == 0


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_address_that_is_too_long_is_no_server_error(official, action, is_signed_in):
    client = Client(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})
    if is_signed_in:
        client.force_login(official)
    token = form_tokens.FormToken(official.pk, "nonce", log_url(action)).signed()

    response = client.post(f"/cities/{'x' * 1500}/edit/", {"text": SENTENCE, "form_token": token})

    assert response.status_code in {302, 403, 404}
    assert unsaved() == []
