"""Test that error pages show the signed-in user and reveal nothing about the refused object."""

import logging

import pytest
from django.urls import reverse

from .access import ROLES, each_role
from .leaks import leaks, still
from .routes import body_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.crawl]


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("role", each_role())
def test_hidden_and_missing_objects_have_same_response(world, role):
    hidden = reverse("strategies:action_detail", args=[world.other_action.pk])
    nowhere = reverse("strategies:action_detail", args=[999_999])
    client = world.clients[role]

    found, missing = client.get(hidden), client.get(nowhere)

    if role not in {"other_official", "coordinator"}:
        assert found.status_code == missing.status_code
        assert _body(found, hidden) == _body(missing, nowhere)
    assert leaks(text_of(missing), role) == set()


def _body(response, path: str) -> str:
    """Return the redirect URL and the body, without the requested path."""
    return (response.get("Location", "") + still(body_of(response))).replace(path, "")


@pytest.mark.parametrize("role", each_role([role for role in ROLES if role not in {"public", "official", "lead"}]))
def test_403_page_has_heading_and_no_hidden_texts(world, role):
    response = world.clients[role].get(reverse("strategies:action_edit", args=[world.action.pk]))

    assert response.status_code == 403
    assert "<h1" in response.content.decode()
    assert leaks(text_of(response), role) == set()
