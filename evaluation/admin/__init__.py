"""Admin pages: reference data for coordinators, queue and desk for the scientific committee."""

from . import desk, reference

__all__ = ["desk", "reference"]
