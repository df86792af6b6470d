"""Forms of the pilot."""

from .pacts import InForceForm, PactTextForm
from .phases import PhaseForm

__all__ = ["InForceForm", "PactTextForm", "PhaseForm"]
