"""The nightly check runs once a night, keeps what it found, and repairs nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock, nightly, tasks
from core.models import VerificationRun

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def started(at):
    with clock.at(at):
        run = nightly.verify_if_due()
    return run and run.started_at


def test_first_check_runs_at_any_hour():
    assert started(NOON) == NOON


def test_check_runs_once_a_night():
    started(NOON)
    night = NOON + timedelta(hours=15)  # 3 o'clock UTC

    assert started(NOON + timedelta(hours=10)) is None
    assert started(night - timedelta(days=1) + timedelta(hours=21)) is None  # a night, but the last check is too new
    assert started(NOON + timedelta(hours=22)) is None  # old enough, but by day
    assert started(night + timedelta(days=1)) == night + timedelta(days=1)
    assert started(night + timedelta(days=1, minutes=30)) is None


def test_check_that_missed_its_night_runs_by_day():
    started(NOON)

    assert started(NOON + timedelta(hours=29)) == NOON + timedelta(hours=29)


def test_old_checks_are_deleted():
    started(NOON)
    started(NOON + timedelta(days=91))

    assert VerificationRun.objects.count() == 1


def test_task_runs_the_check():
    tasks.verify_nightly()

    run = VerificationRun.objects.get()
    assert (run.difference_count, run.differences) == (0, "")
    assert nightly.open_differences() is None
