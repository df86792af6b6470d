"""Timeline of the phases of a pilot. Positions are thousandths of its whole length."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from core import locales

QUARTER = 3
MAX_TICKS = 9
MONTH = "MMM y"


def timeline(caption: str, rows: Sequence[dict], *, ends_on: date) -> dict | None:
    """Return a timeline block, None without dates.

    ``rows`` are dicts: ``label``, ``planned`` (two dates), ``actual`` (two dates; both or the second may be None).
    """
    days = [day for row in rows for day in (*row["planned"], *row["actual"]) if day]
    if not days:
        return None
    first, last = min(days).replace(day=1), max(*days, ends_on)
    whole = max((last - first).days, 1)

    def position(day: date) -> int:
        return min(max(round(1000 * (day - first).days / whole), 0), 1000)

    drawn = []
    for row in rows:
        start, end = row["actual"]
        actual = [position(start), position(end or max(ends_on, start))] if start else None
        planned = [position(day) for day in row["planned"]]
        drawn.append({"label": row["label"], "planned": planned, "actual": actual, "words": _words(row)})
    return {
        "type": "timeline",
        "caption": str(caption),
        "described": " ".join(row["words"] for row in drawn),
        "rows": drawn,
        "ticks": [{"at": position(day), "text": locales.day(day, MONTH)} for day in _ticks(first, last)],
        "today": position(ends_on),
        "key": {
            "planned": _("planned"),
            "actual": _("actual"),
            "today": _("last day of the period"),
        },
    }


def _ticks(first: date, last: date) -> list[date]:
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = QUARTER * max(1, -(-months // (QUARTER * MAX_TICKS)))
    found = []
    for number in range(0, months, step):
        year, month = divmod(first.month - 1 + number, 12)
        found.append(date(first.year + year, month + 1, 1))
    return found


def _words(row: dict) -> str:
    start, end = row["actual"]
    begun = locales.day(start, "medium") if start else _("not started")
    ended = locales.day(end, "medium") if end else (_("under way") if start else "")
    return _("%(label)s: planned %(from)s to %(to)s; actual: %(actual)s.") % {
        "label": row["label"],
        "from": locales.day(row["planned"][0], "medium"),
        "to": locales.day(row["planned"][1], "medium"),
        "actual": " – ".join(part for part in (begun, ended) if part),
    }
