"""Edit the profile of a city or a body, with history and optimistic locking."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cities.exceptions import PermissionRefused
from cities.models import Body, City
from core.exceptions import EditConflict


@transaction.atomic
def save_profile(row: City | Body, *, by: Any, version: int, fields: Mapping[str, Any]) -> City | Body:
    """Save the named fields; raises PermissionRefused, or EditConflict with ``current`` for an old version."""
    stored = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if not by.has_perm(f"cities.change_{row._meta.model_name}", stored):
        raise PermissionRefused
    if stored.version != version:
        error = EditConflict()
        error.current = stored
        raise error
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.version += 1
    stored._history_user = by
    stored.save()
    return stored
