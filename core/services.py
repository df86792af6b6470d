"""What the services of every app share: permissions, row locks, versions, history and the errors of triggers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import rules
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

from .bounds import year_errors
from .exceptions import EditConflict, InputRefused, PermissionRefused, UserFacingError
from .text_limits import HISTORY_REASON
from .texts import shorten

_trigger_errors: dict[str, type[UserFacingError]] = {}


def require_perm(by: Any, permission: str, row: models.Model | None = None) -> None:
    """Raise PermissionRefused unless ``by`` has the permission on the stored ``row`` and may view it.

    Without ``row``: unless ``by`` has it on any row.
    """
    if not by.has_perm(permission, row):
        raise PermissionRefused


def require_rule(by: Any, permission: str, row: models.Model) -> None:
    """Raise PermissionRefused unless the rule allows it; for a row that is not stored yet, so nobody may view it."""
    if not (by.is_active and rules.has_perm(permission, by, row)):
        raise PermissionRefused


def validate(row: models.Model) -> None:
    """Raise InputRefused with a sentence for each field, "" for the whole row, unless the row may be saved."""
    if errors := year_errors({field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}):
        raise InputRefused(errors)
    try:
        row.full_clean()
    except ValidationError as error:
        errors = {name: " ".join(sentences) for name, sentences in error.message_dict.items()}
        errors[""] = errors.pop(NON_FIELD_ERRORS, "")
        raise InputRefused({name: text for name, text in errors.items() if text}) from error


def lock(row: Any, *related: str) -> Any:
    """Return the row as it is stored now, locked until the commit, with the ``related`` rows loaded but not locked."""
    rows = type(row)._default_manager.select_for_update(of=("self",), no_key=True)
    return rows.select_related(*related).get(pk=row.pk) if related else rows.get(pk=row.pk)


def check_version(row: Any, version: int | None) -> None:
    """Raise EditConflict, with the row as ``current``, if its version is not ``version``. None skips the check."""
    if version is not None and row.version != version:
        raise EditConflict(row)


def set_fields(row: Any, fields: Mapping[str, Any], version: int | None) -> bool:
    """Set the fields and return whether any of them differs from what is stored.

    Raises EditConflict if one differs and ``version`` is not the stored one, None included: a form that is sent twice
    is no conflict. A new row has no version to compare.
    """
    is_changed = any(getattr(row, name) != value for name, value in fields.items())
    if is_changed and row.pk:
        check_version(row, version or 0)
    for name, value in fields.items():
        setattr(row, name, value)
    return is_changed


def save_with_history(row: Any, by: Any, *, reason: str = "", new_version: bool = True, **options: Any) -> None:
    """Save with the acting user and the reason in the history, and increment ``version``.

    ``options`` are those of ``save``. With ``update_fields``, ``version`` must be among them to be incremented.
    """
    if new_version and row.pk and "version" in options.get("update_fields", ("version",)) and hasattr(row, "version"):
        row.version += 1
    row._history_user = by
    row._change_reason = shorten(reason, HISTORY_REASON) or None
    row.save(**options)


def register_trigger_error(message: str, error: type[UserFacingError]) -> None:
    """Apps call this in ``ready()``: a trigger's ``message`` reaches the user as ``error``."""
    _trigger_errors[message] = error


@contextmanager
def translate_lock_errors() -> Iterator[None]:
    """Run in a savepoint. Turns the error of a registered database trigger into its user-facing error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for message, user_facing in _trigger_errors.items():
            if message in str(error):
                raise user_facing from error
        raise
