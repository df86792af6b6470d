"""Fixtures: a city with an open period, an action, users, and the facts of an open and of a locked period."""

import copy
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cities.enums import BodyKind, Role
from strategies.services import periods
from tests.cities.pictures import picture
from tests.factories import ActionFactory, CityFactory, CityPeriodFactory, PersonFactory, member
from tests.shared_rows import shared_rows

from .helpers import an_official
from .lock_data import make_facts


@pytest.fixture
def period(city):
    return CityPeriodFactory(city=city)


@pytest.fixture
def city_period(city):
    return CityPeriodFactory(city=city)


@pytest.fixture
def action(city, period):
    return ActionFactory(city=city, title="Language café", responsible=PersonFactory())


@pytest.fixture
def official(client, everyone):
    client.force_login(everyone["official"])
    return everyone["official"]


@pytest.fixture
def lead(city):
    return member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)


@pytest.fixture
def coordinator(db):
    return member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)


@pytest.fixture(scope="module")
def facts_of_module(django_db_setup, django_db_blocker):
    with shared_rows(django_db_blocker, _open_and_locked_facts) as facts:
        yield facts


def _open_and_locked_facts():
    city = CityFactory(name="Linköping", slug="linkoping")
    official = an_official(city)
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)
    locked = make_facts(city, official, lead)
    periods.submit_period(locked.city_period, by=lead)
    open_one = make_facts(city, official, lead, ahead=1)
    return SimpleNamespace(city=city, locked=locked, open=open_one, author=official, lead=lead)


@pytest.fixture
def shared_data(db, facts_of_module):
    """Return the facts of an open and of a submitted period of one city as ``open`` and ``locked``."""
    return copy.deepcopy(facts_of_module)


@pytest.fixture
def photo():
    return SimpleUploadedFile("evening.jpg", picture(exif=False), "image/jpeg")


@pytest.fixture(autouse=True)
def _temporary_storage(settings, tmp_path):
    """Store the uploads of each test in its own temporary folder."""
    options = {"location": str(tmp_path / "files")}
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    }
