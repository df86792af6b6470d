"""Signed form tokens: a post without a session is stored as its author's draft, and permits nothing else."""

import pytest
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import clock
from strategies.models import ActionUpdate, UpdateDraft
from strategies.services import form_tokens
from tests.factories import ActionFactory

from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def form_fields(client, official, action):
    return form_state(client, action)


def stored_drafts():
    return [(draft.author, draft.fields["text"]) for draft in UpdateDraft.objects.all()]


# ---- the session has ended


def test_post_without_session_becomes_the_authors_draft(client, official, action, form_fields, photo):
    client.logout()

    response = client.post(log_url(action), form_fields | {"text": SENTENCE, "files": [photo]})

    assert response.url == f"{reverse(settings.LOGIN_URL)}?next={log_url(action)}"
    assert (stored_drafts(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)
    client.force_login(official)
    page = client.get(log_url(action))
    assert (page.context["form"]["text"].value(), len(page.context["kept"])) == (SENTENCE, 1)

    client.post(log_url(action), form_fields | {"text": SENTENCE, "kept": [str(page.context["kept"][0].uuid)]})
    assert (ActionUpdate.objects.get().evidence.count(), UpdateDraft.objects.count()) == (1, 0)


def test_post_without_cookies_becomes_a_draft_with_csrf_enforced(official, action, form_fields):
    anonymous = Client(enforce_csrf_checks=True)

    response = anonymous.post(log_url(action), form_fields | {"text": SENTENCE})

    assert (response.status_code, stored_drafts()) == (302, [(official, [SENTENCE])])


def test_draft_is_hidden_from_another_user(client, official, everyone, action, form_fields):
    client.logout()
    client.post(log_url(action), form_fields | {"text": SENTENCE})

    client.force_login(everyone["lead"])
    page = client.get(log_url(action))

    assert (page.context["draft"], SENTENCE in page.content.decode()) == (None, False)


def test_post_without_session_keeps_the_existing_draft(client, official, action, form_fields):
    other = form_state(client, action)
    client.post(reverse("strategies:draft_save", args=[action.pk]), other | {"text": "An older thought."})
    client.logout()

    client.post(log_url(action), form_fields | {"text": SENTENCE})

    assert stored_drafts() == [(official, [f"{SENTENCE}\n\nAn older thought."])]


def test_autosave_without_session_stores_nothing_and_reports_it(client, official, action, form_fields):
    client.logout()

    response = client.post(reverse("strategies:draft_save", args=[action.pk]), form_fields | {"text": SENTENCE})

    assert ("signed out" in response.json()["text"], UpdateDraft.objects.count()) == (True, 0)


# ---- another user, or the same user in a new session


def test_form_of_another_user_becomes_the_draft_of_its_author(client, official, everyone, action, form_fields):
    client.force_login(everyone["lead"])

    response = client.post(log_url(action), form_fields | {"text": SENTENCE})

    assert response.url == reverse("strategies:my_work")
    assert (stored_drafts(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)


def test_old_csrf_token_of_the_same_user_returns_the_form(official, action, form_fields):
    new_client = Client(enforce_csrf_checks=True)
    new_client.force_login(official)

    response = new_client.post(log_url(action), form_fields | {"text": SENTENCE})

    assert (response.url, stored_drafts(), ActionUpdate.objects.count()) == (
        log_url(action),
        [(official, [SENTENCE])],
        0,
    )


def test_cross_site_post_stores_nothing(official, action):
    victim = Client(enforce_csrf_checks=True)
    victim.force_login(official)

    response = victim.post(log_url(action), {"text": "Forged."}, headers={"Origin": "https://evil.example"})
    draft = victim.post(reverse("strategies:draft_save", args=[action.pk]), {"text": "Forged."})

    assert (response.status_code, draft.json().keys()) == (403, {"text"})
    assert (ActionUpdate.objects.count(), UpdateDraft.objects.count()) == (0, 0)


# ---- invalid tokens


def post_as_anonymous(action, token, **fields):
    return Client().post(log_url(action), {"text": SENTENCE, "note": token} | fields)


def test_tampered_token_stores_nothing_and_returns_the_text(official, action, form_fields):
    response = post_as_anonymous(action, form_fields["note"][:-2] + "xx")

    assert (response.status_code, UpdateDraft.objects.count()) == (403, 0)
    assert SENTENCE in response.content.decode()


def test_token_of_another_action_is_refused(official, city, action, form_fields):
    other = ActionFactory(city=city)

    assert post_as_anonymous(other, form_fields["note"]).status_code == 403
    assert UpdateDraft.objects.count() == 0


@pytest.mark.parametrize("value", ["", "x", ("no list", form_tokens.SALT), ([1, 1], "another salt")])
def test_malformed_token_is_refused(official, action, value):
    token = value if isinstance(value, str) else signing.dumps(value[0], salt=value[1])

    assert post_as_anonymous(action, token).status_code == 403


def test_expired_token_is_refused(official, action, form_fields, monkeypatch):
    monkeypatch.setattr(form_tokens, "VALID_SECONDS", -1)

    response = post_as_anonymous(action, form_fields["note"])

    assert (response.status_code, UpdateDraft.objects.count()) == (403, 0)


def test_token_of_a_former_member_is_refused(official, action, form_fields):
    official.person.memberships.update(valid_to=clock.today())

    assert post_as_anonymous(action, form_fields["note"]).status_code == 403
    assert UpdateDraft.objects.count() == 0


def test_token_of_an_inactive_account_is_refused(official, action, form_fields):
    official.is_active = False
    official.save()

    assert post_as_anonymous(action, form_fields["note"]).status_code == 403


def test_too_long_text_is_not_stored(official, action, form_fields):
    response = post_as_anonymous(action, form_fields["note"], text="x" * (form_tokens.MAX_CHARACTERS + 1))

    assert (response.status_code, UpdateDraft.objects.count()) == (403, 0)


def test_too_large_post_is_refused(official, action, form_fields, settings):
    settings.UPLOAD_MAX_BYTES = 10
    big = SimpleUploadedFile("big.pdf", b"%PDF" + b"x" * 2 * 1024 * 1024, "application/pdf")

    response = post_as_anonymous(action, form_fields["note"], files=[big])

    assert (response.status_code, UpdateDraft.objects.count()) == (413, 0)


def test_refused_file_is_reported_and_the_text_stored(official, action, form_fields):
    bad = SimpleUploadedFile("tool.exe", b"MZ\x90\x00" * 40, "application/octet-stream")
    anonymous = Client()

    anonymous.post(log_url(action), form_fields | {"text": SENTENCE, "files": [bad]})

    assert stored_drafts() == [(official, [SENTENCE])]
    assert "tool.exe" in anonymous.get(reverse(settings.LOGIN_URL)).content.decode()


def test_posts_without_session_are_rate_limited(official, action, form_fields, monkeypatch):
    monkeypatch.setattr(form_tokens, "MAX_POSTS", 2)

    codes = [post_as_anonymous(action, form_fields["note"]).status_code for _ in range(3)]

    assert codes == [302, 302, 403]


@pytest.mark.parametrize("proxies, codes", [(0, [302, 403]), (1, [302, 302]), (3, [302, 403])])
def test_rate_limit_uses_the_client_address_behind_proxies(
    official, everyone, action, form_fields, monkeypatch, settings, proxies, codes
):
    monkeypatch.setattr(form_tokens, "MAX_POSTS", 1)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    posts = [(form_fields["note"], "192.0.2.1"), (form_tokens.sign_form_token(everyone["lead"], action), "192.0.2.2")]

    responses = [
        Client(headers={"x-forwarded-for": ip}).post(log_url(action), {"text": SENTENCE, "note": token})
        for token, ip in posts
    ]

    assert [response.status_code for response in responses] == codes


def test_anonymous_user_is_redirected_whether_the_action_exists_or_not(db, action):
    responses = [Client().get(reverse("strategies:action_log", args=[pk])) for pk in (action.pk, 999_999)]

    assert [response.status_code for response in responses] == [302, 302]
