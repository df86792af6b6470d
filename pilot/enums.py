"""Choices of the pilot. Imports nothing of ours."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PhaseKind(TextChoices):
    COORDINATION = "coordination", _("coordination structure")
    KICK_OFF = "kick_off", _("kick-off")
    PACT = "pact", _("city integration pact")

    @property
    def number(self) -> int:
        """Return its position in the pilot, from 1."""
        return list(PhaseKind).index(self) + 1


class PactState(TextChoices):
    DRAFT = "draft", _("draft")
    OPEN = "open", _("open for signature")
    CLOSED = "closed", _("signing closed")
    IN_FORCE = "in_force", _("in force")
    SUPERSEDED = "superseded", _("superseded")
    WITHDRAWN = "withdrawn", _("withdrawn")


class PactVerb(TextChoices):
    OPEN = "open", _("opened for signature")
    CLOSE = "close", _("signing closed")
    PUT_IN_FORCE = "put_in_force", _("put in force")
    SUPERSEDE = "supersede", _("superseded")
    WITHDRAW = "withdraw", _("withdrawn")


TRANSITIONS = {  # verb: (allowed source states, target state)
    PactVerb.OPEN.value: ({PactState.DRAFT}, PactState.OPEN),
    PactVerb.CLOSE.value: ({PactState.OPEN}, PactState.CLOSED),
    PactVerb.PUT_IN_FORCE.value: ({PactState.CLOSED}, PactState.IN_FORCE),
    PactVerb.SUPERSEDE.value: ({PactState.OPEN, PactState.CLOSED, PactState.IN_FORCE}, PactState.SUPERSEDED),
    PactVerb.WITHDRAW.value: ({PactState.DRAFT, PactState.OPEN, PactState.CLOSED}, PactState.WITHDRAWN),
}
NEEDS_REASON = {PactVerb.WITHDRAW.value}  # superseding without a successor needs one too: services.pacts


class Sector(TextChoices):
    MUNICIPAL = "municipal", _("municipal")
    PRIVATE = "private", _("private sector")
    CIVIL_SOCIETY = "civil_society", _("civil society")
    PUBLIC_AUTHORITY = "public_authority", _("public authority")


class SignatureState(TextChoices):
    INVITED = "invited", _("invited")
    SIGNED_ONLINE = "signed_online", _("signed on the site")
    SIGNED_ON_PAPER = "signed_on_paper", _("signed on paper")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


SIGNED = (SignatureState.SIGNED_ONLINE, SignatureState.SIGNED_ON_PAPER)
UNSIGNED = (SignatureState.INVITED, SignatureState.DECLINED)
SIGNABLE = (PactState.OPEN, PactState.CLOSED, PactState.IN_FORCE)  # states of a version; after closing, only late ones
SIGNATURE_TRANSITIONS = {
    "invite": ({SignatureState.DECLINED}, SignatureState.INVITED),
    "sign": (set(UNSIGNED), SignatureState.SIGNED_ONLINE),
    "record": (set(UNSIGNED), SignatureState.SIGNED_ON_PAPER),
    "decline": ({SignatureState.INVITED}, SignatureState.DECLINED),
    "withdraw": (set(SIGNED), SignatureState.WITHDRAWN),
}
