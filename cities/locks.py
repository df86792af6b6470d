"""Triggers: the data of a stored file never change; its state, those of events and decisions, move only forward;
approved minutes stay as they are.

Others bump the versions of what each page shows. See docs/adr/0004 and 0014.
"""

from accounts.page_versions import SITE_SQL, person_sql, user_sql
from core import triggers
from core.triggers import Trigger, unless_redacted
from core.versions import bump_on_change

from .enums import DECISION_TRANSITIONS, FILE_TRANSITIONS, FileState
from .models import Body, City, Decision, Event, Installation, Membership, Person, StoredFile


def _event_triggers() -> list[Trigger]:
    table = Event._meta.db_table
    republished = "OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at"
    changed = f"OLD.cancelled_at IS NOT NULL OR ({republished})"
    is_public = "OLD.published_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL"
    message = "epi: a published event is cancelled, and a cancelled one stays so"
    rewritten = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in ("minutes", "minutes_file_id"))
    names = ("minutes_approved_at", "minutes_approved_by_id")
    reapproved = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in names)
    fixed = f"{rewritten} OR NEW.minutes_state = '' OR (NEW.minutes_state = 'approved' AND ({reapproved}))"
    minutes = unless_redacted(f"OLD.minutes_state = 'approved' AND ({fixed})")
    return [
        Trigger(f"epi_{table}_upd", table, "UPDATE", unless_redacted(changed), message),
        Trigger(f"epi_{table}_minutes", table, "UPDATE", minutes, "epi: approved minutes stay until they are reopened"),
        Trigger(f"epi_{table}_del", table, "DELETE", is_public, message),
    ]


def _decision_triggers() -> list[Trigger]:
    """Open decisions change; those that are done or dropped never do. None is deleted or moves to another meeting."""
    table = Decision._meta.db_table
    legal = [
        f"(OLD.state = '{old}' AND NEW.state = '{new}')"
        for sources, new in DECISION_TRANSITIONS.values()
        for old in sorted(sources)
    ]
    moved = f"NEW.state IS DISTINCT FROM OLD.state AND NOT ({' OR '.join(legal)})"
    keys = "NEW.id <> OLD.id OR NEW.event_id <> OLD.event_id"
    message = "epi: a decision that is done or dropped stays so"
    closed = unless_redacted(f"OLD.state <> 'open' OR {keys} OR ({moved})")
    return [
        Trigger(f"epi_{table}_upd", table, "UPDATE", closed, message),
        Trigger(f"epi_{table}_del", table, "DELETE", "TRUE", message),
        Trigger(f"epi_{table}_ins", table, "INSERT", f"EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id)", message),
    ]


def register() -> None:
    triggers.register(*_event_triggers(), *_decision_triggers())
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
