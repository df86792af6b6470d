"""Rows of the pilot for other apps."""

from typing import Any

from pilot.models import PilotPhase

DATES = ("kind", "planned_start", "planned_end", "actual_start", "actual_end")


def frozen_phases(city_period: Any) -> list[dict]:
    """The phases of the city as a revision freezes them: kind, planned and actual dates."""
    return list(PilotPhase.objects.filter(city=city_period.city_id).order_by("kind").values(*DATES))
