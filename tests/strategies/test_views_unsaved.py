"""Nothing typed is lost: ended sessions, other users, old tokens; the logging form as the example."""

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from cities.enums import BodyKind, Role
from cities.models import StoredFile
from cities.services import invitations
from core import form_inputs, form_tokens
from core.html_forms import Page
from core.models import FormInput
from strategies.models import ActionUpdate
from tests.factories import BodyFactory
from tests.page_forms import hidden_on, values_on

from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db
DRAFT = "/forms/draft/"


@pytest.fixture
def form_fields(client, official, action):
    return form_state(client, action)


def unsaved():
    rows = FormInput.objects.exclude(state="sent").order_by("created_at")
    return [(row.user, row.fields.get("text")) for row in rows]


def typed_on(client, url):
    return {name: values for name, values in values_on(client.get(url), "text").items() if name in {"text", "spent"}}


def sign_in_and_open(client, user, response):
    client.force_login(user)
    return client.get(response.url.partition("next=")[2].replace("%3F", "?").replace("%3D", "="))


# ---- the session has ended


def test_post_without_session_is_held_and_filled_in_after_sign_in(client, official, action, form_fields, photo):
    client.logout()

    response = client.post(log_url(action), form_fields | {"text": SENTENCE, "spent": "12", "files": [photo]})

    assert response.url.startswith(f"{reverse(settings.LOGIN_URL)}?next={log_url(action)}%3Ftyped%3D")
    assert (unsaved(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)
    page = sign_in_and_open(client, official, response)
    values = values_on(page, "text")
    assert (values["text"], values["spent"], len(values["kept_file"])) == ([SENTENCE], ["12"], 1)
    assert "but it could not be saved" in page.content.decode()

    client.post(log_url(action), values)
    assert (ActionUpdate.objects.get().evidence.count(), unsaved()) == (1, [])
    assert StoredFile.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://testserver"}])
def test_post_without_cookies_is_held_with_csrf_enforced(official, action, form_fields, headers):
    anonymous = Client(enforce_csrf_checks=True, headers=headers)

    response = anonymous.post(log_url(action), form_fields | {"text": SENTENCE})

    assert (response.status_code, unsaved()) == (302, [(official, [SENTENCE])])


def test_held_post_is_hidden_from_another_user(client, official, everyone, action, form_fields):
    client.logout()
    response = client.post(log_url(action), form_fields | {"text": SENTENCE})
    pk = FormInput.objects.get().pk

    page = sign_in_and_open(client, everyone["lead"], response)

    assert SENTENCE not in page.content.decode()
    assert "Someone else filled in this form" in page.content.decode()
    assert client.get(f"/forms/{pk}/").status_code == 404
    assert client.post(f"/forms/{pk}/", {"discard": "1"}).status_code == 404
    assert unsaved() == [(official, [SENTENCE])]


def test_post_after_the_page_is_gone_shows_the_text_to_copy(client, official, action, form_fields):
    client.logout()
    response = client.post(log_url(action), form_fields | {"text": SENTENCE})
    official.person.memberships.all().delete()

    page = sign_in_and_open(client, official, response)

    assert page.url == f"/forms/{FormInput.objects.get().pk}/"
    assert SENTENCE in client.get(page.url).content.decode()
    client.post(page.url, {"discard": "1"})
    assert unsaved() == []


def test_autosave_without_session_stores_nothing_and_reports_it(client, official, action, form_fields):
    client.logout()

    response = client.post(DRAFT, form_fields | {"text": SENTENCE})

    assert ("signed out" in response.json()["text"], unsaved()) == (True, [])


def test_text_of_a_form_without_token_is_shown_to_copy(official, action):
    response = Client().post(log_url(action), {"text": SENTENCE}, headers={"Origin": "http://testserver"})

    assert (response.status_code, unsaved()) == (403, [])
    assert SENTENCE in response.content.decode()


# ---- another user, or the same user in a new session


def test_form_of_another_user_is_held_for_its_author(client, official, everyone, action, form_fields):
    client.force_login(everyone["lead"])

    response = client.post(log_url(action), form_fields | {"text": SENTENCE})

    assert response.url == "/"
    assert (unsaved(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)


def test_old_csrf_token_of_the_same_user_leads_back_to_the_form(official, action, form_fields):
    new_client = Client(enforce_csrf_checks=True)
    new_client.force_login(official)

    response = new_client.post(log_url(action), form_fields | {"text": SENTENCE})

    assert (unsaved(), ActionUpdate.objects.count()) == ([(official, [SENTENCE])], 0)
    assert typed_on(new_client, response.url)["text"] == [SENTENCE]


def test_old_csrf_token_of_the_login_form_keeps_the_address_but_no_password():
    client = Client(enforce_csrf_checks=True)
    client.get(reverse(settings.LOGIN_URL))

    page = client.post(
        reverse(settings.LOGIN_URL),
        {"login": "me@example.org", "password": "unguessable"},
        headers={"Origin": "http://testserver"},
    )

    assert (page.status_code, values_on(page, "login")["login"]) == (403, ["me@example.org"])
    assert "unguessable" not in page.content.decode()


def test_cross_site_post_stores_and_shows_nothing(official, action, form_fields):
    victim = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    victim.force_login(official)

    responses = [
        victim.post(log_url(action), {"text": "Forged."}),
        victim.post(log_url(action), {"text": "Forged.", "form_token": form_fields["form_token"]}),
        victim.post(DRAFT, {"text": "Forged."}),
        Client().post(log_url(action), {"text": "Forged."}, headers={"Origin": "https://evil.example"}),
    ]

    assert all("Forged." not in response.content.decode() for response in responses)
    assert (ActionUpdate.objects.count(), unsaved()) == (0, [])


def test_password_is_never_kept(client, official, form_fields):
    url = reverse("account_change_password")
    fields = hidden_on(client.get(url), "oldpassword") | {"oldpassword": "unguessable", "password1": "x"}
    client.logout()

    client.post(url, fields)

    assert "unguessable" not in str(list(FormInput.objects.values()))


def test_tokens_and_secret_fields_are_never_kept(client, official, action, form_fields):
    secrets = {"password1": "S-one", "new_password": "S-two", "api_secret": "S-three", "otp_token": "S-four"}
    posted = form_fields | secrets | {"text": SENTENCE}
    kept = posted | {"csrfmiddlewaretoken": "S-csrf"}
    client.post(DRAFT, kept)
    client.post(log_url(action), kept | {"save_draft": "1"})
    form_inputs.hold(
        form_tokens.read(form_fields["form_token"][0]),
        path="/other/",
        posted=client.post(log_url(action), kept).wsgi_request.POST,
        files=MultiValueDict(),
        address="192.0.2.1",
    )

    rows = str(list(FormInput.objects.values()))
    assert (SENTENCE in rows, "S-" in rows, form_fields["form_token"][0] in rows) == (True, False, False)


def test_page_whose_address_is_a_secret_is_never_kept(official):
    """An invitation and a link to reset a password let in whoever has the address."""
    client = Client(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})
    client.force_login(official)
    for url in (
        reverse("cities:invitation_accept", args=["unguessable"]),
        reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "unguessable"}),
    ):
        token = form_tokens.FormToken(official.pk, "nonce", url).signed()
        client.post(url, {"name": "Typed", "form_token": token, "csrfmiddlewaretoken": "x" * 64})
        client.logout()
        client.post(url, {"name": "Typed", "form_token": token})
        client.force_login(official)

    assert not FormInput.objects.exists()


def test_form_on_a_page_whose_address_is_a_secret_has_no_token(client, official, everyone, city):
    """The token has the address of its page, and the button to sign out leads back there."""
    body = BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)
    invited = {"email": "new@town.example", "name": "New", "body": body, "role": Role.OFFICIAL}
    _invitation, secret = invitations.invite(**invited, by=everyone["lead"])
    client.force_login(official)
    page = Page(client.get(reverse("cities:invitation_accept", args=[secret])).content.decode())

    for form in page.post_forms():
        values = form.values()
        assert form_tokens.FIELD not in values
        client.force_login(official)
        client.post(form.attrs["action"], values)

    assert secret not in str(list(FormInput.objects.values()))


def test_signing_out_leaves_no_form_that_is_not_saved(client, official):
    url = reverse("account_logout")
    form = Page(client.get(url, {"next": "/cities/"}).content.decode()).find(page=url, path=url, names={"next"})
    token = form_tokens.FormToken(official.pk, "nonce", url).signed()

    client.post(url, form.values() | {form_tokens.FIELD: token})

    assert SESSION_KEY not in client.session
    assert not FormInput.objects.exists()
