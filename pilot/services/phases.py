"""Pilot phases of a city: their dates, and waivers of requirements."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import City
from core import clock
from core.available import register, require
from core.exceptions import InputRefused, ReasonMissing
from core.services import check_version, lock, require_rule, save_with_history, validate
from pilot.gates import GATES
from pilot.models import GateWaiver, PilotPhase
from strategies.exceptions import AlreadyWithdrawn, StrategyError

DATES = ("planned_start", "planned_end", "actual_start", "actual_end")


register(PilotPhase, "set_dates", "pilot.change_pilotphase")
register(PilotPhase, "waive", "pilot.waive_requirement")


@transaction.atomic
def create_phase(
    city: City,
    kind: str,
    *,
    by: Any,
    planned_start: date,
    planned_end: date,
    actual_start: date | None = None,
    actual_end: date | None = None,
) -> PilotPhase:
    """Create a phase with its dates. If two users do it at once, the second gets StrategyError.

    Raises PermissionRefused or InputRefused.
    """
    city = lock(city)
    phase = PilotPhase(city=city, kind=kind, planned_start=planned_start, planned_end=planned_end)
    phase.actual_start, phase.actual_end = actual_start, actual_end
    require_rule(by, "pilot.add_pilotphase", phase)
    if PilotPhase.objects.filter(city=city, kind=kind).exists():
        raise StrategyError(_("This phase already has dates. Edit them on the page “Pilot phases”."))
    validate(phase)
    save_with_history(phase, by)
    return phase


@transaction.atomic
def set_dates(phase: PilotPhase, *, by: Any, version: int | None = None, **dates: date | None) -> PilotPhase:
    """Change any of planned_start, planned_end, actual_start and actual_end; the others stay.

    Raises PermissionRefused or InputRefused; EditConflict if ``version`` is not the stored one.
    """
    phase = lock(phase)
    require(phase, "set_dates", by)
    check_version(phase, version)
    for name in DATES:
        setattr(phase, name, dates.get(name, getattr(phase, name)))
    validate(phase)
    save_with_history(phase, by)
    return phase


@transaction.atomic
def waive_requirement(phase: PilotPhase, key: str, *, by: Any, reason: str) -> GateWaiver:
    """Create a waiver of a requirement. The check's result stays; the reason is shown wherever the gate is shown.

    Raises PermissionRefused, InputRefused or ReasonMissing.
    """
    require(phase, "waive", by)
    if key not in {requirement.key for requirement in GATES[phase.kind]}:
        raise InputRefused({"requirement": _("Choose a requirement of this phase.")})
    if not reason.strip():
        raise ReasonMissing
    lock(phase)
    if phase.waivers.filter(requirement=key, withdrawn_at=None).exists():
        raise InputRefused({"requirement": _("This requirement has already been waived.")})
    return GateWaiver.objects.create(phase=phase, requirement=key, reason=reason.strip(), by=by)


@transaction.atomic
def withdraw_waiver(waiver: GateWaiver, *, by: Any) -> GateWaiver:
    """Withdraw a waiver. Raises PermissionRefused or AlreadyWithdrawn."""
    require_rule(by, "pilot.waive_requirement", waiver.phase)
    waiver = lock(waiver)
    if waiver.withdrawn_at:
        raise AlreadyWithdrawn
    waiver.withdrawn_at = clock.now()
    waiver.save(update_fields=["withdrawn_at"])
    return waiver
