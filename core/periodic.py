"""Periodic work on many rows: one that fails does not stop the others, and no error is lost."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

log = structlog.get_logger()
Row = TypeVar("Row")
Result = TypeVar("Result")


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
            log.exception("tick_failed_for_one", work=work.__qualname__, row=repr(row))
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} rows failed", errors)
    return done
