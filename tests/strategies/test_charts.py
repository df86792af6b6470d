"""Charts of indicators."""

from decimal import Decimal
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest

from core.chart_files import with_light_colours
from strategies.charts import values_chart
from strategies.selectors.values import Figure, ReportedValue

INDICATOR = SimpleNamespace(
    name="Visits", unit="visits", source="Own count", strategy=SimpleNamespace(city=SimpleNamespace(name="Riga"))
)


def drawn(*numbers):
    values = [ReportedValue(f"Q{n}", Figure(Decimal(number)), "", True) for n, number in enumerate(numbers, 1)]
    return values_chart(INDICATOR, values, Figure(Decimal(10)), Figure(Decimal(50)))


@pytest.mark.parametrize("numbers, mode", [([20], "lines+markers"), ([20, 30], "lines")])
def test_baseline_and_target_are_drawn_for_one_value_too(numbers, mode):
    """A line with a single point is invisible without a marker."""
    figure = go.Figure(with_light_colours(drawn(*numbers).drawn))

    assert [trace.name for trace in figure.data] == ["Value", "Baseline", "Target"]
    assert [trace.mode for trace in figure.data[1:]] == [mode, mode]
    assert len({trace.marker.symbol for trace in figure.data}) == 3


def test_chart_names_city_source_and_period():
    assert drawn(20, 30).caption == "2 values · Source: Riga, Own count · Data from Q2"
