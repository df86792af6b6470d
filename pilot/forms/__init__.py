"""Forms of the pilot."""

from .pacts import (
    DeclineForm,
    InForceForm,
    PactTextForm,
    PaperSignatureForm,
    SignatoryInviteForm,
    SignatureWithdrawForm,
    SignForm,
)
from .phases import PhaseForm

__all__ = [
    "DeclineForm",
    "InForceForm",
    "PactTextForm",
    "PaperSignatureForm",
    "PhaseForm",
    "SignForm",
    "SignatoryInviteForm",
    "SignatureWithdrawForm",
]
