"""Base models without domain knowledge, the id of this installation, and versions of what is cached."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from . import clock
from .exceptions import Frozen as FrozenError
from .exceptions import HashMismatch
from .snapshots import sha256_hex
from .text_limits import PARAGRAPH, LimitedTextField


class FrozenQuerySet(models.QuerySet):
    """Rows are inserted and read, never changed. Database triggers enforce the same for SQL."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FrozenError

    update = delete = bulk_update = update_or_create = _refuse

    def bulk_create(self, objs: Any, **kwargs: Any) -> Any:  # type: ignore[override] # keywords only: none is missed
        if kwargs.get("update_conflicts") or kwargs.get("ignore_conflicts"):
            raise FrozenError
        return super().bulk_create(objs, **kwargs)


class FrozenModel(models.Model):
    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise FrozenError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FrozenError


class HashedSnapshot(FrozenModel):
    """Canonical JSON with its SHA-256 hash, which is verified on every read of ``contents``."""

    SCHEMA_VERSION = 1

    snapshot = models.TextField()  # text, because jsonb would reorder the keys
    sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    created_at = models.DateTimeField(default=clock.now)

    class Meta(FrozenModel.Meta):
        abstract = True

    @property
    def contents(self) -> dict:
        """Return the data. Raises HashMismatch unless they match the hash, or are what a redaction left of them."""
        if not is_genuine(self, self.snapshot):
            raise HashMismatch
        return json.loads(self.snapshot)


class RecordOpeningQuerySet(FrozenQuerySet):
    """Only who opened a record sees it, for a day, as long as the role lasts (``core.redact``)."""

    LASTS = timedelta(days=1)

    def visible_to(self, user: Any) -> "RecordOpeningQuerySet":
        if not user.has_perm("core.redact"):
            return self.none()
        return self.filter(by=user.pk, at__gt=clock.now() - self.LASTS)


class RedactionRecordQuerySet(FrozenQuerySet):
    def visible_to(self, user: Any) -> "RedactionRecordQuerySet":
        return self if user.has_perm("core.redact") else self.none()


class RedactionRecord(FrozenModel):
    """A redaction: what was blanked, when, by whom and why. It holds nothing of what was there (docs/adr/0024)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.CharField(_("type"), max_length=100)  # label of the model, for example "strategies.actionupdate"
    row_id = models.BigIntegerField()
    fields = models.JSONField(_("redacted"))  # names of the fields
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="redactions"
    )  # empty if the account is not in a restored copy
    at = models.DateTimeField(_("redacted on"), default=clock.now)

    objects = RedactionRecordQuerySet.as_manager()  # type: ignore[misc] # of another class than the base's

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("redaction")
        verbose_name_plural = _("redactions")
        indexes = [models.Index(fields=["model", "row_id"])]

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"


class RedactedRow(FrozenModel):
    """A stored row that a redaction blanked. The triggers let exactly these columns of this row be blanked.

    ``old_sha256`` and ``new_sha256`` are the hashes of a frozen content before the first and after this redaction;
    they are empty where the row has none: the hash of a short text would tell the text.
    """

    record = models.ForeignKey(RedactionRecord, on_delete=models.PROTECT, related_name="rows")
    table_name = models.CharField(max_length=100)
    row_id = models.BigIntegerField()
    columns = models.CharField(max_length=500)  # ",text,challenges,"
    old_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    new_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("redacted row")
        verbose_name_plural = _("redacted rows")
        indexes = [models.Index(fields=["table_name", "row_id"])]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


def is_genuine(row: Any, content: str | bytes) -> bool:
    """Return whether ``content`` matches ``row.sha256``, or is what the newest redaction of the row left of it."""
    found = sha256_hex(content)
    if found == row.sha256:
        return True
    rows = RedactedRow.objects.filter(table_name=row._meta.db_table, row_id=row.pk).exclude(new_sha256="")
    newest = rows.order_by("-pk").first()
    return newest is not None and (newest.old_sha256, newest.new_sha256) == (row.sha256, found)


class RecordOpening(FrozenModel):
    """The data protection contact opened one record by its address, for a reason."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.CharField(max_length=100)
    row_id = models.BigIntegerField()
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opened_records")
    at = models.DateTimeField(default=clock.now)

    objects = RecordOpeningQuerySet.as_manager()  # type: ignore[misc] # of another class than the base's

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("opened record")
        verbose_name_plural = _("opened records")

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"


class Recorded(models.Model):
    """Take the date of history rows from ``clock``, so that history made at a set time has that time."""

    class Meta:
        abstract = True

    @property
    def _history_date(self) -> datetime:
        return clock.now()


class Versioned(models.Model):
    """Optimistic locking: forms carry ``version``, services save with ``save_part``."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


class InstallationId(models.Model):
    """One row: the id that the folder of stored files has, too (``core.installation``)."""

    value = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = _("installation id")
        verbose_name_plural = _("installation IDs")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="core_installationid_single")]

    def __str__(self) -> str:
        return str(self.value)


class VerificationRun(models.Model):
    """One run of the nightly check of everything stored in the database, and what differed, one difference a line."""

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), default=clock.now)
    checked = models.PositiveIntegerField(_("records checked"))
    difference_count = models.PositiveIntegerField(_("differences"))
    differences = models.TextField(_("details of the differences"), blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("check of stored data")
        verbose_name_plural = _("checks of stored data")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d}"


class Version(models.Model):
    """The version of what a name stands for (``core.versions``)."""

    name = models.CharField(max_length=100, primary_key=True)
    value = models.CharField(max_length=36)

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")

    def __str__(self) -> str:
        return self.name


class FormInput(models.Model):
    """What one person typed into a form as it was opened once. Nobody else ever sees it.

    A *draft* is kept while it is typed, *held* is what was posted and could not be saved, and *sent* is what has been
    saved, for a short time: so that a second post of the same form is noticed.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        HELD = "held", _("not saved")
        SENT = "sent", _("saved")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="form_inputs")
    nonce = models.CharField(max_length=32)  # of the opened form (core.form_tokens)
    page = models.CharField(max_length=1000)  # address of the page with the form
    path = models.CharField(max_length=1000)  # that the form posts to
    title = models.CharField(max_length=200, blank=True)  # heading of the page
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    fields = models.JSONField(default=dict)  # name: list of values, as posted
    files = models.JSONField(default=list)  # of ``core.uploads.KeptFile``
    answer = models.JSONField(default=dict)  # of what is saved: where the browser was sent, and what it was told
    repeats = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)  # while a request saves it
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Privacy:
        personal = {"fields": "what its author typed and has not saved yet", "title": "heading of the page of the form"}

    class Meta:
        ordering = ["-updated_at"]
        verbose_name = _("saved form entry")
        verbose_name_plural = _("saved form entries")
        constraints = [models.UniqueConstraint(fields=["user", "nonce", "path"], name="core_forminput_once")]
        indexes = [models.Index(fields=["user", "state"]), models.Index(fields=["state", "updated_at"])]

    def __str__(self) -> str:
        return self.title or self.page

    @property
    def page_path(self) -> str:
        return self.page.partition("?")[0]

    @property
    def url(self) -> str:
        """Return the address of the page of the form with this input filled in."""
        return f"{self.page}{'&' if '?' in self.page else '?'}typed={self.pk}"
