"""Search the whole database and file store for words, as a full-text search would."""

import base64
import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection


def found_in(words: str) -> list[str]:
    """Return the columns of all tables, and the stored files, that hold the words."""
    forms = {words, json.dumps(words)[1:-1]}
    hits = [f"{table}.{column}" for table, column, value in _values() if any(form in value for form in forms)]
    root = Path(default_storage.path(""))
    files = (path for path in root.rglob("*") if path.is_file()) if root.exists() else ()
    return hits + [str(path) for path in files if words.encode() in path.read_bytes()]


def _values() -> Any:
    tables = connection.introspection.table_names()
    models = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    with connection.cursor() as cursor:
        for table in sorted(set(tables) | models):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    yield table, name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("utf-8", "replace") + base64.b64encode(bytes(value)).decode()
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
