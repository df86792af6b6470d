"""Fixtures: the office of a city, its kick-off, the scientific committee, its chair, and a check of running times."""

import time

import pytest

from cities.enums import BodyKind, EventKind, Role
from tests.factories import BodyFactory, EventFactory, member

PROGRAMME = "09:00 The main actions of the pilot"


@pytest.fixture
def office(city):
    return BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)


@pytest.fixture
def event(city):
    return EventFactory(
        city=city,
        title="Kick-off",
        kind=EventKind.KICK_OFF,
        location="Town hall",
        programme=PROGRAMME,
        minutes="We agreed.",
        decisions="Begin.",
    )


@pytest.fixture
def committee(db):
    return BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)


@pytest.fixture
def chair(committee):
    return member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)


@pytest.fixture
def assert_linear():
    """Assert that eight times the input takes less than 24 times the processor time; quadratic work takes 64 times.

    The large input is tried again only if it took too long, at most twice.
    """

    def seconds(function, size):
        started = time.process_time()
        function(size)
        return time.process_time() - started

    def check(function, size):
        limit = 24 * max(0.002, min(seconds(function, size) for _repeat in range(3)))
        assert any(seconds(function, 8 * size) < limit for _repeat in range(3))

    return check
