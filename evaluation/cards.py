"""The panel about evaluations on a city's page; registered in ``apps.ready()``."""

from typing import Any

from cities.cards import Card
from evaluation.enums import Stage
from evaluation.models import Evaluation
from evaluation.selectors.results import shown_result


def evaluation_card(city: Any, user: Any) -> Card | None:
    """Return the newest published result and the running evaluations visible to ``user``; None without any."""
    rows = Evaluation.objects.visible_to(user).filter(strategy__city=city).with_place()
    evaluations = list(rows.order_by("-round__declare_on"))
    if not evaluations:
        return None
    published = next((row for row in evaluations if row.stage == Stage.PUBLISHED), None)
    context = {
        "published": published,
        "result": shown_result(published) if published else None,
        "running": [row for row in evaluations if row.stage != Stage.PUBLISHED],
    }
    return Card("evaluation/parts/city_card.html", context)
