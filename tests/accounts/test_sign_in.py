import re

import pytest
from django.conf import settings as conf
from django.core.cache import cache
from django.urls import NoReverseMatch, reverse

from accounts.export import personal_data_of
from accounts.models import Mail, User
from tests.factories import PersonFactory, UserFactory
from tests.factories.people import PASSWORD

LOGIN = "/account/login/"


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


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
def test_sign_in_is_rate_limited_in_shared_cache(client):
    UserFactory(email="anna@town.example")

    errors = [str(sign_in(client, "anna@town.example", "wrong").context["form"].errors) for _ in range(6)]
    correct = sign_in(client, "anna@town.example")

    assert "Too many" not in errors[4]
    assert "Too many" in errors[5]
    assert "Too many" in str(correct.context["form"].errors)
    assert "locmem" not in conf.CACHES["default"]["BACKEND"].lower()


@pytest.mark.django_db
def test_sign_in_through_admin_is_rate_limited(client):
    UserFactory(email="anna@town.example")
    login_url = client.get("/admin/")["Location"]
    assert login_url.startswith(LOGIN)

    for _ in range(6):
        response = client.post(login_url, {"login": "anna@town.example", "password": "wrong"})

    assert "Too many" in str(response.context["form"].errors)


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

    assert "by invitation" in page.content.decode()
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


@pytest.mark.django_db
def test_password_reset_is_rate_limited(client):
    UserFactory(email="anna@town.example")

    codes = [client.post("/account/password/reset/", {"email": "anna@town.example"}).status_code for _ in range(4)]

    assert codes == [302, 302, 302, 429]
    assert Mail.objects.count() == 3


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
