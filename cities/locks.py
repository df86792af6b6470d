"""Triggers: the data of a stored file never change; its state, and that of an event, move only forward.

Others bump the versions of what each page shows. See docs/adr/0004 and 0014.
"""

from accounts.page_versions import SITE_SQL, person_sql, user_sql
from core import triggers
from core.triggers import Trigger, unless_redacted
from core.versions import bump_on_change

from .enums import FILE_TRANSITIONS, FileState
from .models import Body, City, Event, Installation, Membership, Person, StoredFile


def _event_triggers() -> list[Trigger]:
    table = Event._meta.db_table
    republished = "OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at"
    changed = f"OLD.cancelled_at IS NOT NULL OR ({republished})"
    is_public = "OLD.published_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL"
    message = "epi: a published event is cancelled, and a cancelled one stays so"
    return [
        Trigger(f"epi_{table}_upd", table, "UPDATE", unless_redacted(changed), message),
        Trigger(f"epi_{table}_del", table, "DELETE", is_public, message),
    ]


def register() -> None:
    triggers.register(*_event_triggers())
    table = StoredFile._meta.db_table
    columns = [field.column for field in StoredFile._meta.fields if field.name != "state"]
    legal = " OR ".join(f"(OLD.state = '{old}' AND NEW.state = '{new}')" for old, new in FILE_TRANSITIONS)
    triggers.freeze(StoredFile, columns, unique=[("uuid",), ("path",)], keep=f"OLD.state <> '{FileState.PENDING}'")
    triggers.register(
        Trigger(
            f"epi_{table}_state",
            table,
            "UPDATE",
            unless_redacted(f"NEW.state IS DISTINCT FROM OLD.state AND NOT ({legal})"),
            "epi: a file is used, then withdrawn, and never waits again",
        )
    )
    bump_on_change(Membership, person_sql())
    bump_on_change(Person, user_sql("user_id"))
    bump_on_change(Installation, SITE_SQL)
    bump_on_change(City, SITE_SQL, columns=["name", "slug"])
    bump_on_change(Body, SITE_SQL, columns=["kind", "city_id"])
