"""Periodic work: one row that fails does not stop the others, no error is lost, and a task that stops is noticed."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db.models import Model

from . import clock

log = structlog.get_logger()
Row = TypeVar("Row")
Result = TypeVar("Result")

STARTED = clock.now()  # of this process: whatever ran or did not run before it, tasks get their time from then on
TOLERANCE = timedelta(minutes=5)


def for_each(rows: Iterable[Row], work: Callable[[Row], Result]) -> list[Result]:
    """Return the result of ``work`` for each row. Unexpected errors are logged, and raised after the last row.

    ``work`` must be a transaction of its own, so that only the failing row is rolled back. Several errors are raised as
    an ExceptionGroup.
    """
    done, errors = [], []
    for row in rows:
        try:
            done.append(work(row))
        except Exception as error:
            log.exception("tick_failed_for_one", work=work.__qualname__, row=_named(row))
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} rows failed", errors)
    return done


def _named(row: Any) -> str:
    """Return what finds the row again, without its text: that may be the name of a person or of their file."""
    return f"{row._meta.label} {row.pk}" if isinstance(row, Model) else repr(row)


# ---- the last run of each periodic task


def record_run(task: str) -> None:
    """Store that a run of the task has ended, with or without an error. Ignores tasks that are not periodic."""
    if task in _intervals():
        cache.set(_key(task), clock.now(), timeout=None)


def overdue_tasks() -> dict[str, timedelta]:
    """Return for each task that has not ended for two intervals and TOLERANCE how long ago its last run ended."""
    now, intervals = clock.now(), _intervals()
    ended = cache.get_many([_key(task) for task in intervals])
    since = {task: now - max(ended.get(_key(task), STARTED), STARTED) for task in intervals}
    return {task: since[task] for task, interval in intervals.items() if since[task] > 2 * interval + TOLERANCE}


def _intervals() -> dict[str, timedelta]:
    entries: Iterable[dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE.values()
    return {entry["task"]: timedelta(seconds=entry["schedule"]) for entry in entries}


def _key(task: str) -> str:
    return f"periodic-run/{task}"
