"""Fixtures: the office of a city, and the scientific committee with its chair."""

import pytest

from cities.enums import BodyKind, Role
from tests.factories import BodyFactory, member


@pytest.fixture
def office(city):
    return BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)


@pytest.fixture
def committee(db):
    return BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)


@pytest.fixture
def chair(committee):
    return member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
