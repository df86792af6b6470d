"""Translated labels for keys, as shown in tables, in the active language."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import npgettext

from core import locales
from core.badges import badge_for
from evaluation.enums import Capacity, Strength
from pilot.enums import PhaseKind
from strategies.enums import Health, PeriodState

HEALTHS = ("done", "on_track", "at_risk", "late", "stale", "paused", "not_started", "cancelled")
SEVERAL = 2


def capitalize_first(words: object) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]


def health(key: str) -> str:
    return capitalize_first(Health(key).label)


def state_label(key: str) -> str:
    return str(badge_for(key).word)


def period_state(key: str) -> str:
    return capitalize_first(PeriodState(key).label)


def phase(key: str) -> str:
    return capitalize_first(PhaseKind(key).label)


def capacity(key: str) -> str:
    return str(Capacity(key).label)


def strength(key: str) -> str:
    return capitalize_first(Strength(key).label) if key else locales.NOTHING


def day(value: str | None, style: str = "long") -> str:
    """Format an ISO date from a snapshot."""
    return locales.day(date.fromisoformat(value), style) if value else locales.NOTHING


def span(value: str) -> str:
    """Format a median or range: "2-3" as "2–3"."""
    return value.replace("-", "–") if value else locales.NOTHING


def join_texts(entries: Iterable[str]) -> str:
    """Join texts: "one, two and three"."""
    found = [str(entry) for entry in entries]
    if len(found) < SEVERAL:
        return "".join(found)
    return _("%(first)s and %(last)s") % {"first": ", ".join(found[:-1]), "last": found[-1]}


def health_counts_text(counts: dict[str, int]) -> str:
    """Return the counts as text: "1 done, 5 on track and 2 without a recent update"."""
    found = ((key, counts[key]) for key in HEALTHS if counts.get(key))
    return join_texts(f"{locales.number(count)} {_label_after_count(key, count)}" for key, count in found)


def _label_after_count(key: str, count: int) -> str:
    """Return the label of a status as written after a number: in some languages it has a plural."""
    labels = {
        Health.DONE: npgettext("actions", "done", "done", count),
        Health.LATE: npgettext("actions", "late", "late", count),
        Health.STALE: _("without a recent update"),
        Health.PAUSED: npgettext("actions", "paused", "paused", count),
        Health.NOT_STARTED: npgettext("actions", "not started", "not started", count),
        Health.CANCELLED: npgettext("actions", "cancelled", "cancelled", count),
    }
    return labels.get(Health(key)) or str(Health(key).label)
