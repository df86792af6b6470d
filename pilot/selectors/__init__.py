"""Rows of the pilot for pages and other apps."""

from .pacts import find_pact, frozen_pact, readable_scans_q
from .phases import frozen_phases

__all__ = ["find_pact", "frozen_pact", "frozen_phases", "readable_scans_q"]
