"""Values that SQLite stores and PostgreSQL refuses, found before anything is loaded."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

from .rows import Json, Model, columns_of

MOST = 20  # named at most; one more says that there are others


def refused_values(model: Model, values: list[Any]) -> Iterator[str]:
    """Yield a line for each value of the row that PostgreSQL would refuse."""
    fields = columns_of(model)
    for field, value in zip(fields, values, strict=True):
        if reason := _reason(field, value):
            pk = values[fields.index(model._meta.pk)]
            yield f"{model._meta.label_lower} {pk}, {field.name}: {reason}"


def _reason(field: Any, value: Any) -> str:
    if isinstance(value, Json):
        return "a NUL character" if _has_nul(value.value) else ""
    if isinstance(value, str):
        return _reason_of_text(field, value)
    if isinstance(value, Decimal):
        return _reason_of_decimal(field, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _reason_of_integer(field, value)
    return ""


def _reason_of_text(field: Any, value: str) -> str:
    if "\x00" in value:
        return "a NUL character"
    most = getattr(field, "max_length", None) if isinstance(field, models.CharField | models.FileField) else None
    return f"{len(value)} characters, and its column takes {most}" if most and len(value) > most else ""


def _reason_of_decimal(field: Any, value: Decimal) -> str:
    if not value.is_finite():
        return f"{value} is not a number"
    digits = getattr(field, "max_digits", None)
    if digits and abs(value) >= Decimal(10) ** (digits - field.decimal_places):
        return f"{value} has more digits than the {digits - field.decimal_places} that its column takes"
    return ""


def _reason_of_integer(field: Any, value: int) -> str:
    kind = (field.target_field if field.remote_field else field).get_internal_type()
    least, most = BaseDatabaseOperations.integer_field_ranges.get(kind, (value, value))
    return "" if least <= value <= most else f"{value} is not between {least} and {most}"


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(_has_nul(part) for part in value)
