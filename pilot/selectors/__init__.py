"""Rows of the pilot for pages and other apps."""

from .pacts import find_pact, frozen_pact
from .phases import frozen_phases

__all__ = ["find_pact", "frozen_pact", "frozen_phases"]
