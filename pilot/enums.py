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
