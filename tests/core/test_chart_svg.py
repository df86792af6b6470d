"""Test that pictures show the values of their figures."""

import re
from datetime import date

import pytest
from django.utils.translation import override

from core import charts
from core.chart_marks import PATTERNS as DRAWN_PATTERNS
from core.chart_marks import mark, outline
from core.chart_scales import Scale, month_ticks, number_ticks, thinned
from core.chart_svg import picture_of
from core.charts import Chart


def figure(*data, **layout):
    return Chart("k", "Title", ["a"], [["b"]], {"data": list(data), "layout": layout}).drawn


def bars(name, counts, **more):
    style = charts.health_style("late")
    return (
        {"type": "bar", "orientation": "h", "name": name, "y": list(counts), "x": list(counts.values())} | style | more
    )


def line(name, values, **more):
    points = {"x": list(values), "y": list(values.values()), "mode": "lines+markers"}
    return {"type": "scatter", "name": name} | points | charts.series_style(0) | more


def rects(picture):
    found = re.findall(r'<rect x="([\d.]+)%" y="([\d.]+)" width="([\d.]+)%" height="([\d.]+)"', picture.body)
    return [tuple(map(float, one)) for one in found]


def points(picture):
    found = re.findall(r'<use href="#[^"]+" x="([\d.]+)%" y="([\d.]+)"', picture.body)
    return [tuple(map(float, one)) for one in found]


def paths(picture):
    return re.findall(r'<path d="([^"]+)" fill="none" stroke="[^"]+" stroke-width="2.5"', picture.body)


def texts(picture):
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture.body)


# ---- rows


def test_stacked_bars_begin_where_the_one_before_ends():
    drawn = picture_of(
        figure(
            bars("Late", {"Riga": 2, "Lublin": 1}),
            bars("Done", {"Riga": 3, "Lublin": 0}),
            barmode="stack",
            xaxis={"tickformat": "d"},
            yaxis={"autorange": "reversed"},
        ),
        "k",
    )

    late_riga, late_lublin, done_riga = rects(drawn)
    assert late_riga[:1] + late_riga[2:3] == (0, 40)
    assert done_riga[:1] + done_riga[2:3] == (40, 60)
    assert late_riga[1] == done_riga[1] < late_lublin[1]
    assert texts(drawn)[-2:] == ["Riga", "Lublin"]


def test_bars_have_pattern_name_and_hover_text():
    trace = bars("Late", {"Riga": 2}, hovertemplate="%{y}: %{x} late<extra>%{fullData.name}</extra>")

    drawn = picture_of(figure(trace, yaxis={"autorange": "reversed"}), "chart-k")

    assert '<pattern id="chart-k-0"' in drawn.body
    assert 'fill="url(#chart-k-0)"' in drawn.body
    assert "<title>Riga: 2 late (Late)</title>" in drawn.body


def test_names_are_escaped_and_shortened():
    drawn = picture_of(figure(bars("Late", {"<b>" + "x" * 60: 2}), yaxis={"autorange": "reversed"}), "k")

    assert "&lt;b&gt;xxx" in drawn.body
    assert "<b>" not in drawn.body
    assert len(texts(drawn)[-1].replace("&lt;", "<").replace("&gt;", ">")) == 42


def test_spans_of_time_lie_above_each_other_and_today_is_a_line():
    span = {"base": ["2026-01-01"], "x": [10 * 86_400_000], "y": ["Riga"], "width": 0.25}
    first = bars("One", {"Riga": 0}) | span | {"offset": 0.2}
    second = bars("Two", {"Riga": 0}) | span | {"offset": -0.4, "base": ["2026-01-11"]}
    today = {"type": "line", "x0": "2026-01-06", "x1": "2026-01-06", "line": {"color": "var(--epi-warm)"}}

    drawn = picture_of(
        figure(
            first,
            second,
            xaxis={"type": "date"},
            yaxis={"categoryarray": ["Riga"], "range": [-0.5, 0.5]},
            shapes=[today],
        ),
        "k",
    )

    upper, lower = rects(drawn)
    assert (upper[0], upper[2]) == (0, 50)
    assert (lower[0], lower[2]) == (50, 50)
    assert upper[1] < lower[1]
    assert '<line x1="25%"' in drawn.body
    assert "01/2026" in texts(drawn)


def test_marks_lie_on_their_scale_and_row():
    marks = charts.series_style(1, lines=False)
    trace = {"type": "scatter", "mode": "markers", "name": "Peer", "x": [1, None, 4], "y": [0, 0, 0.75]} | marks
    trace["marker"] |= {"size": [11, 8, 14]}
    axis = {"range": [1.5, -0.5], "tickvals": [0, 1], "ticktext": ["Relevance", "Impact"]}

    drawn = picture_of(figure(trace, xaxis={"range": [1, 5], "tickvals": [1, 5]}, yaxis=axis, meta={"row": 80}), "k")

    (first, last) = points(drawn)
    assert (first[0], last[0]) == (0, 75)
    assert last[1] - first[1] == pytest.approx(80 - 0.25 * 50)
    assert drawn.height == 8 + 2 * 80 + 24


# ---- lines


def test_line_has_gap_where_a_value_is_hidden():
    drawn = picture_of(figure(line("Value", {"Q1": 2, "Q2": None, "Q3": 4})), "k")

    (x1, y1), (x2, y2) = points(drawn)
    assert (x1, x2) == (9, 97)
    assert y1 > y2
    assert paths(drawn) == [f"M{x1:g},{y1:g}M{x2:g},{y2:g}"]


def test_line_that_connects_gaps_has_one_segment():
    drawn = picture_of(figure(line("Riga", {"Q1": 20, "Q2": None, "Q3": 40}, connectgaps=True)), "k")

    (x1, y1), (x2, y2) = points(drawn)
    assert paths(drawn) == [f"M{x1:g},{y1:g}L{x2:g},{y2:g}"]


def test_open_marker_is_hollow_but_not_in_legend():
    hollow = line("Riga", {"Q1": 20})
    hollow["marker"] = hollow["marker"] | {"symbol": ["circle-open"]}

    drawn = picture_of(figure(hollow, line("Lublin", {"Q1": 30})), "k")

    assert 'fill="var(--epi-card)" stroke="var(--epi-series-1)" stroke-width="2"' in drawn.body
    assert [name for _swatch, name in drawn.legend] == ["Riga", "Lublin"]
    assert 'fill="var(--epi-card)"' not in drawn.legend[0][0]


def test_shape_of_markers_is_drawn_once():
    hollow = line("Riga", {f"Q{n}": 20 + n for n in range(9)})
    hollow["marker"] = hollow["marker"] | {"symbol": ["circle"] * 8 + ["circle-open"]}

    drawn = picture_of(figure(hollow, line("Lublin", {"Q1": 30})), "k")

    used = re.findall(r'<use href="#([^"]+)"', drawn.body)
    assert used == ["k-m0"] * 8 + ["k-m1"] + ["k-m2"]
    assert re.findall(r'<g id="([^"]+)"><path', drawn.body) == ["k-m0", "k-m1", "k-m2"]


def test_y_axis_follows_range_or_values():
    percent = picture_of(figure(line("Riga", {"Q1": 20}), yaxis={"range": [0, 104], "dtick": 25}), "k")
    values = picture_of(figure(line("Riga", {"Q1": -3, "Q2": 7}), yaxis=charts.axis_title("People")), "k")
    empty = picture_of(figure(line("Riga", {"Q1": None})), "k")

    assert texts(percent)[-5:] == ["0", "25", "50", "75", "100"]
    assert texts(values)[0] == "People"
    assert {"-4", "8"} <= set(texts(values)) or {"−4", "8"} <= set(texts(values))
    assert texts(empty)[-1] == "1"


def test_numbers_of_axis_are_in_the_language():
    with override("sv"):
        drawn = picture_of(figure(line("Riga", {"Q1": 0.5})), "k")

    assert "0,1" in texts(drawn)


# ---- scales and marks


@pytest.mark.parametrize(
    "lowest, highest, whole, ticks",
    [
        (0, 9, False, [0, 2, 4, 6, 8, 10]),
        (0, 1, True, [0, 1]),
        (0, 3, True, [0, 1, 2, 3]),
        (0, 0, False, [0, 1]),
        (0, 0.3, False, [0, 0.1, 0.2, 0.3]),
        (-5, 100, False, [-50, 0, 50, 100]),
        (0, 1_000_000, True, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000]),
    ],
)
def test_number_ticks_are_round_and_enclose_the_values(lowest, highest, whole, ticks):
    assert number_ticks(lowest, highest, whole=whole) == ticks


@pytest.mark.parametrize("years", [0, 1, 3, 12, 60, 700])
def test_month_ticks_are_few(years):
    days = month_ticks(date(2026, 1, 15), date(2026 + years, 12, 20))

    assert 1 <= len(days) <= 6
    assert all(day.day == 1 for day in days)


def test_last_label_is_always_shown():
    assert thinned([]) == []
    assert thinned(["Q1", "Q2"]) == [0, 1]
    assert thinned([f"Quarter {n}" for n in range(9)]) == [2, 5, 8]


def test_scale_of_one_value_has_no_length():
    assert Scale(3, 3).at(3) == 0


def test_every_sign_that_charts_use_can_be_drawn():
    assert {shape for shape in charts.HEALTH_PATTERNS.values() if shape} <= set(DRAWN_PATTERNS)
    assert set(charts.PATTERNS) - {""} <= set(DRAWN_PATTERNS)
    assert all(outline(symbol, 8).endswith("z") for symbol in charts.MARKERS)
    assert 'fill="red"' in mark("diamond", 8, "red")
