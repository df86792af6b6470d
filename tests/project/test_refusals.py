"""Pages of refused requests show who is signed in and reveal nothing about what was refused."""

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
def test_what_is_not_there_and_what_one_may_not_see_answer_alike(world, role):
    hidden = reverse("strategies:action_detail", args=[world.other_action.pk])
    nowhere = reverse("strategies:action_detail", args=[999_999])
    client = world.clients[role]

    found, missing = client.get(hidden), client.get(nowhere)

    if role not in {"other_official", "coordinator"}:
        assert found.status_code == missing.status_code
        assert _body(found, hidden) == _body(missing, nowhere)
    assert leaks(text_of(missing), role) == set()


def _body(response, path: str) -> str:
    """What is said, without the address that was asked for; a redirect says it too."""
    return (response.get("Location", "") + still(body_of(response))).replace(path, "")


@pytest.mark.parametrize("role", each_role([role for role in ROLES if role not in {"public", "official", "lead"}]))
def test_page_that_forbids_is_a_whole_page(world, role):
    response = world.clients[role].get(reverse("strategies:action_edit", args=[world.action.pk]))

    assert response.status_code == 403
    assert "<h1" in response.content.decode()
    assert leaks(text_of(response), role) == set()
