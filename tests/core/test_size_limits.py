"""Test that requests that are too large are refused before anything reads them."""

import io

import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from core.request_body import SlowBody, TooManyBodies
from core.views.errors import bad_request
from tests.factories import UserFactory

LIMIT = 2000


@pytest.fixture
def _low_limits(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20


@pytest.mark.django_db
@pytest.mark.usefixtures("_low_limits")
@pytest.mark.parametrize("csrf_checks", [True, False])
@pytest.mark.parametrize("data", [{"login": "x" * LIMIT}, {f"field{number}": "" for number in range(30)}])
def test_post_over_limits_is_413(data, csrf_checks):
    client = Client(enforce_csrf_checks=csrf_checks)
    client.get(reverse("account_login"))  # sets the CSRF cookie
    body = "&".join(f"{name}={value}" for name, value in data.items())

    response = client.post(reverse("account_login"), body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 413
    assert "You have sent too much at once" in response.content.decode()


class UnreadInput:
    """The body of a request that nothing may read."""

    def read(self, *args):
        raise AssertionError("The body was read.")

    readline = read


def send(client, path, *, size, **environ):
    return client.generic("POST", path, **{"wsgi.input": UnreadInput(), "CONTENT_LENGTH": str(size), **environ})


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/", "/i18n/setlang/", "/members/invite/"])
def test_large_body_of_a_stranger_is_not_read(client, settings, path):
    client.cookies["sessionid"] = "of-nobody"

    response = send(client, path, size=settings.ANONYMOUS_MAX_BYTES + 1, CONTENT_TYPE="multipart/form-data; boundary=x")

    assert response.status_code == 413
    assert "You have sent too much at once" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/verify/", "/actions/1/log/", "/forms/draft/"])
def test_upload_without_account_is_limited_to_one_file(client, settings, path):
    assert send(client, path, size=settings.UPLOAD_MAX_BYTES + settings.ANONYMOUS_MAX_BYTES + 1).status_code == 413


@pytest.mark.django_db
def test_body_of_a_signed_in_user_is_limited_to_several_files(client, settings):
    client.force_login(UserFactory())

    assert send(client, "/account/preferences/", size=settings.REQUEST_MAX_BYTES + 1).status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_body_without_length_is_refused(client, method):
    response = client.generic(method, "/account/login/", HTTP_TRANSFER_ENCODING="chunked")

    assert response.status_code == 411


class BrokenInput(io.BytesIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def read(self, *args):
        raise self.error


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error, status, words",
    [
        (SlowBody(), 408, "What you sent did not arrive in full"),
        (ConnectionResetError(), 408, "What you sent did not arrive in full"),
        (TooManyBodies(), 503, "Part of this site is temporarily unavailable"),
    ],
)
@pytest.mark.parametrize("csrf_checks", [True, False])
def test_body_that_does_not_arrive_is_not_taken_for_another_error(error, status, words, csrf_checks):
    client = Client(enforce_csrf_checks=csrf_checks)
    form = "application/x-www-form-urlencoded"

    response = client.generic(
        "POST", "/account/login/", **{"wsgi.input": BrokenInput(error), "CONTENT_LENGTH": "9", "CONTENT_TYPE": form}
    )

    assert (response.status_code, words in response.content.decode()) == (status, True)


def test_other_bad_request_is_400():
    response = bad_request(RequestFactory().get("/"), BadRequest("NUL in the address"))

    assert (response.status_code, "This request could not be read" in response.content.decode()) == (400, True)
