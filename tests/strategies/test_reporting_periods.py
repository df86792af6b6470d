"""Reporting periods of the network: created for every city, validated, and opened on their day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core import clock
from strategies.enums import PeriodState
from strategies.exceptions import InputRefused, PermissionRefused, StrategyError
from strategies.models import CityPeriod, PeriodTransition
from strategies.services import periods
from tests.factories import CityFactory, CityPeriodFactory, ReportingPeriodFactory

pytestmark = pytest.mark.django_db


QUARTER = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 3, 31), "opens_on": date(2027, 1, 1)}
QUARTER |= {"due_on": date(2027, 4, 15)}


def test_new_period_is_scheduled_in_every_city(city, other_city, coordinator):
    period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)

    rows = CityPeriod.objects.filter(period=period)
    assert {(row.city, row.state) for row in rows} == {(city, "scheduled"), (other_city, "scheduled")}


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

    with pytest.raises(InputRefused, match="begun to report"):
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
        with pytest.raises(StrategyError, match="opens later"):
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
