"""One world for all tests that crawl, made once for each process and rolled back after the last of them."""

from contextlib import ExitStack

import pytest
from django.db import transaction
from django.test import Client

from .crawl import Crawl
from .shared_data import make_world

_open = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests of the world stand together, by the half of the crawl and the role that they read."""
    items.sort(key=_place)


def _place(item):
    if "world" not in getattr(item, "fixturenames", ()):
        return (0,)
    half = item.get_closest_marker("xdist_group")
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return 1, half.args[0] if half else "", params.get("role", "~")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    yield
    if nextitem is None or _place(nextitem) == (0,):
        _open.close()


@pytest.fixture(scope="session")
def world(django_db_setup, django_db_blocker):
    """Made in an outer transaction, to which what a test writes falls back. Its tests are marked ``django_db``."""
    with django_db_blocker.unblock():
        block = transaction.atomic()
        block.__enter__()
        _open.callback(_roll_back, django_db_blocker, block)
        made = make_world()
        made.clients = {role: _client(user) for role, user in made.roles.items()}
    return made


def _roll_back(blocker, block):
    with blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture(scope="session")
def crawl(world, django_db_blocker):
    """What each role is answered; asked for once for each role, by the first test that reads it."""
    with django_db_blocker.unblock():
        return Crawl(world)


def _client(user) -> Client:
    client = Client(raise_request_exception=True)
    if user.is_authenticated:
        client.force_login(user)
    return client
