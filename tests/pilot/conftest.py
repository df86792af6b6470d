"""Fixtures for the tests of the pilot."""

import pytest

from cities.enums import BodyKind, Role
from tests.factories import member


@pytest.fixture
def coordinator(db):
    return member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
