"""Charts of a strategy, built from rows. No queries."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import charts
from core.charts import Chart


def values_chart(
    indicator: Any, values: Sequence[Any], baseline: Any, target: Any, *, illustrative: bool = False
) -> Chart:
    """Return a chart of the values by period, with baseline and target as lines.

    A figure that is hidden, because it is about few people or not shared, leaves a gap in the line; the table shows
    text instead.
    """
    periods = [row.period for row in values]
    return Chart(
        key="values",
        title=indicator.name,
        columns=[_("Period"), _("Value"), _("Baseline"), _("Target"), _("Note")],
        rows=[
            [
                row.period,
                row.figure.words,
                baseline.words,
                target.words,
                row.note,
            ]
            for row in values
        ],
        csv_columns=[
            _("Period"),
            _("Value"),
            _("Baseline"),
            _("Target"),
            _("Unit"),
            _("Note"),
            _("Hidden figures"),
        ],
        csv_rows=[
            [
                row.period,
                row.figure.value,
                baseline.value,
                target.value,
                indicator.unit,
                row.note,
                row.figure.text or baseline.text or target.text,
            ]
            for row in values
        ],
        figure=_figure(indicator, values, baseline, target),
        counted=ngettext("%(count)s value", "%(count)s values", len(values)) % {"count": len(values)},
        source=", ".join(part for part in (indicator.strategy.city.name, indicator.source) if part),
        as_of=periods[-1] if periods else None,
        note="" if all(row.is_submitted for row in values) else _("The latest value has not been submitted yet."),
        empty=_("No value has been entered yet."),
        illustrative=illustrative,
        described=_describe(values, target),
    )


def _figure(indicator: Any, values: Sequence[Any], baseline: Any, target: Any) -> dict[str, Any]:
    periods = [row.period for row in values]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": _("Value"),
            "x": periods,
            "y": [row.figure.value for row in values],
            **charts.series_style(0),
        }
    ]
    mode = "lines" if len(periods) > 1 else "lines+markers"  # a line needs two points
    for index, (name, level) in enumerate(((_("Baseline"), baseline.value), (_("Target"), target.value)), 1):
        if level is not None and periods:
            style = charts.series_style(index)
            data.append(
                {"type": "scatter", "mode": mode, "name": name, "x": periods, "y": [level] * len(periods), **style}
            )
    layout = {"yaxis": charts.axis_title(indicator.unit) | {"rangemode": "tozero"}, "xaxis": {"type": "category"}}
    return {"data": data, "layout": layout}


def _describe(values: Sequence[Any], target: Any) -> str:
    if not values:
        return ""
    first, last = values[0], values[-1]
    words = _("From %(first)s in %(from)s to %(last)s in %(to)s.") % {
        "first": first.figure.words,
        "from": first.period,
        "last": last.figure.words,
        "to": last.period,
    }
    if target.value is None and not target.text:
        return words
    return words + " " + _("The target is %(target)s.") % {"target": target.words}
