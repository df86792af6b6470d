from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cities.models import City
from core import clock
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from pilot.enums import PhaseKind


class PilotPhase(Recorded, Versioned):
    """One of the three phases of a city's pilot. Phases run in parallel; a gate never prevents anything."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="phases")
    kind = models.CharField(_("phase"), max_length=14, choices=PhaseKind)
    planned_start = models.DateField(_("planned start"))
    planned_end = models.DateField(_("planned end"))
    actual_start = models.DateField(_("actual start"), null=True, blank=True)
    actual_end = models.DateField(_("actual end"), null=True, blank=True)

    history = HistoricalRecords(table_name="strategies_historicalpilotphase")

    class Meta:
        db_table = "strategies_pilotphase"
        ordering = ["city__name", "planned_start", "pk"]
        verbose_name = _("pilot phase")
        verbose_name_plural = _("pilot phases")
        constraints = [
            models.UniqueConstraint(
                fields=["city", "kind"],
                name="strategies_pilotphase_once",
                violation_error_message=_("This city already has this phase. Edit its dates."),
            ),
            models.CheckConstraint(
                condition=Q(planned_end__gte=F("planned_start"))
                & (Q(actual_end=None) | Q(actual_end__gte=F("actual_start"))),
                name="strategies_pilotphase_ends_after_start",
                violation_error_message=_("The end is before the start. Check the dates."),
            ),
        ]

    def __str__(self):
        return f"{self.city}: {self.get_kind_display()}"

    def clean(self):
        errors, late = {}, _("The end is before the start. Choose a later date.")
        if self.planned_start and self.planned_end and self.planned_end < self.planned_start:
            errors["planned_end"] = late
        if self.actual_end and not self.actual_start:
            errors["actual_start"] = _("Enter the actual start as well.")
        elif self.actual_end and self.actual_end < self.actual_start:
            errors["actual_end"] = late
        for name in ("actual_start", "actual_end"):
            day = getattr(self, name)
            if day and self.city_id and day > self.city.today:
                errors[name] = _(
                    "This date is in the future. Enter planned dates in the fields for planned start and end."
                )
        if errors:
            raise ValidationError(errors)

    @property
    def number(self) -> int:
        """Return its position in the pilot, from 1."""
        return PhaseKind(self.kind).number

    @property
    def owning_city_id(self) -> int:
        return self.city_id


class GateWaiver(models.Model):
    """A coordinator's written exception from a requirement. It is shown wherever the gate is shown."""

    phase = models.ForeignKey(PilotPhase, on_delete=models.PROTECT, related_name="waivers")
    requirement = models.CharField(_("requirement"), max_length=60)  # key of the check in pilot.gates
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gate_waivers")
    at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "strategies_gatewaiver"
        ordering = ["at"]
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "requirement"], condition=Q(withdrawn_at=None), name="strategies_gatewaiver_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="strategies_gatewaiver_says_why"),
        ]

    def __str__(self):
        return f"{self.phase}: {self.requirement}"
