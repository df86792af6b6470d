"""Locks by name, for services that check and then insert rows without a common parent row to lock."""

from hashlib import sha256

from django.db import connection


def lock_name(name: str) -> None:
    """Hold the lock until the transaction ends. SQLite needs none: a transaction there is the only writer."""
    if connection.vendor != "postgresql":
        return
    key = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
