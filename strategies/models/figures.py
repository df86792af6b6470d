"""The stored figures of an action, so that pages read columns instead of computing them over all its records."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from strategies.enums import ImplementationStage

from .actions import Action


class ActionFigures(models.Model):
    """What follows from the records of one action, whatever day it is and however the site is set up.

    ``services/figures.py`` writes a row in the transaction that changes its records; ``computation.py`` defines its
    columns. The action has a responsible person from ``responsible_from`` until ``responsible_until``, the first day
    without, except in gaps between memberships; without ``responsible_from`` it has none on any day.
    """

    action = models.OneToOneField(Action, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    stage = models.CharField(  # noqa: DJ001 - NULL like the other columns without an update
        _("implementation stage"), max_length=10, choices=ImplementationStage, null=True
    )
    last_update_on = models.DateField(_("last update"), null=True)
    progress = models.PositiveSmallIntegerField(_("progress"))  # per cent
    milestone_count = models.PositiveIntegerField(_("milestones"))
    reached_count = models.PositiveIntegerField(_("milestones reached"))
    next_milestone_on = models.DateField(_("due date of the next milestone"), null=True)
    budget_total = models.DecimalField(_("budget"), max_digits=16, decimal_places=2)
    spent_total = models.DecimalField(_("spent"), max_digits=16, decimal_places=2)
    people_reached = models.PositiveBigIntegerField(_("people reached"))  # as counted by each update, not persons
    responsible_from = models.DateField(_("responsible person from"), null=True)
    responsible_until = models.DateField(_("responsible person until"), null=True)
    responsible_has_gaps = models.BooleanField(_("at times without a responsible person"))

    class Meta:
        verbose_name = _("figures of an action")
        verbose_name_plural = _("figures of actions")

    def __str__(self):
        return str(self.action)
