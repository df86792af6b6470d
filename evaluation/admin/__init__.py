"""The workbench: frameworks and rounds for coordinators, the queue and the desk for the scientific committee."""

from . import desk, reference

__all__ = ["desk", "reference"]
