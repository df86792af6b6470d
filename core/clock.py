"""What time it is. Everything asks here, so that the demo and the tests can live through months in seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

_given: ContextVar[datetime | None] = ContextVar("given moment", default=None)


def now() -> datetime:
    """The moment, aware and in UTC."""
    return _given.get() or datetime.now(UTC)


def today(tz: str | None = None) -> date:
    """The date in the named time zone; in the network's own where none is named."""
    return now().astimezone(ZoneInfo(tz or settings.TIME_ZONE)).date()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let ``moment`` be now inside the block."""
    if moment.tzinfo is None:
        raise ValueError("A given moment needs a time zone.")
    token = _given.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _given.reset(token)
