"""The panel about evaluations on a city's page; registered in ``apps.ready()``."""

from typing import Any

from cities.panels import Panel
from evaluation.enums import Stage
from evaluation.models import Evaluation
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
