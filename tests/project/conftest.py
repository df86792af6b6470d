"""Fixtures: shared data for all tests that request many pages, created once for each process and then rolled back."""

import pytest
from django.test import Client

from tests.shared_rows import shared_rows

from .crawl import Crawl
from .shared_data import make_world


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Order the tests that use the shared data last, by the group and the role that they need."""
    items.sort(key=_place)


def _place(item):
    if "world" not in getattr(item, "fixturenames", ()):
        return (0,)
    half = item.get_closest_marker("xdist_group")
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return 1, half.args[0] if half else "", params.get("role", "~")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Roll back before a test that does not know of the shared data. A process that is given more tests may need it
    again, and then makes it again."""
    result = yield
    if "world" in getattr(item, "fixturenames", ()) and (nextitem is None or _place(nextitem) == (0,)):
        for fixture in item.session._fixturemanager.getfixturedefs("world", item):
            fixture.finish(item._request)
    return result


@pytest.fixture(scope="session")
def world(django_db_setup, django_db_blocker):
    """Create the shared data in an outer transaction. Tests that use it are marked ``django_db`` and roll back."""
    with shared_rows(django_db_blocker, _make_world) as made:
        yield made


def _make_world():
    made = make_world()
    made.clients = {role: _client(user) for role, user in made.roles.items()}
    return made


@pytest.fixture(scope="session")
def crawl(world, django_db_blocker):
    """Return the responses to each role; each is requested once, by the first test that needs it."""
    with django_db_blocker.unblock():
        return Crawl(world)


def _client(user) -> Client:
    client = Client(raise_request_exception=True)
    if user.is_authenticated:
        client.force_login(user)
    return client
