"""Charts of rows: bars, spans of time, or marks along a scale. The name of a row stands above it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from . import chart_drawing as drawing
from .chart_drawing import TOP, Drawing, Trace, joined
from .chart_scales import Scale, month_ticks, number_ticks, tick_words

DAY = 86_400_000  # milliseconds: Plotly's unit of length on an axis of dates
ROW, NAME, GAP = 46, 21, 9  # heights: of a row, and in it of the name and of the space below
NAME_CHARACTERS = 42  # what fits above a row on a phone
NAMES = '<text x="0" y="{}">{}</text>'
BAR = '<rect x="{}%" y="{}" width="{}%" height="{}">{}</rect>'
RULER = '<line x1="{0}%" y1="{1}" x2="{0}%" y2="{2}" stroke="{3}" stroke-width="2" stroke-dasharray="2 4"/>'


class Span(NamedTuple):
    """A bar of one trace: its row, where it begins and ends along x, and the number of its point."""

    row: int
    first: float
    last: float
    point: int


class Rows(Drawing):
    @cached_property
    def names(self) -> list[str]:
        """Names from top to bottom."""
        if "ticktext" in self.y_axis:
            return self.y_axis["ticktext"]
        named = self.y_axis.get("categoryarray") or list(dict.fromkeys(y for trace in self.data for y in trace["y"]))
        return named if self.is_down else named[::-1]

    @property
    def y_axis(self) -> dict[str, Any]:
        return self.layout["yaxis"]

    @property
    def is_down(self) -> bool:
        """Whether values of the y axis grow downwards."""
        first, last = self.y_axis.get("range", (0, 0))
        return self.y_axis.get("autorange") == "reversed" or first > last

    @property
    def row(self) -> int:
        """The height of a row."""
        return self.layout.get("meta", {}).get("row", ROW)

    @property
    def band(self) -> int:
        """The height of what is drawn in a row."""
        return self.row - NAME - GAP

    @property
    def bottom(self) -> float:  # type: ignore[override]  # the base class only declares it
        return TOP + len(self.names) * self.row

    def y_at(self, row: int, offset: float) -> float:
        """Return the y of a place in the row; ``offset`` is a share of the band, from its middle."""
        middle = TOP + row * self.row + NAME + self.band / 2
        return round(middle + (offset if self.is_down else -offset) * self.band, 1)

    # ---- along x

    @property
    def has_dates(self) -> bool:
        return self.layout["xaxis"].get("type") == "date"

    @cached_property
    def x(self) -> Scale:  # type: ignore[override]  # likewise
        if "range" in self.layout["xaxis"]:
            return Scale(*self.layout["xaxis"]["range"])
        if self.has_dates:
            days = [day for spans in self.spans for span in spans for day in (span.first, span.last)]
            days += [_position(line["x0"]) for line in self.rulers]
            return Scale(min(days), max(days))
        return Scale(self.numbers[0], self.numbers[-1])

    @cached_property
    def numbers(self) -> list[float]:
        most = max((span.last for spans in self.spans for span in spans), default=1)
        return number_ticks(0, most or 1, whole=self.layout["xaxis"].get("tickformat") == "d")

    @cached_property
    def ticks(self) -> list[tuple[float, str]]:
        if self.has_dates:
            days = month_ticks(date.fromordinal(int(self.x.lowest)), date.fromordinal(int(self.x.highest)))
            return [(self.x.at(day.toordinal()), f"{day:%m/%Y}") for day in days]
        values = self.layout["xaxis"].get("tickvals") or self.numbers
        return [(self.x.at(value), tick_words(value)) for value in values]

    @property
    def rulers(self) -> list[dict[str, Any]]:
        """Vertical lines through all rows, such as today."""
        return self.layout.get("shapes", [])

    def axes(self) -> SafeString:
        rules = [(at, TOP, at, self.bottom, drawing.LINE) for at, _words in self.ticks]
        names = [(TOP + n * self.row + 14, _shortened(name)) for n, name in enumerate(self.names)]
        return format_html(
            '{}{}<g fill="var(--epi-ink)" {}>{}</g>',
            joined(drawing.RULE, rules),
            self.below(self.ticks),
            drawing.HALO,
            joined(NAMES, names),
        )

    # ---- traces

    def traces(self) -> SafeString:
        drawn = [self._bars(n) if trace["type"] == "bar" else self._signs(trace) for n, trace in enumerate(self.data)]
        rulers = [(self.x.at(_position(one["x0"])), TOP, self.bottom, one["line"]["color"]) for one in self.rulers]
        return format_html("{}{}", joined("{}", ((one,) for one in drawn)), joined(RULER, rulers))

    def _signs(self, trace: Trace) -> SafeString:
        pairs = zip(trace["x"], trace["y"], strict=True)
        places = [None if x is None else (self.x.at(x), self.y_at(round(y), y - round(y))) for x, y in pairs]
        return self.points(trace, places)

    @cached_property
    def spans(self) -> list[list[Span]]:
        """The bars of each trace; in a stack, each begins where the one before it ends."""
        rows = {name: n for n, name in enumerate(self.names)}
        ends: dict[int, float] = defaultdict(float)
        return [list(self._spans(trace, rows, ends)) if trace["type"] == "bar" else [] for trace in self.data]

    def _spans(self, trace: Trace, rows: dict[str, int], ends: dict[int, float]) -> Iterator[Span]:
        for n, (name, length) in enumerate(zip(trace["y"], trace["x"], strict=True)):
            row = rows[name]
            first = _position(trace["base"][n]) if "base" in trace else ends[row]
            ends[row] = last = first + (length / DAY if self.has_dates else length)
            yield Span(row, first, last, n)

    def _bars(self, n: int) -> SafeString:
        trace, line = self.data[n], self.data[n]["marker"].get("line", {})
        hover = drawing.hovers(trace)
        width = trace.get("width", 1)
        height, middle = round(width * self.band, 1), trace.get("offset", -width / 2) + width / 2
        bars = [
            (
                self.x.at(span.first),
                round(self.y_at(span.row, middle) - height / 2, 1),
                round(self.x.at(span.last) - self.x.at(span.first), 2),
                height,
                hover(span.point),
            )
            for span in self.spans[n]
            if span.last > span.first
        ]
        return format_html(
            '<g fill="{}" stroke="{}" stroke-width="{}">{}</g>',
            self.fill(n, trace),
            line.get("color", "none"),
            line.get("width", 0),
            joined(BAR, bars),
        )


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else Truncator(name).chars(NAME_CHARACTERS)


def _position(value: Any) -> float:
    """Return a date as the number of its day."""
    return date.fromisoformat(value).toordinal() if isinstance(value, str) else value
