from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core import clock

BEFORE_MIDNIGHT = datetime(2021, 5, 10, 23, 30, tzinfo=UTC)


def test_now_is_current_time_in_utc():
    before = datetime.now(UTC)

    moment = clock.now()

    assert moment.tzinfo is UTC
    assert before <= moment <= datetime.now(UTC)


def test_today_depends_on_time_zone(settings):
    settings.TIME_ZONE = "Europe/Brussels"

    with clock.at(BEFORE_MIDNIGHT):
        days = [clock.today(), clock.today("Europe/Riga"), clock.today("UTC"), clock.today("America/New_York")]

    assert days == [date(2021, 5, 11), date(2021, 5, 11), date(2021, 5, 10), date(2021, 5, 10)]


def test_today_changes_once_when_summer_time_ends():
    hour = datetime(2021, 10, 31, 0, 30, tzinfo=UTC)  # 02:30 twice in Brussels

    days = []
    for step in range(24):
        with clock.at(hour + timedelta(hours=step)):
            days.append(clock.today("Europe/Brussels"))

    assert days.count(date(2021, 10, 31)) == 23
    assert days[-1] == date(2021, 11, 1)


def test_at_sets_now_inside_block_only():
    with clock.at(BEFORE_MIDNIGHT):
        with clock.at(BEFORE_MIDNIGHT + timedelta(days=1)):
            inner = clock.now()
        outer = clock.now()

    assert (inner - outer, outer) == (timedelta(days=1), BEFORE_MIDNIGHT)
    assert clock.now() - BEFORE_MIDNIGHT > timedelta(days=365)


def test_at_ends_after_error_inside_block():
    with pytest.raises(ZeroDivisionError), clock.at(BEFORE_MIDNIGHT):
        raise ZeroDivisionError

    assert clock.now() > BEFORE_MIDNIGHT + timedelta(days=365)


def test_at_converts_to_utc():
    with clock.at(BEFORE_MIDNIGHT.astimezone(timezone(timedelta(hours=5)))):
        moment = clock.now()

    assert moment.isoformat() == "2021-05-10T23:30:00+00:00"


def test_at_refuses_naive_datetime():
    with pytest.raises(ValueError, match="needs a time zone"), clock.at(datetime(2021, 5, 10)):  # noqa: DTZ001 - naive on purpose
        pass
