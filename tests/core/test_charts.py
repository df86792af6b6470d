"""Test that figures are valid for Plotly and that chart colours match the style sheet."""

import re
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path

import plotly.graph_objects as go
import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import gettext_lazy, override

from core import charts
from core.charts import Chart

TOKENS = Path(__file__).resolve().parents[2] / "static/css/tokens.css"


class Colour(Enum):
    RED = "red"


def chart(**changes):
    style = {"marker": {"color": "var(--epi-series-2)"}}
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": "Spent",
            "y": ["Riga", "Lublin"],
            "x": [Decimal("10.50"), 3],
            **style,
        }
    ]
    given = {
        "key": "spending",
        "title": "Riga has spent most",
        "columns": ["City", "EUR"],
        "rows": [["Riga", Decimal("10.50")], ["Lublin", None]],
        "figure": {"data": data, "layout": {"xaxis": charts.axis_title("Spent", "EUR")}},
    }
    return Chart(**given | changes)


def trace(kind):
    if kind == "health":
        return {"type": "bar", "x": [1], "y": ["Riga"], "orientation": "h", **charts.health_style("at_risk")}
    if kind == "polar":
        return {"type": "scatterpolar", "theta": ["Impact"], "r": [2], **charts.series_style(7)}
    if kind == "points":
        return {"type": "scatter", "x": [1], "y": [2], "mode": "markers", **charts.series_style(2, lines=False)}
    return {"type": "bar", "x": [1], "y": [2], "marker": {"color": "var(--epi-level-4)"}}


@pytest.mark.parametrize("kind", ["health", "polar", "points", "level"])
def test_figure_is_valid_for_plotly(kind):
    layout = {} if kind == "polar" else {"xaxis": charts.axis_title("Actions")}
    drawn = chart(figure={"data": [trace(kind)], "layout": layout}).drawn

    assert go.Figure(drawn).data[0].type == trace(kind)["type"]


def test_own_layout_overrides_common_layout():
    layout = chart().drawn["layout"]

    assert layout["xaxis"]["title"]["text"] == "Spent (EUR)"
    assert layout["xaxis"]["fixedrange"] is True
    assert layout["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_decimal_separator_follows_language():
    with override("sv"):
        assert chart().drawn["layout"]["separators"] == ",\xa0"


def test_series_differ_by_colour_symbol_and_dash():
    styles = [charts.series_style(index) for index in range(6)]

    for part in (lambda s: s["marker"]["color"], lambda s: s["marker"]["symbol"], lambda s: s["line"]["dash"]):
        assert len({part(style) for style in styles}) == 6


def test_health_style_is_same_for_member_and_value():
    class Member:
        value = "on_track"

    assert charts.health_style(Member()) == charts.health_style("on_track")
    assert charts.health_style("on_track")["marker"]["color"] == "var(--epi-on-track)"


def test_plain_returns_json_values():
    given = {"a": (Decimal("1.5"), date(2021, 9, 30), gettext_lazy("Spent")), "b": None, "c": Colour.RED}

    assert charts.plain(given) == {"a": [1.5, "2021-09-30", "Spent"], "b": None, "c": "red"}


def test_light_colours_match_style_sheet():
    stored = dict(re.findall(r"(--epi-[\w-]+): light-dark\((#[0-9a-f]{6}),", TOKENS.read_text(encoding="utf-8")))

    assert {name: stored.get(name) for name in charts.LIGHT_COLOURS} == charts.LIGHT_COLOURS


def render(given_chart):
    return render_to_string("_parts/chart.html", {"chart": given_chart}, request=RequestFactory().get("/x/?period=3"))


def test_chart_template_has_figure_table_and_csv_link():
    html = render(chart(counted="7 cities", source="Accepted periods", as_of="Q3 2021", illustrative=True))

    assert re.search(r'<svg class="epi-chart-picture"[^>]* role="img"\s+aria-label="Riga has spent most">', html)
    assert "<script" not in html
    assert '<th scope="row">Riga</th><td class="epi-num">10.50</td>' in html
    assert "?period=3&amp;csv=spending" in html
    assert "?period=3&amp;svg=spending" in html
    assert "?period=3&amp;html=spending" in html
    assert "7 cities" in html
    assert "Data from Q3 2021" in html
    assert "Illustrative" in html
    assert "style=" not in html


def test_chart_template_without_rows_shows_empty_text():
    html = render(chart(rows=[], empty="Riga has not reported yet."))

    assert "Riga has not reported yet." in html
    assert "epi-chart-picture" not in html


def test_rows_of_table_are_escaped_and_in_the_language():
    given = chart(rows=[["<b>Riga</b>", None, 1.5, "a & b"]])

    with override("sv"):
        assert given.table_rows == (
            '<tr><th scope="row">&lt;b&gt;Riga&lt;/b&gt;</th><td class="epi-num">–</td><td class="epi-num">1,5</td>'
            '<td class="epi-num">a &amp; b</td></tr>\n'
        )
