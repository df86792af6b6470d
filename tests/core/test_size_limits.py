"""A POST beyond the size limits gets a page that says so, on every URL and without login too."""

import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from core.views import bad_request

LIMIT = 2000


@pytest.fixture
def _small(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20


@pytest.mark.django_db
@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("data", [{"login": "x" * LIMIT}, {f"field{number}": "" for number in range(30)}])
def test_a_post_that_is_too_much_is_413_with_a_way_back(data, checks):
    client = Client(enforce_csrf_checks=checks)
    client.get(reverse("account_login"))  # a browser sends the CSRF cookie
    body = "&".join(f"{name}={value}" for name, value in data.items())

    answer = client.post(reverse("account_login"), body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 413
    assert "This is too much at once" in answer.content.decode()


def test_another_bad_request_stays_one():
    answer = bad_request(RequestFactory().get("/"), BadRequest("NUL in the address"))

    assert (answer.status_code, "This address cannot be read" in answer.content.decode()) == (400, True)
