"""Issued reports, their files and schedules. The row is the queue; the Celery message only wakes a worker."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cities.models import City
from epi_site.shared import clock
from epi_site.shared.exceptions import SealBroken
from epi_site.shared.models import FrozenModel, Recorded
from epi_site.shared.snapshots import seal
from evaluation.enums import Recipients, ReportKind, ReportState, Trigger
from strategies.models import PeriodRevision, ReportingPeriod

from .querysets import ReportQuerySet


def validate_recipients(names):
    known = ", ".join(Recipients.values)
    if not isinstance(names, list) or not set(names) <= set(Recipients.values):
        raise ValidationError(_("Write a list with any of: %(known)s."), params={"known": known})


class ReportQueue(ReportQuerySet):
    """Claim, heartbeat and release. Each is one conditional UPDATE of one table, so two workers cannot claim a row."""

    def waiting(self):
        """Return rows that are queued, or building without a heartbeat for ``REPORT_SILENCE_SECONDS``."""
        silent_since = clock.now() - timedelta(seconds=settings.REPORT_SILENCE_SECONDS)
        silent = Q(state=ReportState.BUILDING, heartbeat_at__lt=silent_since)
        return self.filter(Q(state=ReportState.QUEUED) | silent)

    def claim(self, pk: int) -> UUID | None:
        """Claim a waiting row. Returns the claim token, or None if another worker was first or nothing is to do."""
        token = uuid4()
        claim = {"state": ReportState.BUILDING, "claim_token": token, "heartbeat_at": clock.now()}
        taken = self.waiting().filter(pk=pk, attempts__lt=Report.ATTEMPTS).update(attempts=F("attempts") + 1, **claim)
        return token if taken else None

    def held(self, pk: int, token: UUID):
        return self.filter(pk=pk, state=ReportState.BUILDING, claim_token=token)

    def spent(self):
        """Return waiting rows that have no attempt left."""
        return self.waiting().filter(attempts__gte=Report.ATTEMPTS)

    def release(self, reason: str) -> int:
        """Put the rows back in the queue, or mark them as failed after the last attempt. Returns the row count."""
        spent = When(attempts__gte=Report.ATTEMPTS, then=Value(ReportState.FAILED))
        state = Case(spent, default=Value(ReportState.QUEUED))
        return self.update(state=state, claim_token=None, reason=reason)

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


class Report(models.Model):
    """A numbered report of a city, or of the network if ``city`` is empty, with its frozen data.

    ``services.reports.issue_report`` creates it; ``tasks.build_report`` builds its files.
    """

    ATTEMPTS = 3

    kind = models.CharField(_("kind"), max_length=16, choices=ReportKind)
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
    recipients = models.JSONField(default=list, blank=True)  # ``Recipients`` values that get an email when it is ready
    state = models.CharField(_("state"), max_length=10, choices=ReportState, default=ReportState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    reason = models.TextField(_("reason"), blank=True)  # why the last attempt failed; technical, for coordinators
    engine = models.CharField(_("engine"), max_length=60, blank=True)
    template_version = models.CharField(_("template version"), max_length=64, blank=True)
    ready_at = models.DateTimeField(null=True)

    objects = ReportQueue.as_manager()

    class Meta:
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

    def get_absolute_url(self):
        return reverse("evaluation:report_detail", args=[self.number])

    @property
    def of_city_id(self) -> int | None:
        return self.city_id

    @property
    def is_under_way(self) -> bool:
        return self.state in {ReportState.QUEUED, ReportState.BUILDING}

    @cached_property
    def contents(self) -> dict:
        """Return the frozen data. Raises ``SealBroken`` if the snapshot does not match its hash."""
        if seal(self.snapshot) != self.sha256:
            raise SealBroken
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
        ordering = ["report", "name"]
        verbose_name = _("file of a report")
        verbose_name_plural = _("files of reports")
        constraints = [models.UniqueConstraint(fields=["report", "name"], name="evaluation_reportfile_once")]

    def __str__(self):
        return self.name

    @property
    def checked_content(self) -> bytes:
        """Return the stored bytes. Raises ``SealBroken`` if they do not match their hash."""
        content = bytes(self.content)
        if seal(content) != self.sha256:
            raise SealBroken
        return content


class ReportSchedule(Recorded):
    """A rule that issues reports of a kind automatically. Celery beat checks every minute what is due."""

    kind = models.CharField(_("kind"), max_length=16, choices=ReportKind)
    trigger = models.CharField(_("when"), max_length=12, choices=Trigger)
    offset_days = models.PositiveSmallIntegerField(_("days after"), default=0)
    recipients = models.JSONField(_("recipients"), default=list, blank=True, validators=[validate_recipients])
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    active_from = models.DateField(_("active from"), default=clock.today)

    history = HistoricalRecords()

    class Meta:
        ordering = ["kind", "trigger"]
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        constraints = [models.UniqueConstraint(fields=["kind", "trigger"], name="evaluation_reportschedule_once")]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.offset_days} {self.get_trigger_display()}"
