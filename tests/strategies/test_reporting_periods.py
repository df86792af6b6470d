"""Reporting periods of the network: created for every city, validated, and opened on their day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cities.models import City
from core import clock
from core.exceptions import InputRefused, PermissionRefused
from strategies.enums import PeriodState
from strategies.exceptions import StrategyError
from strategies.models import CityPeriod, PeriodTransition
from strategies.services import periods
from tests.factories import CityFactory, CityPeriodFactory, OrganisationFactory, ReportingPeriodFactory

pytestmark = pytest.mark.django_db


QUARTER = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 3, 31), "opens_on": date(2027, 1, 1)}
QUARTER |= {"due_on": date(2027, 4, 15)}


def test_new_period_is_scheduled_in_every_city(city, other_city, coordinator):
    period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)

    rows = CityPeriod.objects.filter(period=period)
    assert {(row.city, row.state) for row in rows} == {(city, "scheduled"), (other_city, "scheduled")}


def test_city_gets_the_periods_that_had_not_ended_on_the_day_it_was_added(city, coordinator):
    for quarter in (-2, -1, 0):
        ReportingPeriodFactory(ahead=quarter)
    running = ReportingPeriodFactory(ahead=0)
    with clock.at(datetime.combine(running.starts_on, time(0, 30), tzinfo=ZoneInfo("Europe/Riga"))):
        riga = CityFactory(timezone="Europe/Riga")  # in UTC it is still the quarter before
    kept = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-2))

    periods.ensure_city_periods()
    periods.ensure_city_periods()

    assert [row.period for row in riga.periods.all()] == [running]
    assert [row.period for row in city.periods.all()] == [kept.period, running]


def test_new_period_that_has_ended_is_scheduled_in_every_city(city, coordinator):
    with clock.at(datetime(2027, 5, 1, tzinfo=UTC)):
        period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)
        late = CityFactory()
        periods.ensure_city_periods()

    assert [row.city for row in CityPeriod.objects.filter(period=period)] == [city]
    assert not late.periods.exists()


def test_city_without_history_gets_every_period():
    ReportingPeriodFactory(ahead=-2)
    City.objects.bulk_create([CityFactory.build(municipality=OrganisationFactory())])

    periods.ensure_city_periods()

    assert City.objects.get().periods.count() == 1


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"ends_on": date(2026, 12, 1)}, "ends_on"),
        ({"opens_on": date(2027, 5, 1)}, "opens_on"),
        ({"due_on": date(2027, 3, 1)}, "due_on"),
        ({"starts_on": date(2026, 12, 31)}, "starts_on"),
        ({"name": "Q4 2026"}, "name"),
    ],
)
def test_period_dates_and_name_are_validated(coordinator, changes, field):
    ReportingPeriodFactory(starts_on=date(2026, 10, 1))

    with pytest.raises(InputRefused) as refused:
        periods.create_period(**({"name": "Q1 2027"} | QUARTER | changes), by=coordinator)

    assert field in refused.value.errors


def test_period_days_cannot_change_after_a_city_has_started(city, coordinator, lead):
    period = CityPeriodFactory(city=city).period
    period.due_on += timedelta(days=3)
    periods.save_period(period, by=coordinator)
    period.starts_on += timedelta(days=1)

    with pytest.raises(InputRefused, match="started to report"):
        periods.save_period(period, by=coordinator)
    with pytest.raises(PermissionRefused):
        periods.save_period(period, by=lead)


def test_period_opens_on_its_day_in_the_timezone_of_the_city(coordinator):
    riga, lisbon = CityFactory(timezone="Europe/Riga"), CityFactory(timezone="Europe/Lisbon")
    with clock.at(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)):  # New Year in Riga, not yet in Lisbon
        period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)

        opened = periods.open_due_periods()
        again = periods.open_due_periods()

        assert ([row.city for row in opened], again) == ([riga], [])
        with pytest.raises(StrategyError, match="has not opened yet"):
            periods.open_period(CityPeriod.objects.get(city=lisbon))
    transition = PeriodTransition.objects.get()
    assert (transition.verb, transition.by, transition.city_period.period) == ("open", None, period)


def test_period_opened_by_another_worker_is_skipped(city, coordinator, monkeypatch):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    opened = periods.open_period

    def open_after_other_worker(row):
        opened(city_period, by=coordinator)
        return opened(row)

    monkeypatch.setattr(periods, "open_period", open_after_other_worker)

    assert periods.open_due_periods() == []
    assert PeriodTransition.objects.count() == 1


def test_failing_period_does_not_stop_others_from_opening(city, other_city, monkeypatch):
    first, second = (CityPeriodFactory(city=each_city, to_state="scheduled") for each_city in (city, other_city))
    original = periods.open_period

    def break_for_the_first(city_period):
        if city_period.pk == first.pk:
            raise ZeroDivisionError
        return original(city_period)

    monkeypatch.setattr(periods, "open_period", break_for_the_first)

    with pytest.raises(ZeroDivisionError):
        periods.open_due_periods()

    assert CityPeriod.objects.get(pk=first.pk).state == PeriodState.SCHEDULED
    assert CityPeriod.objects.get(pk=second.pk).state == PeriodState.OPEN
