"""Edit the profile of a city or a body, with history and optimistic locking."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cities.models import Body, City
from core.services import check_version, lock, require_perm, save_with_history


@transaction.atomic
def save_profile(row: City | Body, *, by: Any, version: int, fields: Mapping[str, Any]) -> City | Body:
    """Save the named fields; raises PermissionRefused, or EditConflict with ``current`` for an old version."""
    stored = lock(row)
    require_perm(by, f"cities.change_{row._meta.model_name}", stored)
    check_version(stored, version)
    for name, value in fields.items():
        setattr(stored, name, value)
    save_with_history(stored, by)
    return stored
