"""Test the response to POST requests that exceed the upload limits."""

import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from core.views import bad_request

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
    assert "This is too much at once" in response.content.decode()


def test_other_bad_request_is_400():
    response = bad_request(RequestFactory().get("/"), BadRequest("NUL in the address"))

    assert (response.status_code, "This address cannot be read" in response.content.decode()) == (400, True)
