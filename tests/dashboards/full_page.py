"""A full dashboard: every city has results in six dimensions, two of them far apart, and progress over two years."""

from datetime import date

from dashboards.selectors.dimensions import Cell, CityResult, Results
from dashboards.selectors.figures import ProgressPoint
from evaluation.enums import Strength
from strategies.models import ReportingPeriod

DIMENSIONS = ["Relevance", "Coherence", "Effectiveness", "Efficiency", "Impact and change", "Sustainability"]
PERIODS = 8


def results_of(cities):
    columns = [(name.lower().replace(" ", "-"), name) for name in DIMENSIONS]
    scale = {"1": {"en": "Low"}, "2": {"en": "Some"}, "3": {"en": "Good"}, "4": {"en": "High"}}
    rows = []
    for city in cities:
        cells = [
            Cell(code, name, 3, "Why.", "", 5, "2-3", 2, 3 if n % 3 else 4, Strength.MODERATE, {}, {}, [])
            for n, (code, name) in enumerate(columns)
        ]
        rows.append(
            (city, CityResult(city, "/evaluation/12/", "Spring 2026", date(2026, 5, 1), "Framework, 1", scale, cells))
        )
    return Results(rows, columns)


def progress_of(rows):
    periods = [
        ReportingPeriod(
            pk=10_000 + n, name=f"{2024 + n // 4} Q{n % 4 + 1}", starts_on=date(2024 + n // 4, 1 + 3 * (n % 4), 1)
        )
        for n in range(PERIODS)
    ]
    return [ProgressPoint(row.city, period, 5 + 7 * n) for row in rows for n, period in enumerate(periods)]
