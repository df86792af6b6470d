"""Models of the pilot: phases with waivers of their requirements, the city's pact in versions, and its signatures."""

from .pacts import Pact, PactSnapshot, PactText, PactTransition, PactVersion
from .phases import GateWaiver, PilotPhase
from .signatures import PactInvitation, Signature

__all__ = [
    "GateWaiver",
    "Pact",
    "PactInvitation",
    "PactSnapshot",
    "PactText",
    "PactTransition",
    "PactVersion",
    "PilotPhase",
    "Signature",
]
