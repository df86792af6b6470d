"""Decisions of a meeting: what was decided, who is responsible for it, until when."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cities.enums import DecisionState
from cities.rules import meetings_of_user_q
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from core.texts import shorten

from .events import Event
from .people import Person

TITLE = 120  # characters of a decision where it is one of several


class DecisionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state=DecisionState.OPEN)

    def visible_to(self, user):
        """Return decisions of meetings in the user's cities and own network bodies, as far as the meetings are visible.

        Partners and trainers read none; coordinators read those of all network bodies.
        """
        return self.filter(meetings_of_user_q(user, "event__"), event__in=Event.objects.visible_to(user))

    def with_related(self):
        return self.select_related("event__city", "event__body__city", "responsible__organisation")

    def of_city(self, city):
        return self.filter(Q(event__city=city) | Q(event__body__city=city))


class Decision(Recorded, Versioned):
    """Something that a meeting decided. It is open until it is done, or dropped for a reason; then it never changes."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT)
    text = LimitedTextField(_("decision"), max_length=PARAGRAPH)
    responsible = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("responsible person")
    )
    due_on = models.DateField(_("due date"))
    state = models.CharField(_("status"), max_length=10, choices=DecisionState, default=DecisionState.OPEN)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    dropped_reason = LimitedTextField(_("reason for dropping"), blank=True, max_length=PARAGRAPH)

    objects = DecisionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["event", "pk"]
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [models.Index(fields=["responsible", "state"]), models.Index(fields=["state", "due_on"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=DecisionState.OPEN, closed_at=None)
                | (~Q(state=DecisionState.OPEN) & Q(closed_at__isnull=False)),
                name="cities_decision_closed_has_time",
                violation_error_message=_("A decision that is done or dropped has the time at which it was closed."),
            ),
            models.CheckConstraint(
                condition=(Q(state=DecisionState.DROPPED) & ~Q(dropped_reason=""))
                | (~Q(state=DecisionState.DROPPED) & Q(dropped_reason="")),
                name="cities_decision_dropped_has_reason",
                violation_error_message=_("Explain why the decision is dropped."),
            ),
        ]

    def __str__(self):
        return shorten(self.text, TITLE)

    def get_absolute_url(self):
        return reverse("cities:decision_detail", args=[self.pk])

    @property
    def owning_city_id(self) -> int | None:
        return self.event.owning_city_id

    @property
    def city(self):
        return self.event.host_city
