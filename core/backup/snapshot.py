"""A second connection that reads the whole database as of one moment, while others write."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.utils import load_backend

from .exceptions import BackupError

ALIAS = "backup_snapshot"


@contextmanager
def database_snapshot() -> Iterator[str]:
    """Yield the alias of a connection in one read transaction. Writers do not wait for it."""
    settings = copy.deepcopy(connections[DEFAULT_DB_ALIAS].settings_dict)
    if settings["ENGINE"].endswith("sqlite3"):  # IMMEDIATE, as the site has it, would keep writers out
        settings["OPTIONS"] = settings.get("OPTIONS", {}) | {"transaction_mode": "DEFERRED"}
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, ALIAS)
    connections[ALIAS] = connection
    try:
        with transaction.atomic(using=ALIAS), connection.cursor() as cursor:
            _begin(cursor, connection.vendor)
            yield ALIAS
    finally:
        connection.close()
        del connections[ALIAS]


def _begin(cursor: Any, vendor: str) -> None:
    """Run the first query, which fixes the moment on PostgreSQL and on SQLite with a write-ahead log."""
    if vendor == "postgresql":
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT count(*) FROM pg_database")
    elif vendor == "sqlite":
        cursor.execute("SELECT count(*) FROM sqlite_master")
    else:
        raise BackupError(f"Backups work with SQLite and PostgreSQL only; this database is {vendor}.")
