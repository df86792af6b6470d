"""Admin: reference data and schedules for coordinators, review queue and desk for the scientific committee."""

from . import desk, reference, schedules

__all__ = ["desk", "reference", "schedules"]
