"""Charts to take away: numbers as CSV, a picture, and a page of its own on which the chart can be explored."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .charts import LIGHT_COLOURS, Chart
from .csv_files import csv_response
from .exceptions import UserFacingError
from .texts import for_xml

MOST_MARKS = 20_000  # on a page of its own: about 2 MB, which browsers still draw in a second
WIDTH, MARGIN, LINE_HEIGHT = 960, 24, 20  # of pictures, in pixels
CHARACTER = 7.5  # the width of a character, roughly
TEXT = '<text x="{}" y="{}" {}>{}</text>'
STYLE = """
body { margin: 2rem auto; padding: 0 1rem; max-width: 75rem; color: #14202e; font: 1rem/1.5 system-ui, sans-serif }
.epi-num { text-align: right }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.epi-scroll { overflow-x: auto }
table { border-collapse: collapse }
th, td { padding: .3rem .75rem; border-bottom: 1px solid #d8dee6; text-align: left }
"""
SWATCH = '<svg x="{}" y="{}" width="28" height="16" overflow="visible">{}</svg>'


class ChartTooLarge(UserFacingError):
    message = gettext_lazy(
        "This chart has too many values for a page of its own. Choose fewer cities, or download the CSV."
    )


def chart_file(
    request: HttpRequest, charts: Mapping[str, Callable[[], Chart]], name: str = "{}"
) -> HttpResponse | None:
    """Return the file that the query string asks for, as in ``?csv=health``; None if it asks for none.

    Only the chart that is asked for is made. ``name``: of the file, with ``{}`` for the chart's key.
    """
    for kind, make_file in FILES.items():
        if key := request.GET.get(kind):
            if key not in charts:
                raise Http404
            try:
                return make_file(charts[key](), name.format(key))
            except UserFacingError as error:
                messages.error(request, str(error))
                return redirect(_without(request, kind))
    return None


def _without(request: HttpRequest, kind: str) -> str:
    query = request.GET.copy()
    del query[kind]
    return f"{request.path}?{query.urlencode()}" if query else request.path


def chart_csv(chart: Chart, name: str) -> HttpResponse:
    """Return the chart's table as a CSV file, with the source and the date of the data in its last lines."""
    origin = [(_("Source"), chart.source), (_("Data from"), chart.as_of)]
    rows = [*(chart.csv_rows or chart.rows), *(line for line in origin if line[1])]
    columns = chart.csv_columns or chart.columns
    return csv_response(name, columns, rows, is_illustrative=chart.illustrative)


def _attachment(content: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# ---- a page of its own


def chart_page(chart: Chart, name: str) -> HttpResponse:
    """Return the chart, drawn by Plotly, and its table as one HTML file that needs no other."""
    return _attachment(page_of(chart), "text/html", f"{name}.html")


def page_of(chart: Chart) -> str:
    import plotly.graph_objects as go  # here: 39 MB that no page needs

    _require_figure(chart)
    if sum(len(trace["x"]) for trace in chart.figure["data"]) > MOST_MARKS:
        raise ChartTooLarge
    plot = go.Figure(_escaped(with_light_colours(chart.drawn))).to_html(
        full_html=False, include_plotlyjs=True, config={"displaylogo": False, "responsive": True}
    )
    style = format_html("<style>{}</style>", STYLE)
    return render_to_string("_parts/chart_page.html", {"chart": chart, "plot": plot, "style": style})


def _require_figure(chart: Chart) -> None:
    """Refuse a table without a figure, and a figure without values."""
    if not chart.figure or chart.is_empty:
        raise Http404


def _escaped(value: Any) -> Any:
    """Escape texts: Plotly reads some HTML tags in names. The templates for hovering are our own."""
    if isinstance(value, dict):
        return {key: part if key == "hovertemplate" else _escaped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_escaped(part) for part in value]
    return escape(value, quote=False) if isinstance(value, str) else value


def with_light_colours(value: Any) -> Any:
    """Replace CSS variables by their light values, for files without our style sheet."""
    if isinstance(value, dict):
        return {key: with_light_colours(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_light_colours(part) for part in value]
    return _in_light(value) if isinstance(value, str) else value


def _in_light(text: str) -> str:
    return re.sub(r"var\((--epi-[\w-]+)\)", lambda found: LIGHT_COLOURS.get(found[1], found[0]), text)


# ---- a picture


def chart_picture(chart: Chart, name: str) -> HttpResponse:
    """Return the chart with title, source and legend as an SVG file in light colours; a script makes a PNG of it."""
    return _attachment(picture_file(chart), "image/svg+xml", f"{name}.svg")


def picture_file(chart: Chart) -> str:
    _require_figure(chart)
    picture = chart.picture
    lines = [*_heading(chart)]
    y = MARGIN + sum(height for height, _style, _words in lines)
    legend, height = _legend(picture.legend, y)
    top = y + height + 8
    drawn = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" '
        'font-family="system-ui, sans-serif" font-size="14" fill="{2}">'
        '<title>{3}</title><path d="M0,0h{0}v{1}h-{0}z" fill="{4}"/>{5}{6}'
        '<svg x="{7}" y="{8}" width="{9}" height="{10}" overflow="visible">{11}</svg></svg>',
        WIDTH,
        top + picture.height + MARGIN,
        "var(--epi-ink)",
        chart.title,
        "var(--epi-card)",
        format_html_join("", TEXT, _placed(lines)),
        legend,
        MARGIN,
        top,
        WIDTH - 2 * MARGIN,
        picture.height,
        picture.body,
    )
    return for_xml(_in_light(drawn))


def _heading(chart: Chart) -> Iterator[tuple[int, str, str]]:
    """Yield the lines above the picture: height, attributes, words."""
    title = format_html('font-size="{}" font-weight="{}"', 20, 600)
    small = format_html('font-size="{}" fill="{}"', 13, "var(--epi-muted)")
    yield from ((28, title, line) for line in wrap(str(chart.title), 80))
    yield from ((LINE_HEIGHT, small, line) for line in wrap(chart.caption, 130))


def _placed(lines: Sequence[tuple[int, str, str]]) -> Iterator[tuple[int, int, str, str]]:
    y = MARGIN - 6
    for height, style, words in lines:
        y += height
        yield MARGIN, y, style, words


def _legend(entries: Sequence[tuple[Any, str]], top: int) -> tuple[Any, int]:
    """Return the legend in as many lines as it needs, and its height."""
    x, y, parts = MARGIN, top + 8, []
    for swatch, name in entries:
        width = 40 + len(name) * CHARACTER + 16
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + 24
        parts.append((x, y, swatch, x + 36, y + 13, name))
        x += round(width)
    drawn = format_html_join("", SWATCH + '<text x="{}" y="{}">{}</text>', parts)
    return drawn, y + 24 - top if entries else 0


FILES = {"csv": chart_csv, "html": chart_page, "svg": chart_picture}
