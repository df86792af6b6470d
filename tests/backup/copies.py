"""Separate databases and file folders for tests of backup and restore."""

import copy
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import connections
from django.db.utils import load_backend
from django.test import override_settings

from core import installation
from core.backup.rows import carried_models
from core.stored_files import ID_FILE

_numbers = count(1)
SQLITE = "django.db.backends.sqlite3"
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
}


class Copy(NamedTuple):
    """The connection settings of a database, and the folder of its files."""

    database: dict[str, Any]
    media: Path

    @property
    def is_sqlite(self) -> bool:
        return self.database["ENGINE"].endswith("sqlite3")


@contextmanager
def working_in(site: Copy) -> Iterator[Copy]:
    """Use the database and the files of ``site`` as default connection and storage of this thread."""
    storages = settings.STORAGES | {
        "default": settings.STORAGES["default"] | {"OPTIONS": {"location": str(site.media)}},
    }
    with connected_to(site), override_settings(STORAGES=storages, MEDIA_ROOT=site.media):
        yield site


@contextmanager
def connected_to(site: Copy) -> Iterator[None]:
    """Use the database of ``site`` as default connection of this thread."""
    before = connections["default"]
    connections["default"] = new = load_backend(site.database["ENGINE"]).DatabaseWrapper(site.database, "default")
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        new.close()
        connections["default"] = before
        ContentType.objects.clear_cache()


class Copies:
    """Copies of databases, made with the engine of the test suite; starts from the empty test database."""

    def __init__(self, folder: Path, blocker: Any) -> None:
        self.folder, self.made, self.blocker = folder, [], blocker
        connections["default"].close()  # PostgreSQL copies only databases without connections
        self.empty = self._copy(connections["default"].settings_dict)

    def of(self, original: Copy | None = None) -> Copy:
        """Return a copy of ``original`` with its files, or an empty site."""
        media = self.folder / f"files-{next(_numbers)}"
        if original:
            shutil.copytree(original.media, media)
        site = Copy(self._copy(original.database if original else self.empty), media)
        with self.blocker.unblock(), working_in(site):
            installation.bind()
        return site

    def _copy(self, source: dict[str, Any]) -> dict[str, Any]:
        database = copy.deepcopy(source)
        if database["ENGINE"].endswith("sqlite3"):
            database["NAME"] = str(self.folder / f"copy-{next(_numbers)}.sqlite3")
            with closing(sqlite3.connect(source["NAME"])) as connection:
                connection.execute("VACUUM INTO ?", [database["NAME"]])
        else:
            database["NAME"] = f"{source['NAME']}_copy_{os.getpid()}_{next(_numbers)}"
            self._execute(f'CREATE DATABASE "{database["NAME"]}" TEMPLATE "{source["NAME"]}"')
            self.made.append(database["NAME"])
        return database

    def with_files_of(self, original: Copy) -> Copy:
        """Return the database of ``original`` with a copy of its files, which a test may damage."""
        media = self.folder / f"files-{next(_numbers)}"
        shutil.copytree(original.media, media)
        return Copy(original.database, media)

    def new_sqlite(self) -> Copy:
        """Return a site with a new SQLite database without tables."""
        database = copy.deepcopy(connections["default"].settings_dict)
        name = str(self.folder / f"new-{next(_numbers)}.sqlite3")
        database |= {"ENGINE": SQLITE, "NAME": name, "OPTIONS": SQLITE_OPTIONS, "CONN_MAX_AGE": 0}
        return Copy(database, self.folder / f"files-{next(_numbers)}")

    def drop_all(self) -> None:
        for name in self.made:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @staticmethod
    def _execute(statement: str) -> None:
        url = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path="/postgres"))
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with closing(connection.cursor()) as cursor:
                cursor.execute(statement)


# ---- contents of a site


def rows_in(site: Copy) -> dict[str, list[dict]]:
    """Return every row by model label, with the same values on both databases."""
    with working_in(site):
        return {model._meta.label: _rows(model) for model in carried_models()}


def _rows(model: Any) -> list[dict]:
    rows = model._base_manager.order_by("pk").values()
    return [{name: _comparable(value) for name, value in row.items()} for row in rows]


def _comparable(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def files_in(site: Copy) -> dict[str, bytes]:
    files = [file for file in site.media.rglob("*") if file.is_file() and file.name != ID_FILE]
    return {str(file.relative_to(site.media)): file.read_bytes() for file in files}


def overwrite_file(path: str, content: bytes = b"other bytes") -> None:
    Path(default_storage.path(path)).write_bytes(content)
