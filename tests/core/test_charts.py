"""Check that figures are valid for Plotly and that chart colours match the style sheet."""

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
    data = [{"type": "bar", "name": "Spent", "x": ["Riga", "Lublin"], "y": [Decimal("10.50"), 3], **style}]
    given = {
        "key": "spending",
        "title": "Riga has spent most",
        "columns": ["City", "EUR"],
        "rows": [["Riga", Decimal("10.50")], ["Lublin", None]],
        "figure": {"data": data, "layout": {"yaxis": charts.axis_title("Spent", "EUR")}},
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

    assert layout["yaxis"]["title"]["text"] == "Spent (EUR)"
    assert layout["yaxis"]["fixedrange"] is True
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


def test_standalone_html_names_source_date_and_demonstration():
    page = charts.standalone_html(chart(source="The cities", as_of="2026 Q3", illustrative=True, note="So far."))

    assert '"text":"Illustrative \\u00b7 Source: The cities \\u00b7 Data of 2026 Q3 \\u00b7 So far."' in page


def test_standalone_html_needs_no_other_file():
    page = charts.standalone_html(chart())

    figure = page.rpartition("Plotly.newPlot(")[2]
    assert '"text":"Riga has spent most"' in figure
    assert charts.LIGHT_COLOURS["--epi-series-2"] in figure
    assert "var(--" not in figure
    assert not re.search(r"<(script|link)[^>]*(src|href)=", page)


def csv_lines(given_chart):
    return charts.chart_csv(given_chart).content.decode("utf-8-sig").splitlines()


def test_csv_ends_with_source_and_date():
    assert csv_lines(chart(source="Accepted periods", as_of=date(2021, 9, 30))) == [
        "City,EUR",
        "Riga,10.5",
        "Lublin,",
        "Source,Accepted periods",
        "Date of the data,2021-09-30",
    ]


def test_csv_has_its_own_columns_where_the_page_shows_words():
    lines = csv_lines(chart(csv_columns=["City", "Lowest", "Highest"], csv_rows=[["Riga", 1, 3]]))

    assert lines == ["City,Lowest,Highest", "Riga,1,3"]


def render(given_chart):
    return render_to_string("_parts/chart.html", {"chart": given_chart}, request=RequestFactory().get("/x/?period=3"))


def test_chart_template_has_figure_table_and_csv_link():
    html = render(chart(n=7, source="Accepted periods", as_of="Q3 2021", illustrative=True))

    assert 'data-chart="chart-spending-figure"' in html
    assert '<script id="chart-spending-figure" type="application/json">' in html
    assert '<th scope="row">Riga</th><td class="epi-num">10.50</td>' in html
    assert "?period=3&amp;csv=spending" in html
    assert "n = 7" in html
    assert "Data of Q3 2021" in html
    assert "Illustrative" in html
    assert "style=" not in html


def test_chart_template_without_rows_shows_empty_text():
    html = render(chart(rows=[], empty="Riga has not reported yet."))

    assert "Riga has not reported yet." in html
    assert "data-chart" not in html


def test_chart_with_large_height_is_tall():
    assert chart(figure={"data": [], "layout": {"height": 420}}).is_tall is False
    assert chart(figure={"data": [], "layout": {"height": 640}}).is_tall is True
