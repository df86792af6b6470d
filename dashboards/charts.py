"""The charts of the dashboards, each with its table. Runs no queries."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import charts, locales
from core.badges import badge_for
from core.charts import Chart
from evaluation.agreement import middle_levels
from evaluation.enums import Capacity
from evaluation.models import in_language
from evaluation.selectors.round_results import RoundAgreement
from pilot.enums import PhaseKind

from .selectors.dimensions import Cell, CityResult, Results
from .selectors.figures import HEALTHS, CityFigures, ProgressPoint
from .selectors.phases import PhaseRow

DAY = 86_400_000  # milliseconds: Plotly's unit of length on a date axis
PHASE_COLOURS = {PhaseKind.COORDINATION: 1, PhaseKind.KICK_OFF: 2, PhaseKind.PACT: 3}
PHASE_HEIGHT = 0.27
CAPACITY_SHIFT = {Capacity.PEER: 0.27, Capacity.COMMITTEE: 0.09, Capacity.EXPERT_GROUP: -0.09, Capacity.SELF: -0.27}


# ---- health of actions


def health_chart(rows: Sequence[CityFigures], **about: Any) -> Chart:
    """Return stacked bars, one for each city, with parts in the order of display."""
    counted = [row for row in rows if row.actions]
    healths = [health for health in HEALTHS if any(row.health.get(health) for row in counted)]
    bars = [_health_bar(health, [(row.city.name, row.health.get(health, 0)) for row in counted]) for health in healths]
    return Chart(
        key="health",
        title=_("Actions by status"),
        columns=[
            _("City"),
            *(str(badge_for(health).word).capitalize() for health in healths),
            _("Actions"),
            _("Figures from"),
        ],
        rows=[
            [row.city.name, *(row.health.get(health, 0) for health in healths), row.actions, row.record.words]
            for row in counted
        ],
        figure={"data": bars, "layout": _health_layout(len(counted))},
        counted=_action_words(sum(row.actions for row in counted)),
        described=_("One bar for each city, divided by the status of its actions."),
        **about,
    )


def city_health_chart(figures: CityFigures, **about: Any) -> Chart:
    """Return one bar for each health of a city's actions."""
    found = [(health, str(badge_for(health).word).capitalize(), n) for health, n in figures.bar]
    bars = [_health_bar(health, [(word, n)]) | {"showlegend": False} for health, word, n in found]
    return Chart(
        key="health",
        title=_("Actions by status"),
        columns=[_("Status"), _("Actions")],
        rows=[[word, n] for _health, word, n in found],
        figure={"data": bars, "layout": _health_layout(len(found))},
        counted=_action_words(figures.actions),
        note=figures.record.words,
        described=_("One bar for each status, showing its number of actions."),
        **about,
    )


def _health_bar(health: Any, counts: Sequence[tuple[str, int]]) -> dict:
    return {
        "type": "bar",
        "orientation": "h",
        "name": str(health.label).capitalize(),
        "y": [name for name, _n in counts],
        "x": [n for _name, n in counts],
        "hovertemplate": "%{y}: %{x} " + str(health.label) + "<extra></extra>",
        **charts.health_style(health),
    }


def _health_layout(rows: int) -> dict:
    return {
        "barmode": "stack",
        "bargap": 0.35,
        "height": _height(rows, 44),
        "xaxis": charts.axis_title(_("Actions")) | {"rangemode": "tozero", "tickformat": "d"},
        "yaxis": {"autorange": "reversed", "ticklabelstandoff": 6},
    }


def _action_words(count: int) -> str:
    return ngettext("%(count)s action", "%(count)s actions", count) % {"count": locales.number(count)}


# ---- progress over periods


def progress_chart(points: Sequence[ProgressPoint], **about: Any) -> Chart:
    """Return one line for each city; a hollow last marker is a period that is not yet submitted."""
    cities = _unique(point.city for point in points)
    periods = sorted(_unique(point.period for point in points), key=lambda period: period.starts_on)
    found = {(point.city.pk, point.period.pk): point for point in points}
    data = [_progress_line(n, city, periods, found) for n, city in enumerate(cities)]
    layout = {
        "height": 400,
        "xaxis": charts.axis_title(_("Reporting period"))
        | {"type": "category", "categoryorder": "array", "categoryarray": [period.name for period in periods]},
        "yaxis": charts.axis_title(_("Average progress of actions"), "%") | {"range": [0, 104], "dtick": 25},
    }
    return Chart(
        key="progress",
        title=_("Progress by period"),
        columns=[_("City"), *(period.name for period in periods)],
        rows=[[city.name, *(_progress_cell(found.get((city.pk, period.pk))) for period in periods)] for city in cities],
        csv_columns=[_("City"), _("Period"), _("Progress (per cent)"), _("Submitted")],
        csv_rows=[[point.city.name, point.period.name, point.progress, not point.is_open] for point in points],
        figure={"data": data, "layout": layout},
        counted=_city_words(len(cities)),
        note=_("Hollow marker: not yet submitted. Cancelled actions are not counted.")
        if any(point.is_open for point in points)
        else _("Cancelled actions are not counted."),
        described=_("The average progress of actions, in per cent, at the end of each period.")
        if len(cities) == 1
        else _("One line for each city: the average progress of its actions, in per cent, at the end of each period."),
        **about,
    )


def _progress_line(n: int, city: Any, periods: Sequence[Any], found: dict) -> dict:
    style = _line_style(n)
    own = [found.get((city.pk, period.pk)) for period in periods]
    shape = style["marker"]["symbol"]
    symbols = [f"{shape}-open" if point and point.is_open else shape for point in own]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": city.name,
        "x": [period.name for period in periods],
        "y": [point.progress if point else None for point in own],
        "connectgaps": True,
        "hovertemplate": "%{fullData.name}, %{x}: %{y} %<extra></extra>",
        "line": style["line"],
        "marker": style["marker"] | {"symbol": symbols},
    }


def _line_style(n: int) -> dict:
    """Use the colours again from the seventh line on, with another dash and marker."""
    turn = n // len(charts.DASHES)
    style, other = charts.series_style(n), charts.series_style(n + 2 * turn + 1 if turn else n)
    return {
        "line": style["line"] | {"dash": other["line"]["dash"]},
        "marker": style["marker"] | {"symbol": other["marker"]["symbol"]},
    }


def _progress_cell(point: ProgressPoint | None) -> str:
    if point is None:
        return locales.NOTHING
    words = locales.percent(point.progress)
    return _("%(percent)s, not yet submitted") % {"percent": words} if point.is_open else words


# ---- pilot timeline


def timeline_chart(rows: Sequence[PhaseRow], **about: Any) -> Chart:
    """Return three bars for each city, outlined as planned and filled as actual, and a line for today."""
    cities = _unique(row.city for row in rows)
    data = [trace for n, kind in enumerate(PhaseKind) for trace in _phase_traces(n, kind, rows)]
    today = max((row.today for row in rows), default=None)
    layout = {
        "barmode": "overlay",
        "height": _height(len(cities), 72),
        "meta": {"row": 82},
        "xaxis": {"type": "date", "tickformat": "%m/%Y", "nticks": 7},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [city.name for city in reversed(cities)],
            "range": [-0.58, len(cities) - 0.42],
            "ticklabelstandoff": 6,
        },
        "shapes": [_today_line(today)] if today else [],
    }
    columns = [_("City"), _("Phase"), _("Planned start"), _("Planned end"), _("Actual start"), _("Actual end")]
    return Chart(
        key="timeline",
        title=_("Pilot timeline: planned and actual"),
        columns=columns,
        rows=[_phase_cells(row) for row in rows],
        csv_columns=[*columns, _("Planned end date has passed")],
        csv_rows=[_phase_values(row) for row in rows],
        figure={"data": data, "layout": layout},
        counted=_city_words(len(cities)),
        note=_("Outline: planned. Filled: actual. The vertical line shows today."),
        described=_("Three bars: coordination structure, kick-off and city integration pact.")
        if len(cities) == 1
        else _("Three bars for each city: coordination structure, kick-off and city integration pact."),
        **about,
    )


def _phase_cells(row: PhaseRow) -> list[str]:
    days = (locales.day(day, "medium") for day in (row.planned_start, row.planned_end, row.actual_start))
    return [row.city.name, str(row.kind.label).capitalize(), *days, _end_words(row)]


def _phase_values(row: PhaseRow) -> list[Any]:
    days = (row.planned_start, row.planned_end, row.actual_start, row.actual_end)
    return [row.city.name, str(row.kind.label).capitalize(), *days, row.is_overdue]


def _phase_traces(n: int, kind: PhaseKind, rows: Sequence[PhaseRow]) -> list[dict]:
    colour, shape = f"var(--epi-series-{PHASE_COLOURS[kind]})", charts.PATTERNS[(0, 1, 3)[n]]
    offset = PHASE_HEIGHT * (0.5 - n)  # the first phase on top
    own = [row for row in rows if row.kind == kind]
    begun = [row for row in own if row.actual_start]
    label = str(kind.label).capitalize()
    planned = _bars(own, [(row.planned_start, row.planned_end) for row in own], PHASE_HEIGHT * 0.92, offset)
    went = _bars(begun, [(row.actual_start, row.bar_end) for row in begun], PHASE_HEIGHT * 0.5, offset)
    outline = {"color": "rgba(0,0,0,0)", "line": {"color": colour, "width": 1.2}}
    pattern = {"shape": shape, "size": 6, "solidity": 0.2, "fgcolor": "var(--epi-card)", "bgcolor": colour}
    full = {"color": colour} | ({"pattern": pattern} if shape else {})
    return [
        planned | {"name": _("planned"), "marker": outline, "showlegend": False, "legendgroup": kind.value},
        went | {"name": label, "marker": full, "legendgroup": kind.value},
    ]


def _bars(rows: Sequence[PhaseRow], spans: Sequence[tuple[date, date]], width: float, offset: float) -> dict:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [row.city.name for row in rows],
        "base": [start.isoformat() for start, _end in spans],
        "x": [max((end - start).days, 1) * DAY for start, end in spans],
        "width": width,
        "offset": offset - width / 2,
        "customdata": [[locales.day(start, "medium"), locales.day(end, "medium")] for start, end in spans],
        "hovertemplate": "%{y}, %{fullData.name}: %{customdata[0]} – %{customdata[1]}<extra></extra>",
    }


def _today_line(today: date) -> dict:
    at = datetime(today.year, today.month, today.day, tzinfo=UTC).date().isoformat()
    line = {"color": "var(--epi-warm)", "width": 2, "dash": "dot"}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _end_words(row: PhaseRow) -> str:
    if row.actual_end:
        return locales.day(row.actual_end, "medium")
    if row.actual_start is None:
        return locales.NOTHING
    return _("in progress, planned end date has passed") if row.is_overdue else _("in progress")


# ---- the six dimensions


def spread_chart(result: CityResult, **about: Any) -> Chart:
    """Return each rating by capacity, without names, beside the consensus; dimensions in the framework's order."""
    cells = list(result.cells)
    present = [capacity for capacity in CAPACITY_SHIFT if any(cell.levels.get(capacity) for cell in cells)]
    data = [_range_trace(cells), *[_capacity_trace(capacity, cells) for capacity in present], _consensus_trace(cells)]
    scale = [(int(level), in_language(names)) for level, names in sorted(result.scale.items())]
    ratings = sum(cell.n for cell in cells)
    layout = {
        "height": _height(len(cells), 70),
        "meta": {"row": 84},
        "xaxis": charts.axis_title(_("Level")) | {"range": [0.6, 4.4], "tickvals": [level for level, _name in scale]},
        "yaxis": {
            "range": [len(cells) - 0.4, -0.6],
            "tickvals": list(range(len(cells))),
            "ticktext": [cell.name for cell in cells],
            "zeroline": False,
            "ticklabelstandoff": 6,
        },
    }
    return Chart(
        key="spread",
        title=_("Evaluation results: levels and differences between raters"),
        columns=[
            _("Dimension"),
            _("Agreed level"),
            _("Independent ratings"),
            _("Median"),
            _("Range"),
            *(str(capacity.label).capitalize() for capacity in present),
        ],
        rows=[
            [cell.name, level_words(cell), cell.n, cell.median_words, cell.range_words]
            + [", ".join(map(str, cell.levels.get(capacity, ()))) or locales.NOTHING for capacity in present]
            for cell in cells
        ],
        csv_columns=[_("Dimension"), _("Capacity"), _("Level")],
        csv_rows=[row for cell in cells for row in _level_rows(cell, present)],
        figure={"data": data, "layout": layout},
        counted=ngettext("%(count)s rating", "%(count)s ratings", ratings) % {"count": ratings},
        note=", ".join(f"{level} {name}" for level, name in scale),
        described=_("Marks show individual ratings by capacity; the diamond shows the agreed level."),
        **about,
    )


def _level_rows(cell: Cell, present: Sequence[Capacity]) -> list[list]:
    """Return the agreed level and each rating of one dimension, one a row."""
    given = [(capacity.label, level) for capacity in present for level in cell.levels.get(capacity, ())]
    return [[cell.name, _("Agreed level"), cell.level], *([cell.name, label, level] for label, level in given)]


def _capacity_trace(capacity: Capacity, cells: Sequence[Cell]) -> dict:
    """Show equal ratings as one larger marker that says how many there are."""
    counted = [
        (level, row, levels.count(level))
        for row, cell in enumerate(cells)
        for levels in [list(cell.levels.get(capacity, ()))]
        for level in sorted(set(levels))
    ]
    n = list(CAPACITY_SHIFT).index(capacity)
    marker = charts.series_style(n, lines=False)["marker"]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": str(capacity.label).capitalize(),
        "x": [level for level, _row, _count in counted],
        "y": [row - CAPACITY_SHIFT[capacity] for _level, row, _count in counted],
        "customdata": [[cells[row].name, count] for _level, row, count in counted],
        "hovertemplate": "%{customdata[0]}: " + _("level") + " %{x}, %{customdata[1]} ×<extra>%{fullData.name}</extra>",
        "marker": marker | {"size": [8 + 3 * count for _level, _row, count in counted], "opacity": 0.9},
    }


def _range_trace(cells: Sequence[Cell]) -> dict:
    """Draw a pale line from the lowest to the highest independent rating."""
    x: list[Any] = []
    y: list[Any] = []
    for row, cell in enumerate(cells):
        if cell.low is not None:
            x += [cell.low, cell.high, None]
            y += [row, row, None]
    line = {"color": "var(--epi-line)", "width": 8}
    return {
        "type": "scatter",
        "mode": "lines+markers",  # markers too: a line between equal ratings has no length
        "marker": {"color": "var(--epi-line)", "size": 8},
        "name": _("Range of independent ratings"),
        "x": x,
        "y": y,
        "line": line,
        "hoverinfo": "skip",
    }


def _consensus_trace(cells: Sequence[Cell]) -> dict:
    agreed = [(cell.level, row) for row, cell in enumerate(cells) if cell.level is not None]
    marker = {"symbol": "diamond-open", "size": 20, "color": "var(--epi-ink)", "line": {"width": 2.5}}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _("Agreed level"),
        "x": [level for level, _row in agreed],
        "y": [row for _level, row in agreed],
        "customdata": [cells[row].name for _level, row in agreed],
        "hovertemplate": "%{customdata}: %{x}<extra>%{fullData.name}</extra>",
        "marker": marker,
    }


# ---- tables for CSV


def levels_table(shown: Results, **about: Any) -> Chart:
    """Return one row for each city and dimension; the page shows an HTML table instead."""
    rows = []
    for city, result in shown.rows:
        for code, name in shown.columns:
            cell = result.cell(code) if result else None
            rows.append([city.name, name, *_cell_row(cell), result.round if result else ""])
    columns = [_("City"), _("Dimension"), _("Agreed level"), _("Independent ratings")]
    columns += [_("Lower median"), _("Upper median"), _("Lowest level"), _("Highest level")]
    columns += [_("Evidence"), _("Note"), _("Round")]
    return Chart("dimensions", _("Evaluation results"), columns, rows, {}, **about)


def _cell_row(cell: Cell | None) -> list:
    if cell is None:
        return [None, 0, None, None, None, None, "", _("not evaluated")]
    remark = _("not assessed") if cell.level is None else ""
    return [cell.level, cell.n, *middle_levels(cell.median), cell.low, cell.high, cell.evidence.label, remark]


def agreement_table(agreement: RoundAgreement, **about: Any) -> Chart:
    columns = [_("Dimension"), _("Krippendorff’s alpha"), _("Strategies"), _("Ratings"), _("Note")]
    lines = [
        [
            row.name,
            None if row.alpha is None else round(float(row.alpha), 2),
            row.strategies,
            row.ratings,
            row.alpha_text if row.alpha is None else "",
        ]
        for row in agreement.dimensions
    ]
    return Chart("agreement", _("Agreement between independent raters"), columns, lines, {}, **about)


def money_table(rows: Sequence[CityFigures], **about: Any) -> Chart:
    columns = [_("City"), _("Currency"), _("Spent"), _("Budget"), _("Figures from")]
    lines = [[row.city.name, row.city.currency, row.spent, row.budget, row.record.words] for row in rows]
    return Chart("money", _("Money spent"), columns, lines, {}, **about)


# ---- texts


def level_words(cell: Cell) -> str:
    return _("not assessed") if cell.level is None else str(cell.level)


def _city_words(count: int) -> str:
    return ngettext("%(count)s city", "%(count)s cities", count) % {"count": locales.number(count)}


def _height(rows: int, each: int) -> int:
    return max(260, 120 + rows * each)


def _unique(things: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(things))
