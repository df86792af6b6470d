"""Fixtures for all tests: cities, a user for each role, and a separate cache for each test."""

import gc
import os
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings
from django.core.cache import caches
from django.test import TransactionTestCase

from core import clock, fonts, installation, periodic, triggers
from tests import migrated, proofs, stack  # noqa: F401 - proofs loads the Hypothesis profile
from tests.factories import CityFactory, one_for_each_role

DATABASE = {"db", "transactional_db"}
PAGES = re.compile(r"test_(views\w*|pages|\w+_pages|admin|front|forms\w*|charts|templatetags|whole|demo)\.py")
BOTH = {  # these ask pages too, whose rows, locks, order or counts a server may see in another way
    *("test_blindness", "test_blind_levels", "test_review_page", "test_verify", "test_verified_hashes"),
    *("test_sign_in", "test_emails", "test_order", "test_value_visibility", "test_database_roles"),
}


def pytest_configure():
    migrated.template_name()  # known before other processes start


def pytest_unconfigure():
    if settings.DATABASE_URL.startswith("postgres") and "PYTEST_XDIST_WORKER" not in os.environ:
        migrated.execute(settings.DATABASE_URL, f"DROP DATABASE IF EXISTS {migrated.template_name()} WITH (FORCE)")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests that ``make test-servers`` runs, and start tests first that wait for other processes.

    Tests of pages are left out: the crawls ask every page on PostgreSQL. pytest-django orders tests by their use of the
    database, so the second order comes after that.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        tests_page = PAGES.fullmatch(item.path.name) or ("client" in fixtures and item.path.stem not in BOTH)
        if _uses_database(item) and not tests_page:
            item.add_marker("servers")
    result = yield
    items.sort(key=lambda item: item.get_closest_marker("waits") is None or _uses_database(item))
    return result


def _uses_database(item) -> bool:
    return bool(item.get_closest_marker("django_db") or DATABASE & set(getattr(item, "fixturenames", ())))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """Run a test as pytest does, with room on the stack."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    stack.call_with_room(runtestprotocol, item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, django_db_modify_db_settings, django_db_use_migrations):
    """Copy the test database on PostgreSQL from one that was migrated once for all processes."""
    if settings.DATABASE_URL.startswith("postgres") and django_db_use_migrations:
        request.getfixturevalue("postgres_folder")
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = migrated.template_name()


@pytest.fixture(scope="session")
def postgres_folder(tmp_path_factory):
    """Return the data folder of the migrated PostgreSQL database, from which ``migrated.copied_database`` copies."""
    shared = migrated.shared_folder(tmp_path_factory)
    return migrated.made_once(shared, "template", lambda folder: migrated.make_template(folder, settings.DATABASE_URL))


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory):
    """Return a data folder with a migrated SQLite database, which tests copy and do not change."""
    shared = migrated.shared_folder(tmp_path_factory)
    return migrated.made_once(shared, "migrated", lambda folder: migrated.migrate(folder, ""))


@pytest.fixture(autouse=True, scope="session")
def _flush_may_empty_locked_tables():
    """Drop the triggers while Django flushes the database after a transactional test: they refuse deletes."""
    clean = TransactionTestCase._fixture_teardown

    def clean_without_triggers(self):
        with triggers.triggers_dropped():
            clean(self)

    TransactionTestCase._fixture_teardown = clean_without_triggers
    yield
    TransactionTestCase._fixture_teardown = clean


@pytest.fixture(autouse=True, scope="session")
def _no_periodic_task_is_overdue():
    """No worker runs, however long the tests take; fixtures of a module are made before those of its tests."""
    periodic.STARTED = clock.now() + timedelta(days=1)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch):
    """Give each test its own cache keys, so that rate limits do not carry over, in Redis either.

    No worker runs, and periodic tasks are not overdue yet.
    """
    monkeypatch.setattr(caches["default"], "key_prefix", uuid.uuid4().hex)
    monkeypatch.setattr(periodic, "STARTED", clock.now())


@pytest.fixture
def built_fonts(settings):
    """Use the fonts that `make fonts` has built; other tests see none. Skips where they are not built."""
    return _use_fonts(settings, "alphabets", "make fonts")


@pytest.fixture
def chinese_fonts(built_fonts, settings):
    return _use_fonts(settings, "chinese", "make fonts-chinese")


def _use_fonts(settings, name, command):
    settings.FONTS_DIR = Path(settings.BASE_DIR) / "fonts" / "built"
    if name in fonts.missing_sets():
        pytest.skip(f"The fonts are not built: {command}")
    return fonts.installed()


@pytest.fixture
def own_storage(db, settings, tmp_path):
    """A storage and a data folder for one test, bound to the test database; return the folder of files."""
    folder = tmp_path / "files"
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, folder
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": str(folder)}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": options}}
    installation.bind()
    return folder


@pytest.fixture
def city(db):
    return CityFactory(name="Linköping", slug="linkoping")


def lublin():
    return CityFactory(name="Lublin", slug="lublin", country="PL", currency="PLN", timezone="Europe/Warsaw")


@pytest.fixture
def other_city(db):
    return lublin()


@pytest.fixture
def everyone(city, other_city):
    """Return a user for each role; city roles belong to ``city``. See ``factories.roles``."""
    return one_for_each_role(city, other_city)


def pytest_collection_finish():
    """Leave what is imported out of garbage collections, and collect less often: tests create many objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
