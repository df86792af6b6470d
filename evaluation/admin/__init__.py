"""Admin pages: reference data for coordinators, queue and review page for the scientific committee."""

from . import reference, review

__all__ = ["reference", "review"]
