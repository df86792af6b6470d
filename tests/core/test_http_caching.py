"""What browsers and shared caches may keep of an answer, and how it is compressed."""

import gzip
import re

import pytest
from django.conf import settings
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from cities import file_access
from cities.services import files
from tests.cities.pictures import bytes_of, picture, upload
from tests.factories import UserFactory

PUBLIC = ["/", "/cities/", "/about/", "/privacy/", "/training/"]
OWN_SITE = {"Origin": "http://testserver"}
GZIP = {"Accept-Encoding": "gzip"}


def vary_of(response):
    return {name.strip() for name in response.headers["Vary"].split(",")}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_public_page_sets_no_cookie_and_may_be_kept_for_visitors(client, city, path):
    response = client.get(path)

    assert not client.cookies
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert {"Cookie", "Accept-Language"} <= vary_of(response)
    assert "X-CSRFToken" not in response.content.decode()


@pytest.mark.django_db
def test_unchanged_public_page_is_304_until_it_changes(client, city):
    first = client.get("/cities/")
    again = client.get("/cities/", headers={"If-None-Match": first.headers["ETag"]})
    city.name = "Renamed"
    city.save()
    changed = client.get("/cities/", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert {name: again.headers[name] for name in ("ETag", "Cache-Control")} == {
        "ETag": first.headers["ETag"],
        "Cache-Control": "public, no-cache",
    }
    assert {"Cookie", "Accept-Language"} <= vary_of(again)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.django_db
def test_page_in_another_language_has_another_etag(client, city):
    english = client.get("/cities/").headers["ETag"]

    swedish = client.get("/cities/", headers={"Accept-Language": "sv", "If-None-Match": english})

    assert swedish.status_code == 200


@pytest.mark.django_db
def test_page_of_signed_in_user_is_private_without_etag(client, city):
    etag = client.get("/cities/").headers["ETag"]
    client.force_login(UserFactory())

    response = client.get("/cities/", headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert not response.has_header("ETag")
    assert re.search(r"""data-hx-headers='{"X-CSRFToken": "\w{64}"}'""", response.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/login/", "/verify/", "/nothing-of-the-kind/", "/preferences/"])
def test_forms_errors_and_redirects_are_private(client, path):
    response = client.get(path)

    assert {"private", "no-cache"} <= set(response.headers["Cache-Control"].split(", "))
    assert not response.has_header("ETag")


@pytest.mark.django_db
def test_page_with_a_message_for_its_visitor_is_private(client):
    client.force_login(UserFactory())
    client.post(reverse("account_logout"))
    client.cookies[settings.SESSION_COOKIE_NAME] = "of-somebody"

    response = client.get("/about/")

    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.django_db
def test_part_of_a_page_is_private(client):
    assert client.get("/about/", headers={"HX-Request": "true"}).headers["Cache-Control"] == "private, no-cache"


# ---- the language of visitors, whose pages have no CSRF token


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers", [OWN_SITE, {"Referer": "http://testserver/about/"}], ids=lambda headers: next(iter(headers))
)
def test_visitor_chooses_language_without_csrf_token(headers):
    client = Client(enforce_csrf_checks=True)
    assert "csrfmiddlewaretoken" not in client.get("/about/").content.decode()

    response = client.post("/i18n/setlang/", {"language": "sv", "next": "/about/"}, headers=headers)

    assert (response.status_code, response.headers["Location"]) == (302, "/about/")
    assert client.get("/about/").headers["Content-Language"] == "sv"


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}], ids=str)
def test_other_site_cannot_choose_language_of_visitor(headers):
    client = Client(enforce_csrf_checks=True)

    response = client.post("/i18n/setlang/", {"language": "sv"}, headers=headers)

    assert response.status_code == 403
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


@pytest.mark.django_db
def test_language_of_account_needs_the_csrf_token():
    client, user = Client(enforce_csrf_checks=True), UserFactory(language="en")
    client.force_login(user)
    token = client.get("/about/").context["csrf_token"]

    refused = client.post("/i18n/setlang/", {"language": "sv"}, headers=OWN_SITE)
    user.refresh_from_db()
    before = user.language
    client.post("/i18n/setlang/", {"language": "sv", "csrfmiddlewaretoken": str(token)}, headers=OWN_SITE)

    user.refresh_from_db()
    assert refused.status_code == 403
    assert (before, user.language) == ("en", "sv")


# ---- public pictures


@pytest.fixture
def shared_picture(monkeypatch, own_storage):
    """Return a picture that everybody may see until ``is_public`` is set to False."""
    stored = files.mark_file_used(files.store_upload(upload(picture(), "x.jpg"), by=UserFactory()))
    stored.is_public = True
    monkeypatch.setattr(file_access, "_conditions", [lambda user: Q(pk=stored.pk if stored.is_public else None)])
    return stored


@pytest.mark.django_db
def test_public_picture_is_kept_and_asked_for_each_time(client, shared_picture):
    url = reverse("cities:file", args=[shared_picture.uuid]) + "?view=1"

    first = client.get(url)
    bytes_of(first)
    etag = first.headers["ETag"]
    again = client.get(url, headers={"If-None-Match": etag})
    shared_picture.is_public = False
    private = client.get(url, headers={"If-None-Match": etag})

    assert [(answer.status_code, answer.headers["Cache-Control"]) for answer in (first, again, private)] == [
        (200, "public, no-cache"),
        (304, "public, no-cache"),
        (302, "private, no-cache"),
    ]


@pytest.mark.django_db
def test_picture_shown_to_somebody_signed_in_is_not_stored(client, shared_picture):
    client.force_login(UserFactory())
    response = client.get(reverse("cities:file", args=[shared_picture.uuid]) + "?view=1")
    bytes_of(response)

    assert response.headers["Cache-Control"] == "private, no-store"
    assert not response.has_header("ETag")


# ---- compression


@pytest.mark.django_db
def test_page_is_compressed_with_a_random_length(client, city):
    plain = client.get("/about/")

    answers = [client.get("/about/", headers=GZIP) for _ in range(8)]

    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert {gzip.decompress(answer.content) for answer in answers} == {plain.content}
    assert len({len(answer.content) for answer in answers}) > 1  # BREACH compares lengths
    assert "Accept-Encoding" in vary_of(answers[0])
    assert answers[0].headers["ETag"] == "W/" + plain.headers["ETag"]
    assert client.get("/about/", headers={"If-None-Match": answers[0].headers["ETag"]}).status_code == 304


@pytest.mark.django_db
def test_picture_is_not_compressed_again(client, shared_picture):
    response = client.get(reverse("cities:file", args=[shared_picture.uuid]) + "?view=1", headers=GZIP)
    bytes_of(response)

    assert not response.has_header("Content-Encoding")
