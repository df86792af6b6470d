"""Draws figures as SVG on the server: of Plotly's schema, what the charts of this site use (docs/adr/0018).

Lengths along x are per cent of the width and along y pixels: a picture fills its card at every width, and its texts
keep their size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from .chart_lines import Lines
from .chart_rows import Rows


@dataclass(frozen=True)
class Picture:
    """A drawing of full width and given height, and its legend: pairs of swatch and name."""

    height: int
    body: SafeString
    legend: Sequence[tuple[SafeString, str]]


def picture_of(figure: Mapping[str, Any], prefix: str) -> Picture:
    """Draw the figure. ``prefix`` makes the ids of its patterns unique on the page."""
    drawing = (Rows if _has_rows(figure) else Lines)(figure, prefix)
    body = format_html(
        '<defs>{}</defs><g font-size=".8125rem" fill="var(--epi-muted)">{}</g>{}',
        drawing.patterns(),
        drawing.axes(),
        drawing.traces(),
    )
    return Picture(drawing.height, body, drawing.legend())


def _has_rows(figure: Mapping[str, Any]) -> bool:
    is_horizontal = any(trace.get("orientation") == "h" for trace in figure["data"])
    return is_horizontal or "ticktext" in figure["layout"]["yaxis"]
