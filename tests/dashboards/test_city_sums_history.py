"""The stored totals of cities equal the full computation after any services."""

import pytest
from django.db import transaction
from hypothesis import given

from cities.enums import BodyKind, Role
from dashboards import city_sums
from dashboards.models import CitySums
from dashboards.selectors.figures import totals_by_city
from dashboards.selectors.scope import scope_for
from strategies.models import CityPeriod
from tests.factories import ActionFactory, CityFactory, CityPeriodFactory, member
from tests.proofs import examples
from tests.strategies.figure_steps import make_shared_data
from tests.strategies.test_figures import HISTORIES, call


@pytest.mark.prove
@pytest.mark.slow
def test_totals_are_those_of_the_full_computation_after_any_history(city):
    """The steps are those of the figures of actions: together they call each service that these follow from."""
    shared_data = make_shared_data(city)
    readers = [shared_data.coordinator, member(BodyKind.NETWORK_OFFICE, Role.PARTNER)]
    other = CityPeriodFactory(city=CityFactory(slug="other"), period=CityPeriod.objects.latest("period").period).city
    ActionFactory(city=other, published=True)
    stored, people = set(), list(shared_data.people)

    @examples(few=10, many=2_000)
    @given(HISTORIES)
    def prove(history):
        with transaction.atomic():
            for step, a, b in history:
                call(step, shared_data, a, b)
                for reader in readers:
                    assert city_sums.live_totals(scope_for(reader)) == computed(reader)
            stored.update(CitySums.objects.values_list("version", flat=True))
            transaction.set_rollback(True)
        shared_data.people = list(people)

    prove()
    assert len(stored) > 10


def computed(reader):
    view = scope_for(reader)
    return totals_by_city(view.live_rows.sums(view.period.pk)) if view.live else {}
