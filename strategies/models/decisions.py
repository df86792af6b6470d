"""Which action a meeting's decision is carried out by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cities.models import Decision
from core.history import HistoricalRecords
from core.models import Recorded

from .actions import Action


class DecisionLink(Recorded):
    """Ties a decision of a city's body to one action of that city."""

    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, related_name="action_link", verbose_name=_("decision")
    )
    action = models.ForeignKey(
        Action, on_delete=models.PROTECT, related_name="decision_links", verbose_name=_("action")
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("action of a decision")
        verbose_name_plural = _("actions of decisions")

    def __str__(self):
        return f"{self.decision}: {self.action}"
