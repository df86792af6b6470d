"""Triggers: the data of a stored file never change, and its state moves only forward. See docs/adr/0004."""

from core import triggers
from core.triggers import Trigger

from .enums import FILE_TRANSITIONS, FileState
from .models import StoredFile


def register() -> None:
    table = StoredFile._meta.db_table
    columns = [field.column for field in StoredFile._meta.fields if field.name != "state"]
    legal = " OR ".join(f"(OLD.state = '{old}' AND NEW.state = '{new}')" for old, new in FILE_TRANSITIONS)
    triggers.freeze(StoredFile, columns, unique=[("uuid",), ("path",)], keep=f"OLD.state <> '{FileState.PENDING}'")
    triggers.register(
        Trigger(
            f"epi_{table}_state",
            table,
            "UPDATE",
            f"NEW.state IS DISTINCT FROM OLD.state AND NOT ({legal})",
            "epi: a file is used, then withdrawn, and never waits again",
        )
    )
