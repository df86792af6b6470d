"""Base models that say nothing about the domain."""

import json
from datetime import datetime
from typing import Any, NoReturn

from django.db import models

from . import clock
from .exceptions import Frozen as FrozenError
from .exceptions import SealBroken
from .snapshots import seal


class FrozenQuerySet(models.QuerySet):
    """Rows are added and read, never changed. Database triggers hold the same for SQL."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FrozenError

    update = delete = bulk_update = update_or_create = _refuse

    def bulk_create(self, objs: Any, **kwargs: Any) -> Any:  # type: ignore[override] # by name, so that none slips by
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


class Sealed(FrozenModel):
    """Canonical JSON with its hash, checked whenever it is used."""

    SCHEMA_VERSION = 1

    snapshot = models.TextField()  # as text: jsonb would put the keys in its own order
    sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    created_at = models.DateTimeField(default=clock.now)

    class Meta(FrozenModel.Meta):
        abstract = True

    @property
    def contents(self) -> dict:
        if seal(self.snapshot) != self.sha256:
            raise SealBroken
        return json.loads(self.snapshot)


class Recorded(models.Model):
    """Changes are kept with the time of ``clock``, so that history made under a given clock tells that time."""

    class Meta:
        abstract = True

    @property
    def _history_date(self) -> datetime:
        return clock.now()


class Versioned(models.Model):
    """Optimistic locking: forms carry ``version``, services save by ``save_version``."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True
