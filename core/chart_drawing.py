"""What charts of rows and charts of lines have in common: axes, points, lines, swatches of the legend."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from . import chart_marks, locales
from .chart_scales import Scale

TOP = 8
AXIS, AXIS_TITLE = 24, 22
EDGE = 10  # per cent: labels nearer to an edge do not stand around their position but inside
LINE = "var(--epi-line)"
RULE = '<line x1="{}%" y1="{}" x2="{}%" y2="{}" stroke="{}"/>'
TEXT = '<text x="{}%" y="{}" text-anchor="{}">{}</text>'
HALO = SafeString(
    'paint-order="stroke" stroke="var(--epi-card)" stroke-width="4"'
)  # so that lines do not cross letters

Trace = Mapping[str, Any]
Point = tuple[float, float]  # per cent from the left, pixels from the top


class Drawing:
    """Base class of the two kinds of chart, which set the scale of x and the lowest y."""

    x: Scale
    bottom: float

    def __init__(self, figure: Mapping[str, Any], prefix: str) -> None:
        self.data, self.layout, self.prefix = figure["data"], figure["layout"], prefix
        self._marked = 0  # shapes of markers so far: their ids differ

    def axes(self) -> SafeString:
        raise NotImplementedError

    def traces(self) -> SafeString:
        raise NotImplementedError

    @property
    def title_of_x(self) -> str:
        return self.layout["xaxis"].get("title", {}).get("text", "")

    @property
    def height(self) -> int:
        return round(self.bottom + AXIS + (AXIS_TITLE if self.title_of_x else 0))

    def below(self, labels: Iterable[tuple[float, str]]) -> SafeString:
        """Return the labels of the x axis, and its title at the right."""
        texts = [(at, self.bottom + 18, anchor(at), words) for at, words in labels]
        if self.title_of_x:
            texts.append((100, self.bottom + AXIS + 16, "end", self.title_of_x))
        return joined(TEXT, texts)

    # ---- traces of points

    def points(self, trace: Trace, positions: Sequence[Point | None]) -> SafeString:
        """Return the trace's line and markers; None is a gap in the line."""
        line = self._line(trace, positions) if "lines" in trace["mode"] else ""
        return format_html("{}{}", line, self._marks(trace, positions) if "markers" in trace["mode"] else "")

    def _line(self, trace: Trace, positions: Sequence[Point | None]) -> SafeString:
        """Return the line as one path: it is stretched to the width of the picture, but not its stroke."""
        found = [point for point in positions if point] if trace.get("connectgaps") else positions
        return format_html(
            '<svg width="100%" height="{0}" viewBox="0 0 100 {0}" preserveAspectRatio="none" overflow="visible">'
            '<path d="{1}" fill="none" {2} vector-effect="non-scaling-stroke"/></svg>',
            self.height,
            _path(found),
            _stroke(trace),
        )

    def _marks(self, trace: Trace, positions: Sequence[Point | None]) -> SafeString:
        """Return the markers, each shape drawn once however many points have it."""
        hover = hovers(trace)
        shapes: dict[SafeString, str] = {}
        seen = []
        for n, point in enumerate(positions):
            if point:
                shape = shapes.setdefault(_mark(trace, n), f"{self.prefix}-m{self._marked + len(shapes)}")
                seen.append((shape, *point, hover(n)))
        self._marked += len(shapes)
        drawn = joined('<use href="#{}" x="{}%" y="{}">{}</use>', seen)
        return format_html("<defs>{}</defs>{}", joined('<g id="{1}">{0}</g>', shapes.items()), drawn)

    # ---- patterns and legend

    def pattern_id(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def patterns(self) -> SafeString:
        found = [chart_marks.pattern(trace.get("marker", {}), self.pattern_id(n)) for n, trace in enumerate(self.data)]
        return joined("{}", ((one,) for one in found if one))

    def legend(self) -> list[tuple[SafeString, str]]:
        named = [(n, trace) for n, trace in enumerate(self.data) if trace.get("showlegend", True)]
        return [(self._swatch(n, trace), trace["name"]) for n, trace in named] if len(named) > 1 else []

    def _swatch(self, n: int, trace: Trace) -> SafeString:
        """Return a drawing of 28 by 16 pixels."""
        if trace["type"] == "bar":
            return format_html('<path d="M2,2h24v12h-24z" fill="{}"/>', self.fill(n, trace))
        line = format_html('<path d="M0,8h28" {}/>', _stroke(trace)) if "lines" in trace["mode"] else ""
        sign = _mark(trace, 0, most=13, is_full=bool(line))
        return format_html('{}<g transform="translate(14 8)">{}</g>', line, sign)

    def fill(self, n: int, trace: Trace) -> str:
        return chart_marks.fill_of(trace["marker"], self.pattern_id(n))


def _path(positions: Sequence[Point | None]) -> str:
    """Return a path through the points; None is a gap."""
    parts, is_drawn = [], False
    for point in positions:
        if point:
            parts.append(f"{'L' if is_drawn else 'M'}{point[0]},{point[1]}")
        is_drawn = point is not None
    return "".join(parts)


def _stroke(trace: Trace) -> SafeString:
    """Return the attributes of the trace's line."""
    style = trace["line"]
    dashes = chart_marks.DASHES[style.get("dash", "solid")]
    return format_html(
        'stroke="{}" stroke-width="{}"{} stroke-linecap="round"',
        style["color"],
        style["width"],
        format_html(' stroke-dasharray="{}"', dashes) if dashes else "",
    )


def _mark(trace: Trace, n: int, *, most: float = 99, is_full: bool = False) -> SafeString:
    """Return the marker of the ``n``-th point; ``is_full``: not hollow, as in the legend."""
    marker = trace["marker"]
    symbol, size = _nth(marker.get("symbol", "circle"), n), _nth(marker.get("size", 8), n)
    symbol = symbol.removesuffix("-open") if is_full else symbol
    hole = "var(--epi-card)" if "lines" in trace["mode"] else "none"  # no line goes through a mark
    width = marker.get("line", {}).get("width", 1)
    return chart_marks.mark(symbol, min(size, most), marker["color"], width, hole)


def joined(template: str, rows: Iterable[Sequence[Any]]) -> SafeString:
    """Return what ``format_html_join`` does, in a third of its time: numbers are not escaped."""
    # Safe: the templates are those of the charts, and each value is escaped or a number.
    return mark_safe("".join([template.format(*[_escaped(value) for value in row]) for row in rows]))


def _escaped(value: Any) -> Any:
    if type(value) is str:  # as ``conditional_escape`` does, which takes longer to find out what a value is
        return html.escape(value)
    return value if isinstance(value, int | float | SafeString) else conditional_escape(value)


def anchor(at: float) -> str:
    """Return how a text stands at its position, so that it does not leave the picture."""
    return "start" if at < EDGE else "end" if at > 100 - EDGE else "middle"


def hovers(trace: Trace) -> Callable[[int], SafeString | str]:
    """Return a function that gives the trace's ``hovertemplate`` for a point as a title, shown beside the pointer."""
    if not (template := trace.get("hovertemplate")):
        return lambda n: ""
    parts = _parts_of(template)
    return lambda n: joined("<title>{}</title>", [["".join(_parts_at(trace, parts, n))]])


@lru_cache(maxsize=256)
def _parts_of(template: str) -> list[str]:
    """Split the template so that every second part is the name of a value."""
    plain = re.sub(r"<extra>(.*?)</extra>", lambda found: found[1] and f" ({found[1]})", template)
    return re.split(r"%\{([^}]+)\}", plain)


def _parts_at(trace: Trace, parts: Sequence[str], n: int) -> Iterator[str]:
    for position, part in enumerate(parts):
        yield _words(_value(trace, part, n)) if position % 2 else part


def _value(trace: Trace, name: str, n: int) -> Any:
    if name == "fullData.name":
        return trace["name"]
    if name.startswith("customdata["):
        return trace["customdata"][n][int(name[len("customdata[") : -1])]
    return _nth(trace[name], n)


def _words(value: Any) -> str:
    return locales.number(value) if isinstance(value, int | float) else str(value)


def _nth(values: Any, n: int) -> Any:
    return values[n] if isinstance(values, list) else values
