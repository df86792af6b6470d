"""Test that each error has a page in the reader's language that says what is so and leads back."""

import errno

import psycopg2.errors
import pytest
from django.conf import settings as conf
from django.core.cache.backends.db import DatabaseCache
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpResponse
from django.middleware import csrf
from django.test import Client, RequestFactory
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from core import error_pages
from core.error_causes import is_disk_full, is_unique_violation
from core.middleware import ErrorPageMiddleware
from core.views import errors
from tests.factories import UserFactory

SWEDISH = {"accept-language": "sv"}
HTMX = {"hx-request": "true"}


def page(status, **headers):
    return error_pages.error_page(RequestFactory().get("/", headers=headers), status)


@pytest.mark.parametrize("status", sorted(error_pages.TEMPLATES))
def test_each_page_is_translated_and_leads_back(status):
    english, swedish = page(status), page(status, **SWEDISH)

    assert english.status_code == swedish.status_code == status
    assert 'href="/"' in english.content.decode()
    assert 'lang="sv"' in swedish.content.decode()
    assert "Till startsidan" in swedish.content.decode()
    assert english.content.decode().split("<h1>")[1] != swedish.content.decode().split("<h1>")[1]


@pytest.mark.parametrize("status", sorted(error_pages.TEMPLATES))
def test_part_of_a_page_gets_sentences_only(status):
    response = page(status, **HTMX)

    assert response.content.startswith(b"<p><strong>")
    assert b"<html" not in response.content
    assert response.headers["X-Error-Part"] == "1"


@pytest.mark.parametrize("status, known", [(418, "could not be read"), (502, "went wrong on our side")])
def test_other_status_gets_the_general_page(status, known):
    response = page(status)

    assert response.status_code == status
    assert known in response.content.decode()


# ---- forms that are refused


@pytest.mark.django_db
def test_form_with_old_token_says_that_going_back_keeps_what_was_typed():
    client = Client(enforce_csrf_checks=True, headers=SWEDISH)
    client.get(reverse("account_login"))
    english = Client(enforce_csrf_checks=True)
    english.get(reverse("account_login"))

    refused = english.post(reverse("account_login"), {"csrfmiddlewaretoken": "x" * 64})
    swedish = client.post(reverse("account_login"), {"csrfmiddlewaretoken": "x" * 64})

    assert refused.status_code == swedish.status_code == 403
    assert "Go back in your browser: what you entered is still there." in refused.content.decode()
    assert "DEBUG" not in refused.content.decode()
    assert "det du skrev finns kvar" in swedish.content.decode()


@pytest.mark.parametrize(
    "reason, words",
    [
        (csrf.REASON_NO_CSRF_COOKIE, "Your browser sent no cookie"),
        (csrf.REASON_BAD_ORIGIN % "https://evil.example", "This form came from another site"),
        (csrf.REASON_NO_REFERER, "This form came from another site"),
        (csrf.REASON_CSRF_TOKEN_MISSING, "This page was open for too long"),
    ],
)
def test_csrf_page_says_the_cause(reason, words):
    response = errors.csrf_failure(RequestFactory().post("/"), reason)

    assert (response.status_code, words in response.content.decode()) == (403, True)


@pytest.mark.django_db
def test_wrong_method_has_a_page(client):
    response = client.get(reverse("set_language"), headers=SWEDISH)

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "Till startsidan" in response.content.decode()


@pytest.mark.django_db
def test_rate_limit_has_a_page(client):
    codes = [client.post(reverse("account_reset_password"), {"email": f"{n}@town.example"}) for n in range(11)]

    assert codes[-1].status_code == 429
    assert "Too many attempts" in codes[-1].content.decode()
    assert 'href="/"' in codes[-1].content.decode()


# ---- requests of htmx


@pytest.mark.django_db
def test_part_of_a_page_after_sign_out_is_401_and_no_login_page(client):
    response = client.get(reverse("accounts:preferences"), headers=HTMX)

    assert response.status_code == 401
    assert "You have been signed out" in response.content.decode()


@pytest.mark.django_db
def test_missing_part_of_a_page_is_said_in_sentences(client):
    client.force_login(UserFactory())

    response = client.get("/actions/999999/", headers=HTMX)

    assert response.status_code == 404
    assert response.content.startswith(b"<p><strong>")


@pytest.mark.parametrize(
    "view, error", [(errors.permission_denied, PermissionDenied()), (errors.page_not_found, Http404())]
)
def test_refused_part_of_a_page_is_said_in_sentences(view, error):
    response = view(RequestFactory().get("/", headers=HTMX), error)

    assert response.content.startswith(b"<p><strong>")


def test_response_with_a_body_is_left_alone():
    response = ErrorPageMiddleware(lambda _request: HttpResponse("own text", status=409))(RequestFactory().get("/"))

    assert response.content == b"own text"


# ---- what is the cause


def caused_by(error, cause):
    error.__cause__ = cause
    return error


class DiskFull(psycopg2.errors.DiskFull):
    pgcode = "53100"


@pytest.mark.parametrize(
    "error, status",
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OperationalError("database or disk is full"), 507),
        (caused_by(OperationalError("could not extend file"), DiskFull()), 507),
        (caused_by(RuntimeError(), OSError(errno.EDQUOT, "Disk quota exceeded")), 507),
        (OperationalError("server closed the connection"), 503),
        (RedisConnectionError(), 503),
    ],
)
def test_outage_has_the_page_of_its_cause(error, status):
    response = error_pages.outage_page(RequestFactory().post("/"), error)

    assert response.status_code == status
    assert response.headers["Retry-After"]


@pytest.mark.parametrize("error", [ValueError(), OSError(errno.EIO, "Input/output error"), IntegrityError()])
def test_other_error_is_no_outage(error):
    assert error_pages.outage_page(RequestFactory().post("/"), error) is None


def test_error_in_middleware_has_the_page_of_its_cause():
    try:
        raise OperationalError("server closed the connection")
    except OperationalError:
        response = errors.server_error(RequestFactory().get("/"))

    assert response.status_code == 503


def test_only_a_second_row_is_a_unique_violation():
    assert is_unique_violation(IntegrityError("UNIQUE constraint failed: cities_membership.person_id"))
    assert not is_unique_violation(IntegrityError("CHECK constraint failed: cities_membership_ends_after_start"))
    assert not is_disk_full(ValueError("disk is full"))


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.skipif("redis" in conf.CACHES["default"]["BACKEND"].lower(), reason="A cache in the database.")
def test_full_disk_at_sign_in_is_no_rate_limit(client, monkeypatch):
    """The cache hides errors of the database, and the rate limit then refuses everybody."""
    monkeypatch.setattr(DatabaseCache, "_base_set", lambda *args, **kwargs: False)
    user = UserFactory()

    response = client.post(reverse("account_login"), {"login": user.email, "password": "wrong"})

    assert response.status_code == 507
    assert "The server is full" in response.content.decode()


@pytest.mark.django_db
def test_full_disk_while_a_form_is_read_is_507(client, monkeypatch):
    client.force_login(UserFactory())

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", fail)
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.handle_raw_input", lambda *a: None)
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.activated", False, raising=False)

    response = client.post(reverse("accounts:preferences"), {"file": _upload()})

    assert response.status_code == 507


def _upload():
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("evidence.pdf", b"%PDF")
