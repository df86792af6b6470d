"""The programme of a training week, by day and time."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from babel import Locale

from core import locales

from .models import Session, TrainingWeek


@dataclass(frozen=True)
class SessionRow:
    """A session with its times in the week's time zone."""

    session: Session
    begins: datetime
    ends: datetime

    @property
    def begins_words(self) -> str:
        return f"{self.begins:%H:%M}"

    @property
    def ends_words(self) -> str:
        return f"{self.ends:%H:%M}"

    @property
    def language_name(self) -> str:
        """The name in the reader's language; the code if it is unknown."""
        locale: Locale = locales.current_locale()
        return locale.languages.get(self.session.language, self.session.language)


@dataclass(frozen=True)
class Day:
    day: date
    number: int
    slots: list[SessionRow]


def programme(week: TrainingWeek) -> list[Day]:
    """Return the days that have sessions, in order; two queries."""
    zone = ZoneInfo(week.timezone)
    sessions = week.sessions.select_related("theme").prefetch_related("speakers__organisation")
    slots = [SessionRow(row, row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)) for row in sessions]
    by_day = groupby(slots, key=lambda slot: slot.begins.date())
    return [Day(day, (day - week.starts_on).days + 1, list(own)) for day, own in by_day]
