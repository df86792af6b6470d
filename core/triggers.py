"""Database triggers that hold what services promise, on SQLite and PostgreSQL.

Apps register in ``ready()``; ``migrate`` puts on the tables what is not there as it is registered, and a system check
proves that it stands. Names: ``epi_<table>_<what>``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections, transaction

TAG = "locks"  # of the system check: ``migrate`` leaves it out, being what mends


class Trigger(NamedTuple):
    """One rule for one table. ``refuse`` is SQL over OLD and NEW that is true where the act is refused.

    ``before`` is ``INSERT``, ``UPDATE`` or ``DELETE``. ``hold`` is PL/pgSQL that locks the rows which ``refuse`` reads;
    SQLite, with one writer at a time, needs none. Both databases read ``IS [NOT] DISTINCT FROM``, ``STRPOS`` and
    ``JSON_TEXT(column, 'key.key')``.
    """

    name: str
    table: str
    before: str
    refuse: str
    message: str
    hold: str = ""


class Effect(NamedTuple):
    """What one table's new row does to another, so that the two cannot be apart. ``do`` is SQL over NEW."""

    name: str
    table: str
    do: str


_triggers: dict[str, Trigger | Effect] = {}
_frozen: dict[Any, list[tuple[str, ...]]] = {}
_no_truncate: set[str] = set()


def register(*triggers: Trigger | Effect) -> None:
    for trigger in triggers:
        _triggers[trigger.name] = trigger
        _no_truncate.add(trigger.table)


def freeze(
    model: Any, columns: Iterable[str] = (), *, unique: Iterable[tuple[str, ...]] = (), keep: str = "TRUE"
) -> None:
    """Rows of ``model`` are only added; with ``columns``, those and its keys never change and no row is deleted.

    ``unique`` names the columns of each other unique key: SQLite's INSERT OR REPLACE deletes the old row silently.
    An empty column of a key is like another empty one. ``keep`` is SQL over OLD: true for the rows that must not be
    deleted.
    """
    table, message = model._meta.db_table, "epi: frozen, never changes"
    keys = [(model._meta.pk.column,), *unique]
    _frozen[model] = keys
    held = dict.fromkeys([*columns, *(column for key in keys for column in key)])
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in held) if columns else "TRUE"
    may_be_empty = {field.column for field in model._meta.fields if field.null}
    equal = {column: "IS NOT DISTINCT FROM" if column in may_be_empty else "=" for column in held}
    same = [" AND ".join(f"t.{column} {equal[column]} NEW.{column}" for column in key) for key in keys]
    exists = [f"EXISTS (SELECT 1 FROM {table} t WHERE {condition})" for condition in same]
    register(
        Trigger(f"epi_{table}_frozen_upd", table, "UPDATE", changed, message),
        Trigger(f"epi_{table}_frozen_del", table, "DELETE", keep, message),
        Trigger(f"epi_{table}_frozen_ins", table, "INSERT", " OR ".join(exists), message),
    )


def lock(
    model: Any,
    owner: str,
    is_locked: Callable[[str], str],
    message: str,
    *,
    keys: Iterable[str] = (),
    hold: Callable[[str], str] = lambda owner: "",
) -> None:
    """Rows of ``model`` are added, changed and deleted only while what they belong to is not locked.

    ``owner`` is SQL for its id over the row ``{row}``, ``is_locked`` and ``hold`` make SQL of that. ``keys`` are the
    other unique keys as SQL over NEW and the stored row ``t``: what replaces a locked row is refused too.
    """
    table = model._meta.db_table
    new, old, stored = (owner.format(row=row) for row in ("NEW", "OLD", "t"))
    same_key = [
        f"EXISTS (SELECT 1 FROM {table} t WHERE {key} AND {is_locked(stored)})" for key in ["t.id = NEW.id", *keys]
    ]
    other_key = [
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.id <> OLD.id AND {key} AND {is_locked(stored)})" for key in keys
    ]
    moved = ["NEW.id <> OLD.id", is_locked(old), is_locked(new), *other_key]
    register(
        Trigger(f"epi_{table}_ins", table, "INSERT", " OR ".join([is_locked(new), *same_key]), message, hold(new)),
        Trigger(f"epi_{table}_upd", table, "UPDATE", " OR ".join(moved), message, hold(old) + hold(new)),
        Trigger(f"epi_{table}_del", table, "DELETE", is_locked(old), message, hold(old)),
    )


def frozen() -> dict[Any, list[tuple[str, ...]]]:
    """Each frozen model with the keys that an insert is compared by."""
    return dict(_frozen)


# ---- SQL


class Definition(NamedTuple):
    """A trigger as one database keeps it: SQLite its whole text, PostgreSQL its function's body."""

    table: str
    text: str
    statements: tuple[str, ...]


def _sqlite(trigger: Trigger | Effect) -> Definition:
    if isinstance(trigger, Effect):
        when, then = f"AFTER INSERT ON {trigger.table} FOR EACH ROW", trigger.do
    else:
        refuse = trigger.refuse.replace("IS NOT DISTINCT FROM", "IS").replace("IS DISTINCT FROM", "IS NOT")
        refuse = re.sub(r"JSON_TEXT\(([\w.]+), '([\w.]+)'\)", r"json_extract(\1, '$.\2')", refuse)
        refuse = refuse.replace("STRPOS(", "instr(")
        when = f"BEFORE {trigger.before} ON {trigger.table} FOR EACH ROW WHEN {refuse}"
        then = f"SELECT RAISE(ABORT, '{trigger.message}')"
    text = f"CREATE TRIGGER {trigger.name} {when} BEGIN {then}; END"
    return Definition(trigger.table, text, (text,))


def _postgresql(trigger: Trigger | Effect) -> Definition:
    if isinstance(trigger, Effect):
        when, result, act = f"AFTER INSERT ON {trigger.table}", "NULL", f"{trigger.do};"
    else:
        keys = r"(\1::json #>> string_to_array('\2', '.'))"
        refuse = re.sub(r"JSON_TEXT\(([\w.]+), '([\w.]+)'\)", keys, trigger.refuse)
        when, result = f"BEFORE {trigger.before} ON {trigger.table}", "OLD" if trigger.before == "DELETE" else "NEW"
        act = f"{trigger.hold} IF {refuse} THEN RAISE EXCEPTION '{trigger.message}' USING ERRCODE = '23000'; END IF;"
    text = f" /* {when} */ BEGIN {act} RETURN {result}; END "
    return Definition(
        trigger.table,
        text,
        (
            f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $epi${text}$epi$",
            f"CREATE TRIGGER {trigger.name} {when} FOR EACH ROW EXECUTE FUNCTION {trigger.name}()",
        ),
    )


def _no_truncate_on(table: str) -> Definition:
    text = " BEGIN RAISE EXCEPTION 'epi: not emptied' USING ERRCODE = '23000'; END "
    return Definition(
        table,
        text,
        (
            f"CREATE OR REPLACE FUNCTION epi_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $epi${text}$epi$",
            f"CREATE TRIGGER epi_{table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION epi_no_truncate()",
        ),
    )


def _knows_triggers(connection: Any) -> bool:
    return connection.vendor in {"sqlite", "postgresql"}


def _registered(connection: Any) -> dict[str, Definition]:
    if not _knows_triggers(connection):
        return {}
    if connection.vendor == "sqlite":
        return {name: _sqlite(trigger) for name, trigger in _triggers.items()}
    found = {name: _postgresql(trigger) for name, trigger in _triggers.items()}
    return found | {f"epi_{table}_truncate": _no_truncate_on(table) for table in sorted(_no_truncate)}


def standing(using: str = DEFAULT_DB_ALIAS) -> dict[str, Definition]:
    """Our triggers that stand and are not switched off, by name."""
    connection = connections[using]
    if not _knows_triggers(connection):
        return {}
    if connection.vendor == "sqlite":
        query = (
            "SELECT name, tbl_name, sql, sql FROM sqlite_master "
            "WHERE type = 'trigger' AND name LIKE 'epi\\_%' ESCAPE '\\'"
        )
    else:
        query = (
            "SELECT tgname, relname, prosrc, pg_get_triggerdef(t.oid) FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid "
            "WHERE tgname LIKE 'epi\\_%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name: Definition(table, text, (made,)) for name, table, text, made in cursor.fetchall()}


def _differs(row: Definition, wanted: Definition) -> bool:
    return (row.table, row.text) != (wanted.table, wanted.text)


def _take_off(cursor: Any, name: str, table: str) -> None:
    on = f" ON {table}" if cursor.db.vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Put every registered trigger on its table, where that stands already, and take off what is not registered.

    In one transaction; what stands as it is registered is not touched, so that nobody slips through.
    """
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    wanted = {name: row for name, row in _registered(connection).items() if row.table in tables}
    with transaction.atomic(using=using), connection.cursor() as cursor:
        there = standing(using)
        for name, row in there.items():
            if name not in wanted:
                _take_off(cursor, name, row.table)
        for name, row in wanted.items():
            if name not in there or _differs(there[name], row):
                _take_off(cursor, name, there.get(name, row).table)
                for statement in row.statements:
                    cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    return _registered(connections[using]).keys() - standing(using).keys()


def differing(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """What stands, but not as it is registered: made by another release, or tampered with."""
    wanted = _registered(connections[using])
    return {name for name, row in standing(using).items() if name in wanted and _differs(row, wanted[name])}


# ---- taken off for a while


def take_off(using: str = DEFAULT_DB_ALIAS) -> None:
    with connections[using].cursor() as cursor:
        for name, row in standing(using).items():
            _take_off(cursor, name, row.table)


def put_back(before: dict[str, Definition], using: str = DEFAULT_DB_ALIAS) -> None:
    """As they stood, whatever is registered now: a migration that failed has left the tables as they were."""
    tables, there = set(connections[using].introspection.table_names()), standing(using)
    with connections[using].cursor() as cursor:
        for name, row in before.items():
            if name not in there and row.table in tables:
                for statement in row.statements:
                    cursor.execute(statement)


@contextmanager
def lifted(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """For the test runner's flush, and for a migration that fills a column of a locked table; no service calls this."""
    before = standing(using)
    take_off(using)
    try:
        yield
    finally:
        put_back(before, using)


# ---- signals and check


def on_pre_migrate(sender: Any, using: str, plan: Any = None, **kwargs: Any) -> None:
    """SQLite drops a table's triggers without a word when it is remade, and refuses the rest: taken off before.

    PostgreSQL keeps them, so they stand all the time there; and where nothing is to be migrated, here as well.
    """
    if sender.label == "strategies" and connections[using].vendor == "sqlite" and plan != []:
        take_off(using)


def on_post_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == "strategies":
        install(using)


def check_installed(app_configs: Any, databases: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """``manage.py check --database default`` proves that the locks stand, each as it is registered."""
    errors: list[checks.CheckMessage] = []
    hint = "Run manage.py migrate: it puts them back."
    for using in databases or []:
        if {row.table for row in _triggers.values()}.isdisjoint(connections[using].introspection.table_names()):
            continue  # nothing is there yet that could be locked
        if gone := ", ".join(sorted(missing(using))):
            errors.append(checks.Error(f"Database triggers are missing: {gone}.", hint=hint, id="epi.E001"))
        if changed := ", ".join(sorted(differing(using))):
            errors.append(checks.Error(f"Database triggers differ: {changed}.", hint=hint, id="epi.E002"))
    return errors
