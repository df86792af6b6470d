"""SQL that is written by hand over named expressions, and the date in a time zone that a column names.

Django builds and compiles such an expression in a fraction of the time that nested ``Case`` and ``When`` take.
"""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.db import models
from django.db.models import F, Func, Value

from . import clock

NAME = re.compile(r"\{(\w+)\}")
SQLITE = (
    (re.compile(r"DAYS\((\{\w+\}), (\{\w+\})\)"), r"CAST(julianday(\1) - julianday(\2) AS INTEGER)"),
    (re.compile(r"LATER\((\{\w+\}), (-?\d+)\)"), r"date(\1, '\2 days')"),
    (re.compile(r"LEAST\("), "MIN("),
    (re.compile(r"GREATEST\("), "MAX("),
)
POSTGRESQL = (
    (re.compile(r"DAYS\((\{\w+\}), (\{\w+\})\)"), r"(\1 - \2)"),
    (re.compile(r"LATER\((\{\w+\}), (-?\d+)\)"), r"(\1 + (\2))"),
)


class Sql(Func):
    """``text`` with a ``{name}`` for each expression of ``sources``, compiled once however often the text names it.

    Both databases know ``DAYS({date}, {earlier})``, ``LATER({date}, days)``, ``LEAST(...)`` and ``GREATEST(...)``.
    """

    def __init__(self, text: str, output_field: models.Field, **sources: Any):
        super().__init__(*sources.values(), output_field=output_field)
        self.text, self.names = text, tuple(sources)

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        compiled = dict(
            zip(self.names, (compiler.compile(source) for source in self.get_source_expressions()), strict=True)
        )
        sql, params = [], []
        for position, part in enumerate(_parts(self.text, connection.vendor)):
            if position % 2:
                sql.append(f"({compiled[part][0]})")
                params.extend(compiled[part][1])
            else:
                sql.append(part)
        return "".join(sql), params


@lru_cache(maxsize=64)
def _parts(text: str, vendor: str) -> list[str]:
    """Return the text of a database, split so that every second part is a name."""
    for pattern, replacement in SQLITE if vendor == "sqlite" else POSTGRESQL:
        text = pattern.sub(replacement, text)
    return NAME.split(text)


def over_columns(text: str, vendor: str, **columns: Any) -> str:
    """Return ``text``, as of ``Sql``, over columns or other SQL without parameters."""
    parts = enumerate(_parts(text, vendor))
    return "".join(f"({columns[part]})" if position % 2 else part for position, part in parts)


# ---- the date in a time zone


class LocalDate(Func):
    """The date at a moment in the time zone that is named in a column, by a function call for each row."""

    output_field = models.DateField()

    def __init__(self, moment: datetime, zone: str):
        super().__init__(Value(moment, models.DateTimeField()), F(zone))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="django_datetime_cast_date(%(expressions)s, 'UTC')", **context
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "((%(expressions)s)::date)"
        return self.as_sql(compiler, connection, template=template, arg_joiner="::timestamptz AT TIME ZONE ", **context)


QUARTER = timedelta(minutes=15)  # a new day begins on a quarter of an hour in every time zone


def day_in(zone: str, today: date | None = None, *, days: int = 0) -> Any:
    """Return ``today`` or else the date in the time zone of the column ``zone``, ``days`` later, as an expression.

    Zones of Europe, where there are two dates at most, are literals; any other costs a function call for each row.
    """
    shift = timedelta(days=days)
    if today is not None:
        return Value(today + shift, models.DateField())
    now = clock.now()
    usual, others = _dates_in_europe(now - (now - datetime.min.replace(tzinfo=UTC)) % QUARTER)
    cases = [f"WHEN {{zone}} IN ({names}) THEN {{other{n}}}" for n, (_day, names) in enumerate(others)]
    text = f"CASE {' '.join(cases)} WHEN {{zone}} LIKE {{europe}} THEN {{usual}} ELSE LATER({{elsewhere}}, {days}) END"
    return Sql(
        text,
        models.DateField(),
        zone=F(zone),
        europe=Value("Europe/%"),
        usual=Value(usual + shift, models.DateField()),
        elsewhere=LocalDate(now, zone),
        **{f"other{n}": Value(day + shift, models.DateField()) for n, (day, _names) in enumerate(others)},
    )


@lru_cache(maxsize=8)
def _dates_in_europe(moment: datetime) -> tuple[date, list[tuple[date, str]]]:
    """Return the date of most zones, and each other date with the names of its zones as SQL."""
    days = {zone: clock.day_of(moment, zone) for zone in sorted(available_timezones()) if zone.startswith("Europe/")}
    usual = Counter(days.values()).most_common(1)[0][0]
    names: dict[date, list[str]] = {}
    for zone, day in days.items():
        if day != usual:
            names.setdefault(day, []).append(f"'{zone}'")
    return usual, [(day, ", ".join(zones)) for day, zones in names.items()]
