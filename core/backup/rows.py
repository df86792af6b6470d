"""Rows as lines of JSON with exact values: decimals, times, UUIDs and bytes as text, JSON as JSON text."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.duration import duration_iso_string

from .exceptions import BackupError

NOT_CARRIED = {  # everybody signs in again; a copy has its own id and versions
    *("sessions.session", "core.installationid", "core.version", "dashboards.change"),
}
BATCH = 500
AS_IN_JSON = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.FloatField)
Model = type[models.Model]


def carried_models() -> list[Model]:
    """Return every model with its own table, many-to-many and history tables included, sorted by table."""
    found = apps.get_models(include_auto_created=True)
    kept = [model for model in found if model._meta.managed and not model._meta.proxy]
    kept = [model for model in kept if model._meta.label_lower not in NOT_CARRIED]
    return sorted(kept, key=lambda model: model._meta.db_table)


def columns_of(model: Model) -> list[Any]:
    """Return the fields that have a column, without generated ones, which the database computes."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def read_rows(model: Model, using: str) -> Iterator[list[Any]]:
    """Yield the values of each row in the order of ``columns_of``, sorted by primary key."""
    fields = columns_of(model)
    may_be_null = [field for field in fields if isinstance(field, models.JSONField) and field.null]
    asked = {  # JSON null and an empty column are read as None both
        f"{field.attname}__is_empty": ExpressionWrapper(Q((f"{field.attname}__isnull", True)), BooleanField())
        for field in may_be_null
    }
    names = [field.attname for field in fields]
    rows = model._base_manager.using(using).order_by("pk").annotate(**asked).values_list(*names, *asked)
    empty = {names.index(field.attname): len(names) + position for position, field in enumerate(may_be_null)}
    json_positions = [position for position, field in enumerate(fields) if isinstance(field, models.JSONField)]
    for row in rows.iterator(chunk_size=BATCH):
        values = list(row[: len(names)])
        for position in json_positions:
            if position not in empty or not row[empty[position]]:
                values[position] = Json(values[position], fields[position].encoder)
        yield values


class Json(NamedTuple):
    """The value of a JSON column that is not NULL; ``value`` None is the JSON null."""

    value: Any
    encoder: Any = None


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold. Raises TypeError for an unknown type: add it here and in ``_parser``."""
    if value is None or isinstance(value, bool | int | str | float):
        return value
    if isinstance(value, Json):
        return json.dumps(value.value, ensure_ascii=False, cls=value.encoder)
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, bytes | memoryview | bytearray):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"{type(value).__name__} cannot be written to a backup.")


def to_line(values: list[Any]) -> bytes:
    text = json.dumps([_plain(value) for value in values], ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def header(model: Model) -> bytes:
    return to_line([field.attname for field in columns_of(model)])


def parse_lines(model: Model, file: IO[bytes]) -> Iterator[list[Any]]:
    """Yield the values of each line in the order of ``columns_of``, ready for the database."""
    parsers = [_parser(field) for field in columns_of(model)]
    if file.readline() != header(model):
        raise BackupError(
            f"The columns of {model._meta.db_table} are not those of this version. "
            "Install the version that made the backup."
        )
    for line in file:
        values = zip(parsers, json.loads(line), strict=True)
        yield [parse(value) if parse and value is not None else value for parse, value in values]


def _parser(field: Any) -> Callable[[Any], Any] | None:
    """Return the parser of a column's values, None for plain JSON. A foreign key is parsed like its target."""
    field = field.target_field if field.remote_field else field
    if isinstance(field, models.JSONField):
        return lambda value: Json(json.loads(value, cls=field.decoder), field.encoder)
    if isinstance(field, models.BinaryField):
        return base64.b64decode
    if isinstance(field, AS_IN_JSON):
        return None
    return field.to_python
