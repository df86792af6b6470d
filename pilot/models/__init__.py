"""Models of the pilot: phases with waivers of their requirements, and the city's pact in numbered versions."""

from .pacts import Pact, PactSnapshot, PactText, PactTransition, PactVersion
from .phases import GateWaiver, PilotPhase

__all__ = ["GateWaiver", "Pact", "PactSnapshot", "PactText", "PactTransition", "PactVersion", "PilotPhase"]
