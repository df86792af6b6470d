"""The current time. All code asks this module, so that the demo and the tests can set the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings

_frozen_now: ContextVar[datetime | None] = ContextVar("given moment", default=None)


def now() -> datetime:
    """Return the current time, aware and in UTC."""
    return _frozen_now.get() or datetime.now(UTC)


def today(tz: str | None = None) -> date:
    """Return the date in the named time zone, by default in the network's own."""
    return day_of(now(), tz)


def day_of(moment: datetime, tz: str | tzinfo | None = None) -> date:
    """Return the date of ``moment`` in the time zone, by default in the network's own. The only place that does this.

    What belongs to a city has its time zone: use ``City.day_of``.
    """
    zone = tz if isinstance(tz, tzinfo) else ZoneInfo(tz or settings.TIME_ZONE)
    return moment.astimezone(zone).date()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Set the current time to ``moment`` inside the block; raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("A given moment needs a time zone.")
    token = _frozen_now.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen_now.reset(token)
