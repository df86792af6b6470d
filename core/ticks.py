"""What the clock does for many rows: one that fails keeps no other from it, and no failure is forgotten."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

log = structlog.get_logger()
Row = TypeVar("Row")
Done = TypeVar("Done")


def for_each(rows: Iterable[Row], act: Callable[[Row], Done]) -> list[Done]:
    """What ``act`` gave for each row. What nobody has foreseen is logged, and raised when all have had their turn.

    ``act`` is a transaction of its own: what it had written for the row that failed is undone.
    """
    done, errors = [], []
    for row in rows:
        try:
            done.append(act(row))
        except Exception as error:
            log.exception("tick_failed_for_one", act=act.__qualname__, row=repr(row))
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} rows failed", errors)
    return done
