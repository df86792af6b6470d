import pytest

from cities.enums import BodyKind, Role
from tests.factories import member


@pytest.fixture
def data_protection(db):
    return member(BodyKind.NETWORK_OFFICE, Role.DATA_PROTECTION)
