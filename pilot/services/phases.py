"""Pilot phases of a city: their dates, and waivers of requirements."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import City
from core import clock
from pilot.gates import GATES
from pilot.models import GateWaiver, PilotPhase
from strategies.exceptions import AlreadyWithdrawn, InputRefused, ReasonMissing, StrategyError
from strategies.services.persistence import check_version, lock, require_perm, require_rule, save_with_history

DATES = ("planned_start", "planned_end", "actual_start", "actual_end")


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
    city = City.objects.select_for_update(of=("self",)).get(pk=city.pk)
    phase = PilotPhase(city=city, kind=kind, planned_start=planned_start, planned_end=planned_end)
    phase.actual_start, phase.actual_end = actual_start, actual_end
    require_rule(by, "pilot.add_pilotphase", phase)
    if PilotPhase.objects.filter(city=city, kind=kind).exists():
        raise StrategyError(_("This step has its dates already. Open the steps of the pilot and change them there."))
    _validate_dates(phase)
    save_with_history(phase, by)
    return phase


@transaction.atomic
def set_dates(phase: PilotPhase, *, by: Any, version: int | None = None, **dates: date | None) -> PilotPhase:
    """Change any of planned_start, planned_end, actual_start and actual_end; the others stay.

    Raises PermissionRefused or InputRefused; EditConflict if ``version`` is not the stored one.
    """
    require_perm(by, "pilot.change_pilotphase", phase)
    phase = lock(phase)
    check_version(phase, version)
    for name in DATES:
        setattr(phase, name, dates.get(name, getattr(phase, name)))
    _validate_dates(phase)
    save_with_history(phase, by)
    return phase


def _validate_dates(phase: PilotPhase) -> None:
    if errors := date_errors(phase):
        raise InputRefused(errors)


def date_errors(phase: PilotPhase) -> dict[str, str]:
    """Return one sentence for each date that is not valid, by field name."""
    errors = {}
    if phase.planned_end < phase.planned_start:
        errors["planned_end"] = _("The end comes before the start.")
    if phase.actual_end and not phase.actual_start:
        errors["actual_start"] = _("Enter when the step began, too.")
    elif phase.actual_end and phase.actual_start and phase.actual_end < phase.actual_start:
        errors["actual_end"] = _("The end comes before the start.")
    for name in ("actual_start", "actual_end"):
        day = getattr(phase, name)
        if day and day > phase.city.today:
            errors[name] = _("The date lies in the future. What is planned has its own field.")
    return errors


@transaction.atomic
def waive_requirement(phase: PilotPhase, key: str, *, by: Any, reason: str) -> GateWaiver:
    """Create a waiver of a requirement. The check's result stays; the reason is shown wherever the gate is shown.

    Raises PermissionRefused, InputRefused or ReasonMissing.
    """
    require_rule(by, "pilot.waive_requirement", phase)
    if key not in {requirement.key for requirement in GATES[phase.kind]}:
        raise InputRefused({"requirement": _("Choose a condition of this step.")})
    if not reason.strip():
        raise ReasonMissing
    lock(phase)
    if phase.waivers.filter(requirement=key, withdrawn_at=None).exists():
        raise InputRefused({"requirement": _("This condition has been waived already.")})
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
