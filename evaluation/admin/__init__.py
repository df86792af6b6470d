"""Admin: reference data and schedules for coordinators, review queue and review page for the scientific committee."""

from . import desk, reference, schedules

__all__ = ["desk", "reference", "schedules"]
