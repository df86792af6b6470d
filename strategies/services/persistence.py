"""Shared by the services of this app: permission checks, row locks, versions and history."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rules
from django.db import IntegrityError, models, transaction

from core.exceptions import EditConflict
from core.text_limits import HISTORY_REASON
from core.texts import shorten
from strategies.exceptions import PERIOD_IS_LOCKED, PeriodLocked, PermissionRefused


def require_perm(by: Any, permission: str, row: models.Model) -> None:
    """Raise PermissionRefused unless ``by`` has the permission on the stored ``row`` and may view it."""
    if not by.has_perm(permission, row):
        raise PermissionRefused


def require_rule(by: Any, permission: str, row: models.Model) -> None:
    """Raise PermissionRefused unless the rule allows it; for a row that is not stored yet, so nobody may view it."""
    if not (by.is_active and rules.has_perm(permission, by, row)):
        raise PermissionRefused


@contextmanager
def translate_lock_errors() -> Iterator[None]:
    """Run in a savepoint. Turns the error of a period's database trigger into PeriodLocked."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if PERIOD_IS_LOCKED in str(error):
            raise PeriodLocked from error
        raise


def lock(row: Any) -> Any:
    """Return the row as it is stored now, locked until the commit."""
    return type(row)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)


def check_version(row: Any, version: int | None) -> None:
    """Raise EditConflict, with the row as ``current``, if its version is not ``version``. None skips the check."""
    if version is not None and row.version != version:
        error = EditConflict()
        error.current = row
        raise error


def save_with_history(row: Any, by: Any, *, reason: str = "", new_version: bool = True) -> None:
    """Save with the acting user and the reason in the history, and increment ``version``."""
    if new_version and row.pk and hasattr(row, "version"):
        row.version += 1
    row._history_user = by
    row._change_reason = shorten(reason, HISTORY_REASON) or None
    row.save()
