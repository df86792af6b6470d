"""The form token: a POST after the session expired is saved as its user's draft, and nothing else is allowed."""

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

from .test_views_log import SENTENCE, hidden, url_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def carried(client, official, action):
    return hidden(client, action)


def drafts():
    return [(draft.author, draft.fields["text"]) for draft in UpdateDraft.objects.all()]


# ---- the session has ended


def test_words_and_files_become_the_owners_draft(client, official, action, carried, photo):
    client.logout()

    answer = client.post(url_of(action), carried | {"text": SENTENCE, "files": [photo]})

    assert answer.url == f"{reverse(settings.LOGIN_URL)}?next={url_of(action)}"
    assert (drafts(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)
    client.force_login(official)
    page = client.get(url_of(action))
    assert (page.context["form"]["text"].value(), len(page.context["kept"])) == (SENTENCE, 1)

    client.post(url_of(action), carried | {"text": SENTENCE, "kept": [str(page.context["kept"][0].uuid)]})
    assert (ActionUpdate.objects.get().evidence.count(), UpdateDraft.objects.count()) == (1, 0)


def test_it_works_without_any_cookie_and_with_csrf_enforced(official, action, carried):
    stranger = Client(enforce_csrf_checks=True)

    answer = stranger.post(url_of(action), carried | {"text": SENTENCE})

    assert (answer.status_code, drafts()) == (302, [(official, [SENTENCE])])


def test_somebody_else_who_signs_in_does_not_see_it(client, official, everyone, action, carried):
    client.logout()
    client.post(url_of(action), carried | {"text": SENTENCE})

    client.force_login(everyone["lead"])
    page = client.get(url_of(action))

    assert (page.context["draft"], SENTENCE in page.content.decode()) == (None, False)


def test_a_draft_that_was_there_is_not_lost(client, official, action, carried):
    other = hidden(client, action)
    client.post(reverse("strategies:draft_save", args=[action.pk]), other | {"text": "An older thought."})
    client.logout()

    client.post(url_of(action), carried | {"text": SENTENCE})

    assert drafts() == [(official, [f"{SENTENCE}\n\nAn older thought."])]


def test_typing_without_a_session_stores_nothing_and_says_so(client, official, action, carried):
    client.logout()

    answer = client.post(reverse("strategies:draft_save", args=[action.pk]), carried | {"text": SENTENCE})

    assert ("signed out" in answer.json()["text"], UpdateDraft.objects.count()) == (True, 0)


# ---- another user, or the same one in a new session


def test_another_persons_form_is_not_saved_as_ones_own(client, official, everyone, action, carried):
    client.force_login(everyone["lead"])

    answer = client.post(url_of(action), carried | {"text": SENTENCE})

    assert answer.url == reverse("strategies:my_work")
    assert (drafts(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)


def test_the_same_person_with_an_old_token_gets_the_form_back(official, action, carried):
    anew = Client(enforce_csrf_checks=True)
    anew.force_login(official)

    answer = anew.post(url_of(action), carried | {"text": SENTENCE})

    assert (answer.url, drafts(), ActionUpdate.objects.count()) == (url_of(action), [(official, [SENTENCE])], 0)


def test_a_foreign_page_can_neither_save_nor_draft(official, action):
    victim = Client(enforce_csrf_checks=True)
    victim.force_login(official)

    answer = victim.post(url_of(action), {"text": "Forged."}, headers={"Origin": "https://evil.example"})
    draft = victim.post(reverse("strategies:draft_save", args=[action.pk]), {"text": "Forged."})

    assert (answer.status_code, draft.json().keys()) == (403, {"text"})
    assert (ActionUpdate.objects.count(), UpdateDraft.objects.count()) == (0, 0)


# ---- invalid tokens


def post_as_stranger(action, note, **fields):
    return Client().post(url_of(action), {"text": SENTENCE, "note": note} | fields)


def test_a_tampered_note_keeps_nothing_and_gives_the_words_back(official, action, carried):
    answer = post_as_stranger(action, carried["note"][:-2] + "xx")

    assert (answer.status_code, UpdateDraft.objects.count()) == (403, 0)
    assert SENTENCE in answer.content.decode()


def test_a_note_for_another_action_does_not_count(official, city, action, carried):
    other = ActionFactory(city=city)

    assert post_as_stranger(other, carried["note"]).status_code == 403
    assert UpdateDraft.objects.count() == 0


@pytest.mark.parametrize("value", ["", "x", ("no list", form_tokens.SALT), ([1, 1], "another salt")])
def test_rubbish_is_no_note(official, action, value):
    note = value if isinstance(value, str) else signing.dumps(value[0], salt=value[1])

    assert post_as_stranger(action, note).status_code == 403


def test_an_expired_note_does_not_count(official, action, carried, monkeypatch):
    monkeypatch.setattr(form_tokens, "VALID_SECONDS", -1)

    answer = post_as_stranger(action, carried["note"])

    assert (answer.status_code, UpdateDraft.objects.count()) == (403, 0)


def test_a_note_of_somebody_who_has_left_keeps_nothing(official, action, carried):
    official.person.memberships.update(valid_to=clock.today())

    assert post_as_stranger(action, carried["note"]).status_code == 403
    assert UpdateDraft.objects.count() == 0


def test_a_withdrawn_account_keeps_nothing(official, action, carried):
    official.is_active = False
    official.save()

    assert post_as_stranger(action, carried["note"]).status_code == 403


def test_too_long_a_text_is_given_back(official, action, carried):
    answer = post_as_stranger(action, carried["note"], text="x" * (form_tokens.MAX_CHARACTERS + 1))

    assert (answer.status_code, UpdateDraft.objects.count()) == (403, 0)


def test_too_large_a_post_is_refused_before_it_is_read(official, action, carried, settings):
    settings.UPLOAD_MAX_BYTES = 10
    big = SimpleUploadedFile("big.pdf", b"%PDF" + b"x" * 2 * 1024 * 1024, "application/pdf")

    answer = post_as_stranger(action, carried["note"], files=[big])

    assert (answer.status_code, UpdateDraft.objects.count()) == (403, 0)


def test_a_refused_file_is_told_and_the_words_kept(official, action, carried):
    bad = SimpleUploadedFile("tool.exe", b"MZ\x90\x00" * 40, "application/octet-stream")
    stranger = Client()

    stranger.post(url_of(action), carried | {"text": SENTENCE, "files": [bad]})

    assert drafts() == [(official, [SENTENCE])]
    assert "tool.exe" in stranger.get(reverse(settings.LOGIN_URL)).content.decode()


def test_it_is_limited_in_number(official, action, carried, monkeypatch):
    monkeypatch.setattr(form_tokens, "MAX_POSTS", 2)

    codes = [post_as_stranger(action, carried["note"]).status_code for _ in range(3)]

    assert codes == [302, 302, 403]


@pytest.mark.parametrize("proxies, codes", [(0, [302, 403]), (1, [302, 302]), (3, [302, 403])])
def test_the_limit_counts_who_posts_behind_the_proxies(
    official, everyone, action, carried, monkeypatch, settings, proxies, codes
):
    monkeypatch.setattr(form_tokens, "MAX_POSTS", 1)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    posts = [(carried["note"], "192.0.2.1"), (form_tokens.sign_form_token(everyone["lead"], action), "192.0.2.2")]

    answers = [
        Client(headers={"x-forwarded-for": address}).post(url_of(action), {"text": SENTENCE, "note": note})
        for note, address in posts
    ]

    assert [answer.status_code for answer in answers] == codes


def test_a_stranger_is_sent_to_sign_in_whether_the_action_is_there_or_not(db, action):
    answers = [Client().get(reverse("strategies:action_log", args=[pk])) for pk in (action.pk, 999_999)]

    assert [answer.status_code for answer in answers] == [302, 302]
