import re
from datetime import timedelta

import pytest
from django.conf import settings as conf
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from accounts import login_limits
from accounts.export import personal_data_of
from accounts.models import Mail, User
from core import clock
from tests.factories import PersonFactory, UserFactory
from tests.factories.people import PASSWORD

LOGIN = "/account/login/"


TOO_MANY = "Too many failed sign-in attempts."


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def fail(client, email):
    """Try to sign in with a wrong password and return the error."""
    return str(sign_in(client, email, "wrong").context["form"].errors)


@pytest.mark.django_db
def test_sign_in_ignores_case_of_email(client):
    user = UserFactory(email="anna@town.example")

    response = sign_in(client, "Anna@Town.Example", next="/cities/")

    assert response["Location"] == "/cities/"
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.django_db
def test_sign_in_does_not_redirect_to_other_sites(client):
    UserFactory(email="anna@town.example")

    response = sign_in(client, "anna@town.example", next="https://evil.example/")

    assert "evil" not in response["Location"]


@pytest.mark.django_db
def test_wrong_password_has_same_error_for_unknown_account(client):
    UserFactory(email="anna@town.example")

    known = sign_in(client, "anna@town.example", "wrong-password").context["form"].errors
    unknown = sign_in(client, "nobody@town.example", "wrong-password").context["form"].errors

    assert known == unknown
    assert "__all__" in known


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["anna@town.example", "nobody@town.example"])
def test_sign_in_is_delayed_after_five_failures(client, email):
    """The delay is kept in the shared cache, and is the same for an account that does not exist."""
    UserFactory(email="anna@town.example")

    errors = [fail(client, email) for _ in range(6)]

    assert TOO_MANY not in errors[4]
    assert f"{TOO_MANY} Try again in 1 minute" in errors[5]
    assert TOO_MANY in str(sign_in(client, email).context["form"].errors)
    assert "locmem" not in conf.CACHES["default"]["BACKEND"].lower()


@pytest.mark.django_db
def test_delay_ends_and_doubles_with_each_failure(client):
    UserFactory(email="anna@town.example")
    now, waits = clock.now(), []
    for _ in range(5):
        fail(client, "anna@town.example")

    for _ in range(7):
        with clock.at(now):
            waits.append(re.search(r"in (\d+) minute", fail(client, "anna@town.example"))[1])
        now += timedelta(minutes=int(waits[-1]))
        with clock.at(now):
            fail(client, "anna@town.example")

    assert waits == ["1", "1", "2", "4", "8", "15", "15"]
    with clock.at(now + timedelta(minutes=15)):
        assert sign_in(client, "anna@town.example").status_code == 302


@pytest.mark.slow
@pytest.mark.django_db
def test_stranger_does_not_lock_out_the_owner_of_an_account(client):
    """Not from elsewhere, and not in the same network, if the owner has signed in on the device before."""
    UserFactory(email="anna@town.example")
    sign_in(client, "anna@town.example")
    client.post("/account/logout/")
    for address in ("192.0.2.1", "127.0.0.1"):
        for _ in range(8):
            assert_fails = fail(Client(REMOTE_ADDR=address), "anna@town.example")
        assert TOO_MANY in assert_fails

    assert sign_in(Client(REMOTE_ADDR="192.0.2.2"), "anna@town.example").status_code == 302
    assert sign_in(client, "anna@town.example").status_code == 302


@pytest.mark.django_db
def test_known_device_is_delayed_by_its_own_failures(client):
    """The cookie of a device is no way to guess without limit."""
    UserFactory(email="anna@town.example")
    sign_in(client, "anna@town.example")
    client.post("/account/logout/")

    errors = [fail(client, "anna@town.example") for _ in range(6)]

    assert TOO_MANY in errors[5]


@pytest.mark.django_db
def test_device_is_known_for_its_own_account_with_a_valid_cookie_only(client):
    for email in ("anna@town.example", "berit@town.example"):
        UserFactory(email=email)
    sign_in(client, "anna@town.example")
    client.post("/account/logout/")
    cookie = client.cookies[login_limits.DEVICE_COOKIE]
    assert cookie["httponly"]
    for _ in range(6):
        for email in ("anna@town.example", "berit@town.example"):
            fail(Client(), email)

    assert TOO_MANY in str(sign_in(client, "berit@town.example").context["form"].errors)
    client.cookies[login_limits.DEVICE_COOKIE] = f"{cookie.value}x"
    assert TOO_MANY in str(sign_in(client, "anna@town.example").context["form"].errors)


@pytest.mark.slow
@pytest.mark.django_db
def test_guessing_from_many_addresses_is_delayed_for_a_minute_at_most(client):
    UserFactory(email="anna@town.example")
    for n in range(60):
        said = fail(Client(REMOTE_ADDR=f"192.0.2.{n}"), "anna@town.example")

    assert TOO_MANY in said
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert sign_in(Client(REMOTE_ADDR="198.51.100.1"), "anna@town.example").status_code == 302


@pytest.mark.django_db
def test_new_password_ends_the_delay(client):
    UserFactory(email="anna@town.example")
    for _ in range(6):
        fail(client, "anna@town.example")
    client.post("/account/password/reset/", {"email": "anna@town.example"})
    page = client.get(re.search(r"http\S+", Mail.objects.get().body)[0], follow=True)
    new = {"password1": "another-long-password", "password2": "another-long-password"}

    client.post(page.request["PATH_INFO"], new)

    assert sign_in(client, "anna@town.example", "another-long-password").status_code == 302


@pytest.mark.django_db
def test_sign_in_through_admin_is_rate_limited(client):
    UserFactory(email="anna@town.example")
    login_url = client.get("/admin/")["Location"]
    assert login_url.startswith(LOGIN)

    for _ in range(6):
        response = client.post(login_url, {"login": "anna@town.example", "password": "wrong"})

    assert TOO_MANY in str(response.context["form"].errors)


@pytest.mark.django_db
def test_sign_in_limit_ends_when_cache_is_cleared(client):
    UserFactory(email="anna@town.example")
    for _ in range(6):
        sign_in(client, "anna@town.example", "wrong")

    cache.clear()

    assert sign_in(client, "anna@town.example").status_code == 302


@pytest.mark.django_db
def test_inactive_account_cannot_sign_in(client):
    UserFactory(email="anna@town.example", is_active=False)

    sign_in(client, "anna@town.example")

    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_sign_up_is_closed(client):
    page = client.get("/account/signup/")
    client.post("/account/signup/", {"email": "new@town.example", "password1": PASSWORD})

    assert "You need an invitation" in page.content.decode()
    assert not User.objects.filter(email="new@town.example").exists()


@pytest.mark.parametrize("name", ["account_email", "account_confirm_email", "account_request_login_code"])
def test_unused_allauth_urls_do_not_exist(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


# ---- password reset


@pytest.mark.django_db
def test_password_reset_has_same_response_for_unknown_account(client):
    UserFactory(email="anna@town.example")

    known = client.post("/account/password/reset/", {"email": "anna@town.example"})
    unknown = client.post("/account/password/reset/", {"email": "nobody@town.example"})

    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]
    assert [mail.recipient for mail in Mail.objects.all()] == ["anna@town.example"]


@pytest.mark.django_db
def test_password_reset_mail_uses_language_of_user_and_site_url(client, settings):
    settings.SITE_URL = "https://epi.example"
    UserFactory(email="anna@town.example", language="sv")

    client.post("/account/password/reset/", {"email": "anna@town.example"}, headers={"host": "127.0.0.1"})

    mail = Mail.objects.get()
    assert mail.language == "sv"
    assert mail.has_secret
    assert "https://epi.example/account/password/reset/key/" in mail.body
    assert "127.0.0.1" not in mail.body


@pytest.mark.django_db
def test_password_reset_link_works_once(client):
    user = UserFactory(email="anna@town.example")
    client.post("/account/password/reset/", {"email": "anna@town.example"})
    link = re.search(r"http\S+", Mail.objects.get().body)[0]

    page = client.get(link, follow=True)
    new = {"password1": "another-long-password", "password2": "another-long-password"}
    client.post(page.request["PATH_INFO"], new)
    again = client.get(link, follow=True)

    user.refresh_from_db()
    assert user.check_password("another-long-password")
    assert "no longer works" in again.content.decode()


@pytest.mark.parametrize(
    "form, names, labels",
    [
        ("change_password", ["oldpassword", "password1", "password2"], ["Current password", "New password"]),
        ("reset_password_from_key", ["password1", "password2"], ["New password"]),
    ],
)
def test_password_forms_have_labels_in_sentence_case(form, names, labels):
    made = import_string(conf.ACCOUNT_FORMS[form])()

    assert [str(made.fields[name].label) for name in names] == [*labels, "Repeat password"]


@pytest.mark.django_db
def test_password_reset_mails_are_limited_without_saying_so(client):
    UserFactory(email="anna@town.example")

    answers = [client.post("/account/password/reset/", {"email": "anna@town.example"}) for _ in range(4)]

    assert [(answer.status_code, answer.url) for answer in answers] == [(302, "/account/password/reset/done/")] * 4
    assert Mail.objects.count() == 3


@pytest.mark.django_db
def test_stranger_does_not_keep_a_person_from_getting_a_reset_link(client):
    UserFactory(email="anna@town.example")
    sign_in(client, "anna@town.example")
    client.post("/account/logout/")
    for address in ("192.0.2.1", "127.0.0.1"):
        for email in ["anna@town.example"] * 4 + [f"nobody{n}@town.example" for n in range(10)]:
            Client(REMOTE_ADDR=address).post("/account/password/reset/", {"email": email})
    before = Mail.objects.count()

    elsewhere = Client(REMOTE_ADDR="192.0.2.2").post("/account/password/reset/", {"email": "anna@town.example"})
    known = client.post("/account/password/reset/", {"email": "anna@town.example"})

    assert elsewhere.status_code == known.status_code == 302
    assert Mail.objects.count() == before + 2


@pytest.mark.django_db
def test_many_reset_requests_from_one_address_are_refused_in_words(client):
    answers = [client.post("/account/password/reset/", {"email": f"a{n}@town.example"}) for n in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert "<h1" in answers[-1].content.decode()


# ---- language


@pytest.mark.django_db
def test_chosen_language_is_stored_on_account(client):
    user = UserFactory()
    client.force_login(user)

    client.post("/i18n/setlang/", {"language": "sv", "next": "/cities/"})
    client.cookies.clear()
    client.force_login(user)

    user.refresh_from_db()
    assert user.language == "sv"
    assert client.get("/cities/").headers["Content-Language"] == "sv"


@pytest.mark.django_db
def test_language_of_anonymous_visitor_is_stored_in_cookie(client):
    client.post("/i18n/setlang/", {"language": "sv", "next": "/cities/"})

    assert client.get("/cities/").headers["Content-Language"] == "sv"


@pytest.mark.django_db
def test_language_cookie_moves_to_account_at_sign_in(client):
    user = UserFactory(language="en")
    client.post("/i18n/setlang/", {"language": "sv", "next": "/cities/"})

    sign_in(client, user.email)

    user.refresh_from_db()
    assert user.language == "sv"
    assert client.get("/cities/").headers["Content-Language"] == "sv"
    assert client.cookies[conf.LANGUAGE_COOKIE_NAME].value == ""


@pytest.mark.django_db
def test_language_of_one_user_does_not_pass_to_next_user(client):
    first, second = UserFactory(), UserFactory(language="en")
    client.force_login(first)
    client.post("/i18n/setlang/", {"language": "sv", "next": "/cities/"})
    client.logout()

    sign_in(client, second.email)

    second.refresh_from_db()
    assert second.language == "en"


@pytest.mark.django_db
def test_unknown_language_changes_nothing(client):
    user = UserFactory(language="sv")
    client.force_login(user)

    client.post("/i18n/setlang/", {"language": "xx"})

    user.refresh_from_db()
    assert user.language == "sv"


@pytest.mark.django_db
def test_get_request_does_not_set_language(client):
    assert client.get("/i18n/setlang/").status_code == 405


@pytest.mark.django_db
def test_preferences_change_own_language_only(client):
    user, other = UserFactory(), UserFactory()
    client.force_login(user)

    page = client.get(reverse("accounts:preferences"))
    client.post(reverse("accounts:preferences"), {"language": "sv", "email": "x@y.example", "is_superuser": "on"})

    user.refresh_from_db()
    other.refresh_from_db()
    assert user.email in page.content.decode()
    assert (user.language, other.language) == ("sv", "")
    assert not user.is_superuser
    assert user.email != "x@y.example"


@pytest.mark.django_db
def test_preferences_redirect_anonymous_visitor_to_sign_in(client):
    assert client.get(reverse("accounts:preferences"))["Location"].startswith(LOGIN)
    assert client.get(reverse("accounts:personal_data"))["Location"].startswith(LOGIN)


@pytest.mark.django_db
def test_own_data_holds_no_data_of_others(client, everyone):
    client.force_login(everyone["lead"])

    data = client.get(reverse("accounts:personal_data")).json()

    assert data["account"]["email"] == everyone["lead"].email
    assert [row["role"] for row in data["network"]["memberships"]] == ["lead_official"]
    others = [user.email for role, user in everyone.items() if role not in {"lead", "public"}]
    assert not [email for email in others if email in str(data)]


@pytest.mark.django_db
def test_own_data_of_account_without_person_has_no_network():
    PersonFactory(user=None)

    assert personal_data_of(UserFactory())["network"] == {}


# ---- stored pages of a browser after sign-out


@pytest.mark.django_db
def test_session_page_names_the_signed_in_user_only(client):
    user = UserFactory()

    before = client.get("/account/session/")
    client.force_login(user)
    after = client.get("/account/session/")

    assert (before.json(), after.json()) == ({"user": None}, {"user": user.pk})
    assert "no-store" in after.headers["Cache-Control"]


@pytest.mark.django_db
def test_pages_of_signed_in_users_check_the_session_when_shown_again(client):
    user = UserFactory()
    assert "session.js" not in client.get("/about/").content.decode()
    client.force_login(user)

    page = client.get("/about/").content.decode()

    assert f'data-user="{user.pk}" data-session-url="/account/session/"' in page


@pytest.mark.django_db
def test_sign_out_has_the_browser_forget_stored_pages(client):
    client.force_login(UserFactory())
    client.cookies[conf.LANGUAGE_COOKIE_NAME] = "sv"

    response = client.post("/account/logout/")

    assert response.headers["Clear-Site-Data"] == '"cache"'  # not cookies and storage: language and display stay
    assert "Clear-Site-Data" not in client.get("/account/logout/").headers
