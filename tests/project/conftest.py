"""The shared data: created once for all tests of a module and rolled back at its end."""

import pytest
from django.db import transaction
from django.test import Client

from .shared_data import make_world


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Created in an outer transaction; changes of a test are rolled back to it. Tests need the mark ``django_db``."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = make_world()
        made.clients = {role: _client(user) for role, user in made.roles.items()}
        with django_db_blocker.block():
            yield made
        transaction.set_rollback(True)


def _client(user) -> Client:
    client = Client(raise_request_exception=True)
    if user.is_authenticated:
        client.force_login(user)
    return client
