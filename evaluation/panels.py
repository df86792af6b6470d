"""The panel about evaluations on a city's page; registered in ``apps.ready()``."""

from typing import Any

from cities.panels import Panel
from evaluation.enums import RecommendationState, Stage
from evaluation.models import Evaluation, Recommendation
from evaluation.selectors.results import result_summary


def evaluation_panel(city: Any, user: Any) -> Panel | None:
    """Return the newest published result and the running evaluations visible to ``user``; None without any."""
    rows = Evaluation.objects.visible_to(user).filter(strategy__city=city).with_related()
    evaluations = list(rows.order_by("-round__declare_on"))
    if not evaluations:
        return None
    published = next((row for row in evaluations if row.stage == Stage.PUBLISHED), None)
    context = {
        "published": published,
        "result": result_summary(published) if published else None,
        "running": [row for row in evaluations if row.stage != Stage.PUBLISHED],
    }
    return Panel("evaluation/parts/city_panel.html", context)


NEWEST_COUNT = 5


def recommendations_panel(city: Any, user: Any) -> Panel | None:
    """Return the issued recommendations to the city that ``user`` sees: three counts, and the newest; None without.

    Open, overdue and completed ones are counted side by side and never summed.
    """
    rows = list(Recommendation.objects.visible_to(user).issued().filter(city=city).for_pages())
    if not rows:
        return None
    context = {
        "recommendations": rows[:NEWEST_COUNT],
        "open_count": sum(not row.is_closed for row in rows),
        "overdue_count": sum(row.is_overdue for row in rows),
        "completed_count": sum(row.state == RecommendationState.COMPLETED for row in rows),
    }
    return Panel("evaluation/parts/city_recommendations.html", context)
