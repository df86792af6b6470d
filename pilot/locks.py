"""Database triggers: waivers of requirements stay as they were written. See docs/adr/0004."""

from core import triggers

from .models import GateWaiver


def register() -> None:
    triggers.freeze_until_withdrawn(GateWaiver, ("phase_id", "requirement"))
