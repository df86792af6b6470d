"""The training week and its programme."""

from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.models import Organisation, Theme
from core import clock, locales
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField

from .enums import SessionKind, SpeakerKind


class WeekQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return published weeks; for users who may edit weeks, drafts too."""
        if user.has_perm("training.change_trainingweek"):
            return self
        return self.filter(published_at__isnull=False)

    def with_session_count(self):
        counted = Session.objects.filter(week=OuterRef("pk")).order_by().values("week").annotate(n=Count("pk"))
        return self.annotate(session_count=Coalesce(Subquery(counted.values("n")), 0))


class TrainingWeek(Recorded, Versioned):
    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(
        unique=True, error_messages={"unique": _("Another week has this short name. Choose another.")}
    )
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    location = models.CharField(_("location"), max_length=200, blank=True)
    timezone = models.CharField(_("time zone"), max_length=60, default="Europe/Brussels")
    description = LimitedTextField(_("description"), blank=True, max_length=PARAGRAPH)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = WeekQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-starts_on"]
        verbose_name = _("training week")
        verbose_name_plural = _("training weeks")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="training_trainingweek_ends_after_start",
                violation_error_message=_("The week ends before it starts. Choose a later last day."),
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("training:week_detail", args=[self.slug])


class Speaker(Recorded):
    """A guest or lecturer, named on the public programme with consent."""

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("type"), max_length=20, choices=SpeakerKind)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="speakers",
        verbose_name=_("organisation"),
    )

    class Privacy:
        personal = {"name": "printed on the programme"}

    class Meta:
        ordering = ["name"]
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")

    def __str__(self):
        return self.name


class Session(Recorded, Versioned):
    week = models.ForeignKey(TrainingWeek, on_delete=models.PROTECT, related_name="sessions")
    kind = models.CharField(_("type"), max_length=20, choices=SessionKind)
    title = models.CharField(_("title"), max_length=200)
    theme = models.ForeignKey(
        Theme, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("theme")
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    room = models.CharField(_("room"), max_length=120, blank=True)
    capacity = models.PositiveSmallIntegerField(_("number of places"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    description = LimitedTextField(_("description"), blank=True, max_length=PARAGRAPH)
    speakers = models.ManyToManyField(Speaker, blank=True, related_name="sessions", verbose_name=_("speakers"))

    history = HistoricalRecords(m2m_fields=[speakers])

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="training_session_ends_after_start",
                violation_error_message=_("The session ends before it starts. Choose a later end time."),
            )
        ]

    def __str__(self):
        return self.title

    def clean(self):
        """Refuse times outside the week, in its time zone, and a capacity of nobody."""
        errors = {}
        if self.starts_at and self.ends_at and self.week_id:
            zone = ZoneInfo(self.week.timezone)
            first, last = (clock.day_of(moment, zone) for moment in (self.starts_at, self.ends_at))
            if first < self.week.starts_on or last > self.week.ends_on:
                words = {"days": locales.days(self.week.starts_on, self.week.ends_on)}
                errors["starts_at"] = (
                    gettext("The training week takes place on %(days)s. Choose a time on one of these days.") % words
                )
        if self.capacity == 0:
            errors["capacity"] = gettext("Enter the number of places, or leave the field empty.")
        if errors:
            raise ValidationError(errors)
