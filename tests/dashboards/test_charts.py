"""Test that figures are valid for Plotly and that each table holds the numbers of its figure."""

import plotly.graph_objects as go
import pytest

from core.chart_files import with_light_colours
from dashboards import charts
from dashboards.selectors.dimensions import results
from dashboards.selectors.network import Dashboard
from dashboards.selectors.scope import scope_for
from tests.factories import EvaluationRoundFactory

from .results import publish_result
from .test_dimensions import LEVELS


@pytest.fixture
def dashboard(network, partner):
    round_ = EvaluationRoundFactory(period=network.present, name="Round 1")
    publish_result(network.cities["linkoping"].strategy, round_, LEVELS)
    return Dashboard(scope_for(partner))


def test_every_figure_is_valid_for_plotly(dashboard):
    drawn = [
        charts.health_chart(dashboard.cities),
        charts.city_health_chart(dashboard.cities[0]),
        charts.progress_chart(dashboard.progress(dashboard.cities)),
        charts.timeline_chart(dashboard.phases(dashboard.cities)),
        charts.spread_chart(dashboard.results.found[0]),
    ]

    for chart in drawn:
        figure = go.Figure(with_light_colours(chart.drawn))
        assert len(figure.data) > 0
        assert chart.picture.height > 60
        assert all(len(row) == len(chart.columns) for row in chart.rows)


def test_health_chart_has_numbers_of_its_table(dashboard):
    chart = charts.health_chart(dashboard.cities)

    drawn = {trace["name"]: dict(zip(trace["y"], trace["x"], strict=True)) for trace in chart.figure["data"]}
    for city, *counts, total, _record in chart.rows:
        assert [drawn[name][city] for name in chart.columns[1:-2]] == counts
        assert sum(counts) == total


def test_health_chart_of_a_city_has_a_row_for_each_health(dashboard):
    figures = dashboard.cities[0]

    chart = charts.city_health_chart(figures)

    assert dict(chart.rows) == {str(health.label).capitalize(): n for health, n in figures.bar}
    assert chart.counted == f"{figures.actions} actions"
    assert chart.picture.legend == []


def test_progress_chart_marks_open_periods(dashboard):
    chart = charts.progress_chart(dashboard.progress(dashboard.cities))

    symbols = {trace["name"]: trace["marker"]["symbol"][-1] for trace in chart.figure["data"]}
    assert {name: symbol.endswith("-open") for name, symbol in symbols.items()} == {
        "Linköping": True,
        "Lublin": True,
        "Riga": False,
    }
    assert chart.rows[0][-1].endswith("not yet submitted")


def test_line_styles_of_twelve_cities_differ():
    styles = [charts._line_style(n) for n in range(12)]

    seen = {(style["line"]["color"], style["line"]["dash"], style["marker"]["symbol"]) for style in styles}
    assert len(seen) == 12


def test_spread_chart_shows_ratings_by_capacity_and_agreed_level(dashboard):
    chart = charts.spread_chart(results(dashboard.view).found[0])

    row = dict(zip(chart.columns, chart.rows[0], strict=True))
    assert row["Agreed level"] == "3"
    assert row["Peer city"] == "1, 3"
    assert row["Committee"] == "2, 3"
    assert row["City self-assessment"] == "4"
    assert chart.rows[2][1] == "not assessed"
    names = [trace["name"] for trace in chart.figure["data"]]
    assert names[-1] == "Agreed level"


def test_timeline_chart_has_row_for_each_phase(dashboard):
    chart = charts.timeline_chart(dashboard.phases(dashboard.cities))

    assert len(chart.rows) == 3
    assert chart.columns[0] == "City"
    assert chart.described.startswith("Three bars for each city: ")


def test_timeline_chart_of_one_city_describes_its_bars(dashboard):
    chart = charts.timeline_chart(dashboard.phases(dashboard.cities[:1]))

    assert chart.described == "Three bars: coordination structure, kick-off and city integration pact."


def test_charts_without_rows_are_empty():
    assert charts.health_chart([]).is_empty
    assert charts.progress_chart([]).is_empty
    assert charts.timeline_chart([]).is_empty
