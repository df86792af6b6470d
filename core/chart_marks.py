"""The signs of charts as SVG: markers, dashes and patterns, under the names that Plotly gives them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from .chart_scales import short

DASHES = {
    "solid": "",
    "dot": "2 4",
    "dash": "8 4",
    "longdash": "13 5",
    "dashdot": "8 4 2 4",
    "longdashdot": "13 5 2 5",
}
PATTERNS = {  # paths in a tile of eight by eight
    "/": "M-2,2l4,-4M0,8l8,-8M6,10l4,-4",
    "\\": "M6,-2l4,4M0,0l8,8M-2,6l4,4",
    "x": "M0,0l8,8M8,0l-8,8",
    "-": "M0,4h8",
    "|": "M4,0v8",
    "+": "M0,4h8M4,0v8",
    ".": "M3,4a1,1 0 1 0 2,0a1,1 0 1 0 -2,0",
}
UNSEEN = "rgba(0,0,0,0)"


@lru_cache(maxsize=512)
def mark(symbol: str, size: float, colour: str, width: float = 1, hole: str = "none") -> SafeString:
    """Return a marker around the point 0, 0; if the name of the symbol ends in ``-open``, with a hole."""
    shape, is_open = symbol.removesuffix("-open"), symbol.endswith("-open")
    fill, line = (hole, colour) if is_open else (colour, "var(--epi-card)")
    return format_html(
        '<path d="{}" fill="{}" stroke="{}" stroke-width="{}"/>',
        outline(shape, size),
        fill,
        line,
        max(width, 2) if is_open else width,
    )


def outline(shape: str, size: float) -> str:
    r = short(size / 2)
    third, wide = short(r / 3), short(r * 1.25)
    return {
        "circle": f"M{-r},0a{r},{r} 0 1 0 {short(2 * r)},0a{r},{r} 0 1 0 {short(-2 * r)},0z",
        "square": f"M{-r},{-r}h{short(2 * r)}v{short(2 * r)}h{short(-2 * r)}z",
        "diamond": f"M0,{-wide}L{wide},0L0,{wide}L{-wide},0z",
        "triangle-up": f"M0,{-wide}L{wide},{r}L{-wide},{r}z",
        "cross": _cross(r, third),
        "x": f"M{-r},{-r + third}L{-r + third},{-r}L0,{-third}L{r - third},{-r}L{r},{-r + third}L{third},0"
        f"L{r},{r - third}L{r - third},{r}L0,{third}L{-r + third},{r}L{-r},{r - third}L{-third},0z",
    }[shape]


def _cross(r: float, third: float) -> str:
    return f"M{-third},{-r}H{third}V{-third}H{r}V{third}H{third}V{r}H{-third}V{third}H{-r}V{-third}H{-third}z"


def fill_of(marker: Mapping[str, Any], pattern_id: str) -> str:
    """Return the paint of a bar: a colour, the URL of its pattern, or none."""
    if marker["color"] == UNSEEN:
        return "none"
    return f"url(#{pattern_id})" if marker.get("pattern") else marker["color"]


def pattern(marker: Mapping[str, Any], pattern_id: str) -> SafeString | str:
    """Return the definition of the marker's pattern; "" if it has none."""
    if not (found := marker.get("pattern")):
        return ""
    return format_html(
        '<pattern id="{}" width="8" height="8" patternUnits="userSpaceOnUse">'
        '<path d="M0,0h8v8h-8z" fill="{}"/><path d="{}" fill="none" stroke="{}" stroke-width="1.4"/></pattern>',
        pattern_id,
        found["bgcolor"],
        PATTERNS[found["shape"]],
        found["fgcolor"],
    )
