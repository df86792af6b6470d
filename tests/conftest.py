"""Fixtures of the whole suite: one person for each role, and a clean cache."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.test import TransactionTestCase

from cities.enums import BodyKind, Role, Seat
from epi_site.shared import clock, triggers
from tests.factories import CityFactory, PersonFactory, UserFactory, member


@pytest.fixture(autouse=True, scope="session")
def _flush_may_empty_locked_tables():
    """Tests with real transactions are cleaned by a flush, which the triggers refuse: lifted for it alone."""
    clean = TransactionTestCase._fixture_teardown

    def clean_with_triggers_lifted(self):
        with triggers.lifted():
            clean(self)

    TransactionTestCase._fixture_teardown = clean_with_triggers_lifted
    yield
    TransactionTestCase._fixture_teardown = clean


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch):
    """Rate limits of one test do not count in another, in Redis either."""
    monkeypatch.setattr(caches["default"], "key_prefix", uuid.uuid4().hex)


@pytest.fixture
def city(db):
    return CityFactory(name="Linköping", slug="linkoping")


@pytest.fixture
def other_city(db):
    return CityFactory(name="Lublin", slug="lublin", country="PL", currency="PLN", timezone="Europe/Warsaw")


@pytest.fixture
def everyone(city, other_city):
    """A user for each role; those of a city sit in ``city``. ``former`` has left, ``superuser`` has no membership."""
    office, network = BodyKind.CITY_OFFICE, BodyKind.NETWORK_OFFICE
    people = {
        "public": AnonymousUser(),
        "viewer": member(office, Role.VIEWER, city),
        "expert": member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, seat=Seat.SELECTED_EXPERT),
        "local_committee": member(BodyKind.LOCAL_COMMITTEE, Role.MEMBER, city, seat=Seat.PRIVATE),
        "official": member(office, Role.OFFICIAL, city, organisation=city.municipality),
        "lead": member(office, Role.LEAD_OFFICIAL, city, organisation=city.municipality),
        "other_official": member(office, Role.OFFICIAL, other_city, organisation=other_city.municipality),
        "partner": member(network, Role.PARTNER),
        "trainer": member(network, Role.TRAINER),
        "data_protection": member(network, Role.DATA_PROTECTION),
        "scientific": member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER),
        "scientific_conflicted": member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER, organisation=city.municipality),
        "coordinator": member(network, Role.COORDINATOR),
        "former": member(office, Role.LEAD_OFFICIAL, city, valid_to=clock.today().replace(year=2025)),
        "superuser": UserFactory(is_superuser=True, is_staff=True),
        "superuser_conflicted": PersonFactory(
            user__is_superuser=True, user__is_staff=True, organisation=city.municipality
        ).user,
    }
    PersonFactory(user=None)  # a person without account, so that a leak by NULL has something to leak
    return people
