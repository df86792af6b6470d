"""What a city's page shows of its strategy, its pilot and its periods."""

from typing import Any

from django.db.models import Count

from cities.cards import Card
from cities.models import City
from cities.rules import insider_cities, is_insider, is_network_reader
from strategies.enums import Health, PhaseKind, StrategyStatus
from strategies.gates import gate_of
from strategies.models import CityPeriod, PilotPhase, Strategy
from strategies.selectors.actions import actions_of, reads_live

ORDER = list(PhaseKind)
WORST_FIRST = [
    Health.LATE,
    Health.STALE,
    Health.AT_RISK,
    Health.ON_TRACK,
    Health.NOT_STARTED,
    Health.DONE,
    Health.CANCELLED,
]


def strategy_card(city: City, user: Any) -> Card | None:
    strategy = Strategy.objects.current().visible_to(user).filter(city=city).select_related("city").first()
    if strategy is None:
        return None
    healths = list(actions_of(strategy, user).values_list("health", flat=True))
    counts = [(health, healths.count(health)) for health in WORST_FIRST if health in healths]
    context = {
        "strategy": strategy,
        "status": StrategyStatus(strategy.status),
        "counts": counts,
        "action_count": len(healths),
        "areas": strategy.areas.annotate(objective_count=Count("objectives")).order_by("code"),
        "is_unsubmitted": reads_live(user, city.pk) and city.pk not in insider_cities(user),
    }
    return Card("strategies/_city_strategy.html", context)


def phases_card(city: City, user: Any) -> Card | None:
    phases = sorted(PilotPhase.objects.filter(city=city).select_related("city"), key=lambda row: ORDER.index(row.kind))
    if not phases:
        return None
    sees_all = is_insider(user, city) or is_network_reader(user)
    rows = [_phase(phase) for phase in phases]
    return Card("strategies/_city_phases.html", {"rows": rows, "sees_all": sees_all})


def _phase(phase: PilotPhase) -> dict:
    gate = gate_of(phase)
    begin = [row for row in gate if not row.is_completion]
    return {
        "phase": phase,
        "kind": PhaseKind(phase.kind),
        "met": sum(1 for row in gate if row.met),
        "waived": sum(1 for row in gate if row.waiver and not row.met),
        "total": len(gate),
        "can_begin": all(row.met or row.waiver for row in begin),
    }


def periods_card(city: City, user: Any) -> Card | None:
    rows = CityPeriod.objects.visible_to(user).filter(city=city).exclude(state="scheduled").select_related("period")
    rows = list(rows.order_by("-period__starts_on")[:4])
    return Card("strategies/_city_periods.html", {"periods": rows}) if rows else None
