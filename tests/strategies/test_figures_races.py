"""Two services that change what one action's figures follow from at the same moment, on PostgreSQL."""

from decimal import Decimal
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from cities.services.memberships import end_membership
from strategies.models import Milestone
from strategies.selectors.figures import actions_with_wrong_figures
from strategies.services import plans, updates
from tests.factories import ActionFactory, CityPeriodFactory

from .helpers import days, update_input

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
    pytest.mark.django_db(transaction=True),
]


def run_both(first, second):
    """Call ``second`` in another transaction while that of ``first`` has not committed; then both have committed."""
    has_run, errors = Event(), []

    def call_second():
        has_run.wait(10)
        try:
            second()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)
        finally:
            connections.close_all()

    thread = Thread(target=call_second)
    thread.start()
    with transaction.atomic():
        first()
        has_run.set()
        thread.join(1)  # the second waits for a row that the first has locked
    thread.join(30)
    assert errors == []


def test_update_and_milestone_of_one_action(city, lead):
    CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    fields = {"title": "Opening", "due_on": action.ends_on}

    run_both(
        lambda: updates.log_update(action, by=lead, data=update_input(spent=Decimal(10))),
        lambda: plans.save_part(Milestone(action=action), by=lead, fields=fields),
    )

    assert actions_with_wrong_figures() == []


@pytest.mark.parametrize("person_leaves_first", [True, False])
def test_person_leaves_and_becomes_responsible(city, lead, official, person_leaves_first):
    action, membership = ActionFactory(city=city), official.person.memberships.get()
    calls = [
        lambda: end_membership(membership, by=lead, on=city.today + days(1)),
        lambda: plans.save_part(action, by=lead, fields={"responsible": official.person}),
    ]

    run_both(*(calls if person_leaves_first else reversed(calls)))

    action.refresh_from_db()
    assert action.responsible == official.person
    assert action.figures.responsible_until == city.today + days(1)
    assert actions_with_wrong_figures() == []
