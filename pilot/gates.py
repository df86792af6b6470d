"""Gates of the pilot's three phases: lists of requirements, checked against the data.

A gate describes the state of a phase. It never prevents anything. A check takes the city and the reader: whether the
requirement is met is the same for everybody, while reason and link contain only what the reader may see.

Apps above register their checks with ``register_check`` in ``ready()``.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from pilot.enums import PhaseKind
from pilot.models import GateWaiver, PilotPhase


class CheckResult(NamedTuple):
    """Result of a check: met, not met or (None) too early to say; the reason; the URL where it can be fixed."""

    met: bool | None
    reason: str
    url: str = ""


class GateCheck(NamedTuple):
    key: str
    label: Any  # lazily translated
    check: Callable[[Any, Any], CheckResult]
    is_completion: bool  # required to complete the phase, not to begin it


class Requirement(NamedTuple):
    """One requirement with its result and its active waiver, as pages show it."""

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


GATES: dict[str, list[GateCheck]] = {kind: [] for kind in PhaseKind.values}


def register_check(
    gate: str, key: str, label: Any, check: Callable[[Any, Any], CheckResult], *, is_completion: bool = False
) -> None:
    """Register a check for a gate (a ``PhaseKind``). A second call with the same key changes nothing."""
    if key not in {requirement.key for requirement in GATES[gate]}:
        GATES[gate].append(GateCheck(key, label, check, is_completion))


def check_gate(phase: PilotPhase, reader: Any) -> list[Requirement]:
    """Run all checks of the phase and return the results, in words for the reader, with their active waivers."""
    waivers = {row.requirement: row for row in phase.waivers.all() if row.withdrawn_at is None}
    rows = []
    for requirement in GATES[phase.kind]:
        found, waiver = requirement.check(phase.city, reader), waivers.get(requirement.key)
        rows.append(Requirement(requirement.key, requirement.label, *found, requirement.is_completion, waiver))
    return rows


def check_gates(city: Any, reader: Any) -> list[tuple[PilotPhase, list[Requirement]]]:
    """Return the city's phases with their requirements, in the order of ``PhaseKind``."""
    phases = list(PilotPhase.objects.filter(city=city).prefetch_related("waivers__by"))
    for phase in phases:
        phase.city = city  # one object: the checks of all phases share its cached GateData
    return [(phase, check_gate(phase, reader)) for phase in sorted(phases, key=attrgetter("number"))]
