"""Panels on a city's page, its strategy and its periods, and on that of a decision, its action."""

from typing import Any

from cities.models import City, Decision
from cities.panels import Panel
from cities.rules import insider_city_ids, is_official
from core.available import available_actions
from strategies.enums import WORST_FIRST, StrategyStatus
from strategies.models import Action, CityPeriod, Strategy
from strategies.selectors.actions import actions_of
from strategies.selectors.disclosure import reads_all_figures


def strategy_panel(city: City, user: Any) -> Panel | None:
    rows = list(Strategy.objects.visible_to(user).filter(city=city).for_pages().order_by("-superseded_at"))
    earlier = [row for row in rows if row.is_superseded]
    coming = next((row for row in rows if row.is_next), None)
    strategy = next((row for row in rows if not (row.is_superseded or row.is_next)), None)
    if strategy is None:
        if earlier:
            return Panel("strategies/_city_strategy_panel.html", {"earlier": earlier})
        return Panel("strategies/_city_no_strategy_panel.html", {}) if is_official(user, city) else None
    healths = list(actions_of(strategy, user).values_list("health", flat=True))
    counts = [(health, healths.count(health)) for health in WORST_FIRST if health in healths]
    context = {
        "strategy": strategy,
        "coming": coming,
        "earlier": earlier,
        "status": StrategyStatus(strategy.status),
        "counts": counts,
        "action_count": len(healths),
        "areas": strategy.areas.active().order_by("code_sort"),
        "is_unsubmitted": reads_all_figures(user, city.pk) and city.pk not in insider_city_ids(user),
    }
    return Panel("strategies/_city_strategy_panel.html", context)


def periods_panel(city: City, user: Any) -> Panel | None:
    rows = CityPeriod.objects.visible_to(user).filter(city=city).exclude(state="scheduled").select_related("period")
    rows = list(rows.order_by("-period__starts_on")[:4])
    return Panel("strategies/_city_periods_panel.html", {"periods": rows}) if rows else None


def decision_panel(decision: Decision, user: Any) -> Panel | None:
    """Show the action that carries out a decision of a city's meeting; the network's own bodies have no actions."""
    if decision.owning_city_id is None:
        return None
    action = Action.objects.visible_to(user).filter(decision_links__decision=decision).first()
    may = available_actions(decision, user, is_found=True)
    return Panel("strategies/_decision_panel.html", {"action": action, "may": may})
