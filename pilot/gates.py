"""The gates of the pilot's three steps: lists of conditions, computed from data. Gates describe, they never refuse.

Apps above call ``add_condition`` in their ``ready()``; a second call with the same key changes nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from pilot.enums import PhaseKind
from pilot.models import GateWaiver, PilotPhase


class Condition(NamedTuple):
    """Met, not met, or (None) not yet to be judged; why; and where it is mended."""

    met: bool | None
    reason: str
    url: str = ""


class Registered(NamedTuple):
    key: str
    label: Any  # lazily translated
    check: Callable[[Any], Condition]
    is_completion: bool  # it says that the step is complete, not that it may begin


class GateRow(NamedTuple):
    """One line of a gate, as pages show it."""

    key: str
    label: Any
    met: bool | None
    reason: str
    url: str
    is_completion: bool
    waiver: GateWaiver | None

    @property
    def state(self) -> str:
        if self.met:
            return "met"
        return "waived" if self.waiver else "not_met"


GATES: dict[str, list[Registered]] = {kind: [] for kind in PhaseKind.values}


def add_condition(
    gate: str, key: str, label: Any, check: Callable[[Any], Condition], *, is_completion: bool = False
) -> None:
    if key not in {condition.key for condition in GATES[gate]}:
        GATES[gate].append(Registered(key, label, check, is_completion))


def gate_of(phase: PilotPhase) -> list[GateRow]:
    """Every condition of the step, as the data stands now, with what a coordinator has waived in writing."""
    waivers = {row.condition: row for row in phase.waivers.all() if row.withdrawn_at is None}
    rows = []
    for condition in GATES[phase.kind]:
        found, waiver = condition.check(phase.city), waivers.get(condition.key)
        rows.append(GateRow(condition.key, condition.label, *found, condition.is_completion, waiver))
    return rows


def gates_of(city: Any) -> list[tuple[PilotPhase, list[GateRow]]]:
    """The steps of a city with their gates, in the order of ``PhaseKind``."""
    phases = list(PilotPhase.objects.filter(city=city).prefetch_related("waivers__by"))
    for phase in phases:
        phase.city = city  # so that the conditions of all steps read the city's facts once
    order = list(PhaseKind.values)
    return [(phase, gate_of(phase)) for phase in sorted(phases, key=lambda phase: order.index(phase.kind))]
