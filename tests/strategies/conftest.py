"""The three people that most tests of strategies need; ``everyone`` is for the matrix of roles."""

import pytest

from cities.enums import BodyKind, Role
from tests.factories import member


@pytest.fixture
def official(city):
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city, organisation=city.municipality)


@pytest.fixture
def lead(city):
    return member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)


@pytest.fixture
def coordinator(db):
    return member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
