"""Charts and their tables. Figures are plain dicts in Plotly's JSON schema, drawn as SVG by ``chart_svg``.

Colours are CSS variables (``var(--epi-late)``), so that a chart follows the light and the dark theme.
``LIGHT_COLOURS`` has their values for files; a test compares it with the style sheet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from . import locales
from .badges import badge_for
from .chart_drawing import joined
from .chart_svg import Picture, picture_of

LIGHT_COLOURS = {
    "--epi-ink": "#14202e",
    "--epi-muted": "#4a5866",
    "--epi-line": "#d8dee6",
    "--epi-card": "#ffffff",
    "--epi-accent": "#1f4a94",
    "--epi-warm": "#9a5300",
    "--epi-on-track": "#17704a",
    "--epi-at-risk": "#9a5300",
    "--epi-late": "#b3261e",
    "--epi-stale": "#6a5590",
    "--epi-done": "#1f4a94",
    "--epi-not-started": "#5b6773",
    "--epi-level-1": "#e3ecf8",
    "--epi-level-2": "#b4cdee",
    "--epi-level-3": "#5d8ace",
    "--epi-level-4": "#1c3f80",
    "--epi-series-1": "#1f4a94",
    "--epi-series-2": "#b35900",
    "--epi-series-3": "#0f7f74",
    "--epi-series-4": "#8a3a7d",
    "--epi-series-5": "#5d6a1f",
    "--epi-series-6": "#56657a",
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
PATTERNS = ("", "/", "x", "-", ".", "+")
HEALTH_PATTERNS = {
    "on_track": "",
    "done": ".",
    "paused": "\\",
    "not_started": "-",
    "at_risk": "/",
    "stale": "+",
    "late": "x",
    "cancelled": "|",
}


@dataclass(frozen=True)
class Chart:
    """A figure and its table: a chart cannot be made without its numbers."""

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    figure: dict
    counted: str = ""  # how many the figure is about, with what is counted: "7 actions"
    source: str = ""
    as_of: date | str | None = None
    note: str = ""
    empty: str = ""
    illustrative: bool = False
    described: str = field(default="", kw_only=True)
    csv_columns: Sequence[str] = field(default=(), kw_only=True)  # where cells of the page hold words or two values
    csv_rows: Sequence[Sequence[Any]] = field(default=(), kw_only=True)

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def drawn(self) -> dict:
        """Return the figure with plain values, and the default layout under its own."""
        own = self.figure.get("layout", {})
        return plain({"data": self.figure.get("data", []), "layout": deep_merge(base_layout(), own)})

    @property
    def picture(self) -> Picture:
        return picture_of(self.drawn, f"chart-{self.key}")

    @property
    def table_rows(self) -> SafeString:
        """Return the rows of the HTML table. Not a template: tables of charts are half of the cells of a dashboard."""
        return joined("<tr>{}</tr>\n", ((self._cells(row),) for row in self.rows))

    @staticmethod
    def _cells(row: Sequence[Any]) -> SafeString:
        first, *others = (locales.NOTHING if cell is None else localize(cell) for cell in row)
        head = joined('<th scope="row">{}</th>', [(first,)])
        return head + joined('<td class="epi-num">{}</td>', ((cell,) for cell in others))

    @property
    def caption(self) -> str:
        """Return what a picture needs on its own: demonstration mark, number, source, date of the data and note."""
        parts = (
            _("Illustrative data") if self.illustrative else "",
            str(self.counted),
            _("Source:") + f" {self.source}" if self.source else "",
            _("Data from") + f" {self.taken}" if self.taken else "",
            str(self.note),
        )
        return " · ".join(part for part in parts if part)

    @property
    def taken(self) -> str:
        """Return the date of the data as text."""
        return locales.day(self.as_of) if isinstance(self.as_of, date) else str(self.as_of or "")


# ---- layout


def base_layout() -> dict:
    """Return the layout of all charts: transparent background, pale lines, no zoom that blocks scrolling by touch."""
    grid = {"gridcolor": "var(--epi-line)", "zerolinecolor": "var(--epi-muted)", "linecolor": "var(--epi-muted)"}
    title = {"standoff": 8, "font": {"size": 13, "color": "var(--epi-muted)"}}
    axis = grid | {"automargin": True, "fixedrange": True, "ticks": "", "title": title}
    symbols = locales.current_locale().number_symbols["latn"]
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--epi-ink)", "size": 14},
        "margin": {"l": 8, "r": 16, "t": 16, "b": 8},
        "xaxis": axis,
        "yaxis": axis,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "xanchor": "left",
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "hoverlabel": {
            "bgcolor": "var(--epi-card)",
            "bordercolor": "var(--epi-line)",
            "font": {"color": "var(--epi-ink)"},
        },
        "dragmode": False,
        "height": 340,
        "separators": f"{symbols['decimal']}{symbols['group']}",
    }


def axis_title(words: str, unit: str = "") -> dict:
    """Return the title of an axis with its unit."""
    return {"title": {"text": f"{words} ({unit})" if unit else str(words), "standoff": 8}}


def series_style(index: int, *, lines: bool = True) -> dict:
    """Return colour, marker and dash of the ``index``-th series, so that colour is never the only difference."""
    index_in_cycle = index % len(DASHES)
    colour = f"var(--epi-series-{index_in_cycle + 1})"
    marker = {"color": colour, "symbol": MARKERS[index_in_cycle], "size": 8}
    return {"marker": marker} | (
        {"line": {"color": colour, "dash": DASHES[index_in_cycle], "width": 2.5}} if lines else {}
    )


def health_style(health: Any) -> dict:
    """Return the colour and pattern of a health, the same on every page."""
    value = str(getattr(health, "value", health))
    return {"marker": _filled(f"var(--epi-{badge_for(value).tone})", HEALTH_PATTERNS.get(value, ""))}


def _filled(colour: str, shape: str) -> dict:
    pattern = {"shape": shape, "size": 8, "solidity": 0.14, "fgcolor": "var(--epi-card)", "bgcolor": colour}
    return {"color": colour, "line": {"width": 1, "color": "var(--epi-card)"}} | ({"pattern": pattern} if shape else {})


# ---- plain values


def plain(value: Any) -> Any:
    """Convert to what JSON and Plotly accept: decimals to floats, dates to ISO text, lazy text to text."""
    if type(value) in (str, int, float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return plain(value.value)
    return str(value) if isinstance(value, Promise) else value


def deep_merge(under: Mapping, over: Mapping) -> dict:
    """Return ``under`` updated by ``over``, recursively."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        both[key] = deep_merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both
