"""Test that error pages show the signed-in user and reveal nothing about the refused object."""

import logging

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from evaluation.models import CommitteeQuestion, CommitteeReview, Consensus, DiscussionNote, Rating
from strategies.services import updates
from tests.factories import member

from .access import ROLES, each_role
from .leaks import leaks, still
from .routes import body_of, text_of
from .shared_data import SEEN_BY, mark

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


# ---- permissions


def test_hidden_update_grants_no_permission(world):
    owner = world.roles["owner"]
    assert owner.has_perm("strategies.change_actionupdate", world.owners_update)

    withdrawn = updates.withdraw_update(world.owners_update, by=world.roles["official"], reason="Logged twice.")

    assert not owner.has_perm("strategies.view_actionupdate", withdrawn)
    assert not owner.has_perm("strategies.change_actionupdate", withdrawn)
    assert world.roles["official"].has_perm("strategies.change_actionupdate", withdrawn)


@pytest.mark.parametrize("verb", ["accept", "return"])
def test_coordinator_may_not_decide_on_own_organisation(world, verb):
    own = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=world.city.municipality)
    permission, period = f"strategies.{verb}_cityperiod", world.periods["accepted"]

    assert world.roles["coordinator"].has_perm(permission, period)
    assert not own.has_perm(permission, period)
    assert own.has_perm(permission, world.periods["lublin-accepted"])


MARKED_ROWS = {
    "rating-rate": (Rating, "reasons"),
    "rating-discuss": (Rating, "reasons"),
    "rating-review": (Rating, "reasons"),
    "note-discuss": (DiscussionNote, "text"),
    "consensus-moderate": (Consensus, "reason"),
    "consensus-review": (Consensus, "reason"),
    "question-review": (CommitteeQuestion, "text"),
    "decision-review": (CommitteeReview, "reason"),
}


@pytest.mark.parametrize("name", MARKED_ROWS)
def test_rows_of_an_evaluation_are_visible_to_the_readers_of_its_pages(world, name):
    """Nobody else sees them before the stage in which pages list them, superusers and people in conflict included."""
    model, field = MARKED_ROWS[name]
    rows = model.objects.filter(**{field: mark(name)})
    assert rows.exists()

    readers = {role for role, user in world.roles.items() if rows.visible_to(user).exists()}

    assert readers == set(SEEN_BY[name].split())
