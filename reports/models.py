"""Issued reports, their files and the schedules that issue them."""

import json
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cities.enums import Role
from cities.models import City
from cities.rules import has_network_role, insider_city_ids, person_of, reads_network
from core import clock
from core.exceptions import HashMismatch
from core.history import HistoricalRecords
from core.jobs import Job, JobQuerySet
from core.models import FrozenModel, Recorded, is_genuine
from core.snapshots import sha256_hex
from core.text_limits import PARAGRAPH, LimitedJSONField
from reports.enums import Recipients, ReportKind, ReportState, Trigger
from strategies.enums import PeriodVerb
from strategies.models import PeriodRevision, PeriodTransition, ReportingPeriod

MAX_OFFSET_DAYS = 366  # of a schedule


def validate_recipients(names):
    known = ", ".join(Recipients.values)
    if not isinstance(names, list) or not set(names) <= set(Recipients.values):
        raise ValidationError(_("Enter a list with any of: %(known)s."), params={"known": known})


class ReportQuerySet(JobQuerySet):
    def visible_to(self, user):
        """Return network reports for every member, a city's for its members, and for the network once accepted."""
        if person_of(user) is None:
            return self.none()
        own = Q(city__in=insider_city_ids(user))
        if reads_network(user):
            return (
                self if has_network_role(user, Role.COORDINATOR) else self.filter(own | Q(city=None) | self._accepted())
            )
        return self.filter(own | Q(city=None)) if insider_city_ids(user) else self.none()

    @staticmethod
    def _accepted() -> Q:
        accepted = PeriodTransition.objects.filter(
            city_period=OuterRef("period_revision__city_period"),
            revision=OuterRef("period_revision__number"),
            verb=PeriodVerb.ACCEPT,
        )
        return Q(Exists(accepted))

    def newer_than(self, report):
        """Return later revisions of the same kind, city and period, newest first."""
        same = self.filter(kind=report.kind, city=report.city_id, period=report.period_id)
        return same.filter(revision__gt=report.revision).order_by("-revision")

    def for_list_page(self):
        """Defer the snapshots and file contents, which are large."""
        return (
            self.select_related("city", "period")
            .defer("snapshot")
            .prefetch_related(models.Prefetch("files", ReportFile.objects.defer("content")))
        )


class Report(Job):
    """A numbered report of a city, or of the network if ``city`` is empty, with its frozen data.

    ``services.reports.issue_report`` creates it; ``tasks.build_report`` builds its files.
    """

    QUEUED, RUNNING, FAILED = ReportState.QUEUED, ReportState.BUILDING, ReportState.FAILED
    LEASE = "heartbeat_at"

    kind = models.CharField(_("type"), max_length=16, choices=ReportKind)
    city = models.ForeignKey(City, on_delete=models.PROTECT, null=True, blank=True, related_name="reports")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="reports")
    period_revision = models.ForeignKey(
        PeriodRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="reports"
    )
    revision = models.PositiveIntegerField(default=1)
    number = models.CharField(_("number"), max_length=100, unique=True)
    language = models.CharField(_("language"), max_length=10)
    snapshot = models.TextField()
    sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=1)
    issued_at = models.DateTimeField(_("issued"), default=clock.now)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="reports_issued"
    )  # empty if a schedule issued it
    # ``Recipients`` values that get an email when it is ready
    recipients = LimitedJSONField(default=list, blank=True, max_length=PARAGRAPH)
    state = models.CharField(_("status"), max_length=10, choices=ReportState, default=ReportState.QUEUED)
    heartbeat_at = models.DateTimeField(null=True)
    engine = models.CharField(_("software"), max_length=60, blank=True)
    template_version = models.CharField(_("template version"), max_length=64, blank=True)
    font_set = models.CharField(
        _("fonts"), max_length=500, blank=True
    )  # families and versions, beside the engine's own
    font_set_sha256 = models.CharField(max_length=64, blank=True)
    replaced_characters = models.TextField(blank=True)  # those that the PDF could not print
    ready_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "evaluation_report"
        ordering = ["-issued_at", "-pk"]
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "city", "period", "revision"], name="evaluation_report_once_per_city"
            ),
            models.UniqueConstraint(
                fields=["kind", "period", "revision"], condition=Q(city=None), name="evaluation_report_once_in_network"
            ),
            models.CheckConstraint(
                condition=Q(kind="city_period", city__isnull=False, period_revision__isnull=False)
                | Q(kind="network_period", city=None, period_revision=None),
                name="evaluation_report_subject_fits_kind",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(ready_at__isnull=False), name="evaluation_report_ready_has_time"
            ),
        ]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]

    def __str__(self):
        return self.number

    @classmethod
    def lease(cls) -> timedelta:
        return timedelta(seconds=settings.REPORT_LEASE_SECONDS)

    def get_absolute_url(self):
        return reverse("reports:report_detail", args=[self.number])

    @property
    def owning_city_id(self) -> int | None:
        return self.city_id

    @property
    def is_withdrawn(self) -> bool:
        return self.state == ReportState.WITHDRAWN

    @cached_property
    def contents(self) -> dict:
        """Return the frozen data. Raises ``HashMismatch`` unless they match the hash, or a redaction left them so."""
        if not is_genuine(self, self.snapshot):
            raise HashMismatch
        return json.loads(self.snapshot)


class ReportFile(FrozenModel):
    """A file of a report, stored as bytes. Written in the transaction that makes the report ready."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=80)
    content = models.BinaryField()
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        db_table = "evaluation_reportfile"
        ordering = ["report", "name"]
        verbose_name = _("file of a report")
        verbose_name_plural = _("files of reports")
        constraints = [models.UniqueConstraint(fields=["report", "name"], name="evaluation_reportfile_once")]

    def __str__(self):
        return self.name

    @property
    def verified_content(self) -> bytes:
        """Return the stored bytes. Raises ``HashMismatch`` if they do not match their hash."""
        content = bytes(self.content)
        if sha256_hex(content) != self.sha256:
            raise HashMismatch
        return content


class ReportSchedule(Recorded):
    """A rule that issues reports of a kind automatically. Celery beat checks every minute what is due."""

    kind = models.CharField(_("type"), max_length=16, choices=ReportKind)
    trigger = models.CharField(_("when"), max_length=12, choices=Trigger)
    offset_days = models.PositiveSmallIntegerField(_("days after"), default=0)
    recipients = LimitedJSONField(
        _("recipients"), default=list, blank=True, validators=[validate_recipients], max_length=PARAGRAPH
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    active_from = models.DateField(_("active from"), default=clock.today)

    history = HistoricalRecords(table_name="evaluation_historicalreportschedule")

    class Meta:
        db_table = "evaluation_reportschedule"
        ordering = ["kind", "trigger"]
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "trigger"],
                name="evaluation_reportschedule_once",
                violation_error_message=_(
                    "There is already a schedule for this type of report at this time. Edit that one."
                ),
            )
        ]

    def clean(self):
        if self.offset_days is not None and self.offset_days > MAX_OFFSET_DAYS:
            sentence = _("Enter a number from 0 to %(most)s.") % {"most": MAX_OFFSET_DAYS}
            raise ValidationError({"offset_days": sentence})

    def __str__(self):
        return f"{self.get_kind_display()}, {self.offset_days} {self.get_trigger_display()}"
