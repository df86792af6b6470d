"""Base models without domain knowledge, and the id of this installation."""

import json
import uuid
from datetime import datetime
from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from . import clock
from .exceptions import Frozen as FrozenError
from .exceptions import HashMismatch
from .snapshots import sha256_hex


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
        if sha256_hex(self.snapshot) != self.sha256:
            raise HashMismatch
        return json.loads(self.snapshot)


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
        verbose_name_plural = _("installation ids")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="core_installationid_single")]

    def __str__(self) -> str:
        return str(self.value)
