"""Facts: what happened. Each belongs to a CityPeriod and is locked with it, by services and database triggers."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cities.enums import Visibility
from cities.models import Person, StoredFile
from cities.rules import lead_city_ids
from core import clock, locales
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import MAX_URL, PARAGRAPH, LimitedTextField
from core.texts import shorten
from strategies.enums import ImplementationStage

from .actions import Action, BudgetLine, Milestone, visible_action_q
from .indicators import Indicator, visible_indicator_q
from .periods import CityPeriod
from .visibility import own_facts_q, visible_facts_q


class ActionUpdateQuerySet(models.QuerySet):
    def active(self):
        return self.filter(withdrawn_at=None)

    def newest_first(self):
        return self.order_by("-date", "-pk")

    def visible_to(self, user):
        return self.filter(visible_facts_q(user, lambda: visible_action_q(user)))

    def visible_to_insider(self, user):
        """Those of ``visible_to`` from the user's own cities, without joining the plan."""
        return self.filter(own_facts_q(user))


class ActionUpdate(Recorded, Versioned):
    """One dated log entry on an action."""

    uuid = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False
    )  # from the form, so that a second POST finds the first update
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="updates")
    city_period = models.ForeignKey(CityPeriod, on_delete=models.PROTECT, related_name="updates")
    date = models.DateField(_("date"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="action_updates")
    on_behalf_of = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="updates_for",
        verbose_name=_("on behalf of"),
    )
    text = LimitedTextField(_("what has happened"), max_length=PARAGRAPH)
    language = models.CharField(_("language"), max_length=10)
    stage = models.CharField(_("implementation stage"), max_length=10, choices=ImplementationStage)
    progress = models.PositiveSmallIntegerField(
        _("progress"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )  # per cent; only where the action has no milestones
    spent = models.DecimalField(_("spent"), max_digits=14, decimal_places=2, null=True, blank=True)  # not a total
    spent_reason = models.CharField(_("reason for a negative amount"), max_length=250, blank=True)
    budget_line = models.ForeignKey(
        BudgetLine,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="updates",
        verbose_name=_("budget line"),
    )
    people_reached = models.PositiveIntegerField(_("people reached"), null=True, blank=True)
    challenges = LimitedTextField(_("challenges"), blank=True, max_length=PARAGRAPH)
    next_step = LimitedTextField(_("next step"), blank=True, max_length=PARAGRAPH)
    visibility = models.CharField(_("who can read this"), max_length=8, choices=Visibility, default=Visibility.NETWORK)
    is_no_change = models.BooleanField(_("no change"), default=False)
    is_reported_late = models.BooleanField(_("reported late"), default=False)
    created_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(_("reason for withdrawal"), max_length=250, blank=True)
    milestones = models.ManyToManyField(Milestone, through="MilestoneReached", related_name="updates")

    objects = ActionUpdateQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-date", "-pk"]
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        constraints = [
            models.CheckConstraint(
                condition=Q(progress=None) | Q(progress__lte=100),
                name="strategies_actionupdate_progress_in_percent",
                violation_error_message=_("Enter progress as a number from 0 to 100."),
            ),
            models.CheckConstraint(
                condition=Q(spent=None) | Q(spent__gte=0) | ~Q(spent_reason=""),
                name="strategies_actionupdate_negative_has_reason",
                violation_error_message=_(
                    "Explain why the amount is negative, for example because of a correction or a refund."
                ),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_actionupdate_withdrawn_has_reason",
                violation_error_message=_("Explain why the update is withdrawn."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="strategies_actionupdate_has_text",
                violation_error_message=_("Enter a sentence about what has happened."),
            ),
        ]
        indexes = [
            models.Index(fields=["action", "-date", "-id"]),
            models.Index(fields=["city_period", "action", "withdrawn_at"]),  # counted without reading the rows
        ]

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int:
        return self.city_period.city_id


class MilestoneReached(Recorded):
    """An update reached a milestone. It counts while the update is not withdrawn."""

    update = models.ForeignKey(ActionUpdate, on_delete=models.PROTECT, related_name="reached")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="reached")

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("milestone reached")
        verbose_name_plural = _("milestones reached")
        constraints = [models.UniqueConstraint(fields=["update", "milestone"], name="strategies_milestonereached_once")]

    def __str__(self):
        return str(self.milestone)


class MilestoneDropped(Recorded):
    """An update completed its action without this milestone. It counts while the update is not withdrawn."""

    update = models.ForeignKey(ActionUpdate, on_delete=models.PROTECT, related_name="dropped")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="dropped")

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("milestone dropped")
        verbose_name_plural = _("milestones dropped")
        constraints = [models.UniqueConstraint(fields=["update", "milestone"], name="strategies_milestonedropped_once")]

    def __str__(self):
        return str(self.milestone)


class IndicatorValueQuerySet(models.QuerySet):
    def active(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        return self.filter(visible_facts_q(user, lambda: visible_indicator_q(user)))


class IndicatorValue(Recorded, Versioned):
    """The value of an indicator for a period, in the indicator's unit."""

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="values")
    city_period = models.ForeignKey(CityPeriod, on_delete=models.PROTECT, related_name="values")
    value = models.DecimalField(_("value"), max_digits=16, decimal_places=4)
    note = models.CharField(_("note"), max_length=250, blank=True)
    update = models.ForeignKey(
        ActionUpdate, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="values"
    )  # the one that it was entered with; empty if it was entered on its own
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="indicator_values")
    visibility = models.CharField(_("who can read this"), max_length=8, choices=Visibility, default=Visibility.NETWORK)
    created_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(_("reason for withdrawal"), max_length=250, blank=True)

    objects = IndicatorValueQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["indicator", "city_period"]
        verbose_name = _("indicator value")
        verbose_name_plural = _("indicator values")
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "city_period"],
                condition=Q(withdrawn_at=None),
                name="strategies_indicatorvalue_one_current",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_indicatorvalue_withdrawn_has_reason",
            ),
        ]

    def __str__(self):
        return f"{self.indicator}: {locales.number(self.value)}"

    @property
    def owning_city_id(self) -> int:
        return self.city_period.city_id


class EvidenceQuerySet(models.QuerySet):
    def active(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """Evidence whose update or value the user may see; withdrawn evidence for lead officials of the city only."""
        of_update = visible_facts_q(user, lambda: visible_action_q(user, "update__action"), "update__")
        of_value = visible_facts_q(user, lambda: visible_indicator_q(user, "value__indicator"), "value__")
        leads = lead_city_ids(user)
        led = Q(update__city_period__city__in=leads) | Q(value__city_period__city__in=leads)
        seen = (of_update & Q(update__isnull=False)) | (of_value & Q(value__isnull=False))
        return self.filter(seen).filter(Q(withdrawn_at=None) | led)


class Evidence(Recorded):
    """A file or link that supports an update or a value."""

    update = models.ForeignKey(ActionUpdate, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    value = models.ForeignKey(IndicatorValue, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    link = models.URLField(_("link"), max_length=MAX_URL, blank=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = EvidenceQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("piece of evidence")
        verbose_name_plural = _("evidence")
        constraints = [
            models.CheckConstraint(
                condition=Q(update__isnull=False, value=None) | Q(update=None, value__isnull=False),
                name="strategies_evidence_hangs_on_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(file__isnull=False, link="") | (Q(file=None) & ~Q(link="")),
                name="strategies_evidence_file_or_link",
            ),
        ]

    def __str__(self):
        return self.title or (self.file.name if self.file_id else self.link)

    @property
    def owning_city_id(self) -> int:
        return (self.update or self.value).city_period.city_id
