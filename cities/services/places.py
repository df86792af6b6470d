"""Changes of what a city or a body says of itself, with history and without overwriting each other."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cities.exceptions import NotYours
from cities.models import Body, City
from core.exceptions import EditedMeanwhile


@transaction.atomic
def save_place(row: City | Body, *, by: Any, version: int, fields: Mapping[str, Any]) -> City | Body:
    """Save the named fields of a city or a body; raises EditedMeanwhile, with ``current``, for a stale version."""
    stored = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if not by.has_perm(f"cities.change_{row._meta.model_name}", stored):
        raise NotYours
    if stored.version != version:
        error = EditedMeanwhile()
        error.current = stored
        raise error
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.version += 1
    stored._history_user = by
    stored.save()
    return stored
