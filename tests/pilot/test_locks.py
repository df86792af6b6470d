"""Waivers of requirements stay as they were written."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories import GateWaiverFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement", ["UPDATE strategies_gatewaiver SET reason = 'x'", "DELETE FROM strategies_gatewaiver"]
)
def test_waiver_cannot_be_changed_or_deleted(statement):
    GateWaiverFactory()

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
