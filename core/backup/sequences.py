"""The highest id that a table has given, so that the id of a deleted row is not used again."""

from typing import Any

from django.db import connections, models

from .rows import Model


def last_id(model: Model, using: str) -> int | None:
    """Return the highest id given so far; None for a table without automatic ids."""
    if not isinstance(model._meta.pk, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return None
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            row = cursor.fetchone()
            return row[0] if row else 0
        sequence = _sequence(cursor, model)
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608 - of PostgreSQL
        return cursor.fetchone()[0]


def set_last_id(model: Model, value: int | None, using: str) -> None:
    """Make the next id follow ``value`` or the highest id in the table, whichever is larger."""
    if value is None:
        return
    highest = model._base_manager.using(using).aggregate(highest=models.Max("pk"))["highest"] or 0
    value, connection = max(value, highest), connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [model._meta.db_table, value])
        else:
            sequence = _sequence(cursor, model)
            cursor.execute("SELECT setval(%s, %s, %s)", [sequence, max(value, 1), value > 0])


def _sequence(cursor: Any, model: Model) -> str:
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', model._meta.pk.column])
    return cursor.fetchone()[0]
