import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cities import file_access
from cities.enums import EventKind, EventState, FileState, MinutesState
from cities.rules import insider_city_ids, lead_city_ids, meetings_of_user_q, official_city_ids, reads_network
from core import clock
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField

from .cities import City
from .people import Body, Person


class StoredFileQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return files attached to what the user may read, and the user's own pending files.

        Higher apps register what files are attached to.
        """
        own = Q(state=FileState.PENDING, uploaded_by=user.pk) if user.is_authenticated else Q(pk=None)
        hidden = [FileState.PENDING, FileState.REDACTED]
        return self.filter(own | (~Q(state__in=hidden) & file_access.readable_q(user)))


class StoredFile(models.Model):
    """One uploaded file. What it is attached to decides who may read it (``cities.file_access``).

    Its bytes are outside the web root under a random name and never change: a better version is a new file.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)  # the name on the uploader's device, with the real suffix
    content_type = models.CharField(max_length=120)  # by content, not by file name
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200, unique=True)  # within the storage
    width = models.PositiveIntegerField(null=True)  # pixels, of pictures
    height = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=FileState, default=FileState.PENDING)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="files")
    uploaded_at = models.DateTimeField(default=clock.now)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at"]
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [models.Index(fields=["state", "uploaded_at"])]

    def __str__(self):
        return self.name


class EventQuerySet(models.QuerySet):
    def active(self):
        """Neither cancelled nor withdrawn."""
        return self.filter(cancelled_at=None)

    def published(self):
        """Published, and not cancelled since."""
        return self.active().filter(published_at__isnull=False)

    def visible_to(self, user):
        """Return published events, cancelled ones included, and drafts of the user's cities; all for network readers.

        Withdrawn drafts are for officials of the city only.
        """
        officials = official_city_ids(user)
        kept = Q(cancelled_at=None) | Q(city__in=officials) | Q(body__city__in=officials)
        drafts = Q() if reads_network(user) else self.insiders_q(user)
        return self.filter(Q(published_at__isnull=False) | (kept & drafts))

    def with_details_visible_to(self, user):
        """Return the events whose attendance, documentation and text on decisions the user reads too."""
        return self if reads_network(user) else self.filter(self.insiders_q(user))

    def with_minutes_visible_to(self, user):
        """Return the events whose minutes the user reads too: of the network's readers only those without a body."""
        read = meetings_of_user_q(user)
        return self.filter(read | Q(body=None) if reads_network(user) else read)

    @staticmethod
    def insiders_q(user):
        return Q(city__in=insider_city_ids(user)) | Q(body__city__in=insider_city_ids(user))


class Event(Recorded, Versioned):
    """A meeting of a body, a kick-off or a session."""

    EDITABLE = (
        "kind",
        "body",
        "title",
        "starts_at",
        "ends_at",
        "location",
        "link",
        "programme",
        "decisions",
        "documentation",
    )

    kind = models.CharField(_("type"), max_length=10, choices=EventKind)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    city = models.ForeignKey(City, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    title = models.CharField(_("title"), max_length=200)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    link = models.URLField(_("link"), blank=True)
    programme = LimitedTextField(_("programme"), blank=True, max_length=LONG_TEXT)
    minutes = LimitedTextField(_("minutes"), blank=True, max_length=LONG_TEXT)
    minutes_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    minutes_state = models.CharField(_("status of the minutes"), max_length=10, choices=MinutesState, blank=True)
    minutes_approved_at = models.DateTimeField(_("minutes approved"), null=True, blank=True)  # None: not recorded
    minutes_approved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("minutes approved by")
    )
    decisions = LimitedTextField(_("decisions"), blank=True, max_length=LONG_TEXT)
    documentation = LimitedTextField(_("documentation"), blank=True, max_length=PARAGRAPH)
    published_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)  # of a draft: withdrawn
    cancelled_reason = models.CharField(_("reason for cancelling"), max_length=250, blank=True)

    objects = EventQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="cities_event_ends_after_start",
                violation_error_message=_("The event ends before it starts. Choose a later end time."),
            ),
            models.CheckConstraint(
                condition=Q(body__isnull=False) | Q(city__isnull=False),
                name="cities_event_has_a_host",
                violation_error_message=_("Choose the city or the body that holds the event."),
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancelled_reason=""),
                name="cities_event_cancelled_has_reason",
                violation_error_message=_("Give a reason for cancelling the event."),
            ),
            models.CheckConstraint(
                condition=Q(minutes_approved_at=None, minutes_approved_by=None)
                | Q(
                    minutes_approved_at__isnull=False,
                    minutes_approved_by__isnull=False,
                    minutes_state=MinutesState.APPROVED,
                ),
                name="cities_event_minutes_approved_at_and_by",
                violation_error_message=_("Only approved minutes say who approved them and when."),
            ),
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            raise ValidationError({"ends_at": _("The end is before the start. Choose a later end time.")})

    @property
    def owning_city_id(self) -> int | None:
        return self.city_id or (self.body.city_id if self.body_id else None)

    @property
    def host_city(self) -> City | None:
        """Return the city whose event it is; None for meetings of the network's own bodies."""
        return self.city or (self.body.city if self.body_id else None)

    @property
    def state(self) -> EventState:
        if self.cancelled_at:
            return EventState.CANCELLED if self.published_at else EventState.WITHDRAWN
        return EventState.PUBLISHED if self.published_at else EventState.DRAFT


def readable_minutes_q(user):
    """Return a Q over StoredFile: minutes that the user reads, and for leads the replaced ones."""
    held = Q(pk__in=Event.objects.with_minutes_visible_to(user).exclude(minutes_file=None).values("minutes_file"))
    if not (led := lead_city_ids(user)):
        return held
    events = Event.objects.filter(Q(city__in=led) | Q(body__city__in=led)).values("pk")
    return held | Q(pk__in=Event.history.filter(id__in=events).exclude(minutes_file=None).values("minutes_file"))


class Attendance(Recorded):
    """One person who came, or a group of guests, which is counted and not named."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances")
    label = models.CharField(_("group"), max_length=200, blank=True, help_text=_("A group of guests, not a name."))
    count = models.PositiveIntegerField(_("number of people"), default=1)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance records")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"], condition=Q(person__isnull=False), name="cities_attendance_person_once"
            ),
            models.CheckConstraint(condition=Q(person__isnull=False) | ~Q(label=""), name="cities_attendance_says_who"),
        ]

    def __str__(self):
        return str(self.person or self.label)
