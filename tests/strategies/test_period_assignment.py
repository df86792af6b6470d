"""A date is assigned to its period, or to the next unlocked one, which is created when missing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from core import clock
from core.exceptions import InputRefused
from strategies.exceptions import PeriodLocked
from strategies.models import CityPeriod, ReportingPeriod
from strategies.services import periods, updates
from strategies.services.period_assignment import assign_period
from tests.factories import ActionFactory, CityPeriodFactory, ReportingPeriodFactory

from .helpers import an_official, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


def test_date_is_assigned_to_its_period(city):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))

    assert assign_period(city, clock.today()) == (now, False)
    assert assign_period(city, before.period.ends_on) == (before, False)


def test_date_in_a_locked_period_is_assigned_to_the_next_unlocked_one(city):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="published")
    CityPeriodFactory(city=city, to_state="submitted")
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state="scheduled")

    assert assign_period(city, clock.today()) == (later, True)
    assert assign_period(city, clock.today() - timedelta(days=92)) == (later, True)


def test_next_period_is_created_when_missing(city, other_city):
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(starts_on=date(2026, 10, 1)), to_state="accepted")

    with clock.at(datetime(2026, 11, 23, tzinfo=UTC)):
        city_period, is_late = assign_period(city, date(2026, 11, 23))

    period = city_period.period
    assert is_late is True
    assert (period.name, period.starts_on, period.ends_on) == ("2027 Q1", date(2027, 1, 1), date(2027, 3, 31))
    assert (period.opens_on, period.due_on) == (date(2027, 1, 1), date(2027, 4, 15))
    assert CityPeriod.objects.filter(period=period, state="scheduled").count() == 2
    assert last.period != period


def test_new_city_gets_its_period_when_assigned(city):
    period = ReportingPeriodFactory()

    assert assign_period(city, clock.today()) == (CityPeriod.objects.get(city=city, period=period), False)


def test_first_period_is_the_quarter_of_the_date(city):
    city_period, is_late = assign_period(city, date(2026, 11, 23))

    assert (city_period.period.name, is_late) == ("2026 Q4", False)
    assert city_period.period.due_on == date(2027, 1, 30)


def test_periods_are_created_up_to_the_date(city):
    ReportingPeriodFactory(starts_on=date(2026, 1, 1))

    city_period, is_late = assign_period(city, date(2026, 11, 23))

    assert (city_period.period.name, is_late) == ("2026 Q4", False)
    assert ReportingPeriod.objects.count() == 4


@pytest.mark.parametrize(
    "starts_on, ends_on, name",
    [
        (date(2026, 1, 15), date(2026, 2, 14), "2026-02-15 – 2026-03-14"),
        (date(2026, 1, 1), date(2026, 12, 31), "2027-01-01 – 2027-12-31"),
    ],
)
def test_next_period_has_the_length_of_the_previous_one(starts_on, ends_on, name):
    ReportingPeriodFactory(starts_on=starts_on, ends_on=ends_on)

    assert periods.ensure_next_period(ends_on).name == name


def test_next_period_name_avoids_an_existing_name():
    ReportingPeriodFactory(starts_on=date(2026, 7, 1), name="2026 Q4")

    assert periods.ensure_next_period(date(2026, 7, 1)).name == "2026-10-01 – 2026-12-31"


def test_chosen_period_is_accepted_or_refused_with_a_message(city, other_city):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))
    locked = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state="submitted")

    assert assign_period(city, before.period.ends_on, before) == (before, False)
    assert assign_period(city, before.period.ends_on, now) == (now, True)
    with pytest.raises(InputRefused, match="ended on"):
        assign_period(city, clock.today(), before)
    with pytest.raises(InputRefused, match="this city"):
        assign_period(city, clock.today(), CityPeriodFactory(city=other_city))
    with pytest.raises(PeriodLocked):
        assign_period(city, clock.today(), locked)


def test_period_assignment_gives_up_when_no_unlocked_period_exists(city, monkeypatch):
    CityPeriodFactory(city=city, to_state="submitted")
    monkeypatch.setattr("strategies.services.period_assignment._create_periods", lambda city, day, attempt: None)

    with pytest.raises(PeriodLocked):
        assign_period(city, clock.today())


# ---- concurrency


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_update_during_a_submission_is_logged_in_the_next_period(city, official, lead):
    """The update waits for the commit, is refused by the lock, and is logged in the next period."""
    from threading import Event as Flag
    from threading import Thread

    from django.db import connections, transaction

    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    has_submitted, logged = Flag(), []

    def log():
        has_submitted.wait(10)
        try:
            logged.append(updates.log_update(action, by=official, data=update_input("At the same moment.")))
        finally:
            connections.close_all()

    thread = Thread(target=log)
    thread.start()
    with transaction.atomic():
        revision = periods.submit_period(city_period, by=lead)
        has_submitted.set()
        thread.join(1)  # it waits for the locked row
    thread.join(10)

    assert (logged[0].city_period.period.starts_on > city_period.period.starts_on, logged[0].is_reported_late) == (
        True,
        True,
    )
    assert revision.contents["actions"][0]["updates"] == []
