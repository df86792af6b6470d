"""Database triggers that hold what services promise, on SQLite and PostgreSQL.

Apps register in ``ready()``; everything is installed after each migrate, taken away before it, and a system check
proves that it stands. Names: ``epi_<table>_<what>``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections


class Trigger(NamedTuple):
    """One rule for one table. ``refuse`` is SQL over OLD and NEW that is true where the act is refused.

    ``before`` is ``INSERT``, ``UPDATE``, ``UPDATE OF column, ...`` or ``DELETE``. ``hold`` is PL/pgSQL that locks the
    rows which ``refuse`` reads; SQLite, with one writer at a time, needs none.
    """

    name: str
    table: str
    before: str
    refuse: str
    message: str
    hold: str = ""


_triggers: dict[str, Trigger] = {}
_frozen: dict[Any, list[tuple[str, ...]]] = {}
_no_truncate: set[str] = set()


def register(*triggers: Trigger) -> None:
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


def frozen() -> dict[Any, list[tuple[str, ...]]]:
    """Each frozen model with the keys that an insert is compared by."""
    return dict(_frozen)


def registered() -> list[Trigger]:
    return list(_triggers.values())


# ---- SQL


def _sqlite(trigger: Trigger) -> list[str]:
    refuse = trigger.refuse.replace("IS NOT DISTINCT FROM", "IS").replace("IS DISTINCT FROM", "IS NOT")
    return [
        f"CREATE TRIGGER {trigger.name} BEFORE {trigger.before} ON {trigger.table} FOR EACH ROW "
        f"WHEN {refuse} BEGIN SELECT RAISE(ABORT, '{trigger.message}'); END"
    ]


def _postgresql(trigger: Trigger) -> list[str]:
    result = "OLD" if trigger.before == "DELETE" else "NEW"
    return [
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $epi$ BEGIN {trigger.hold} "
        f"IF {trigger.refuse} THEN RAISE EXCEPTION '{trigger.message}' USING ERRCODE = '23000'; END IF; "
        f"RETURN {result}; END $epi$",
        f"CREATE TRIGGER {trigger.name} BEFORE {trigger.before} ON {trigger.table} FOR EACH ROW "
        f"EXECUTE FUNCTION {trigger.name}()",
    ]


def _no_truncate_sql(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION epi_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $epi$ BEGIN "
        "RAISE EXCEPTION 'epi: not emptied' USING ERRCODE = '23000'; END $epi$",
        f"CREATE TRIGGER epi_{table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION epi_no_truncate()",
    ]


def _present(connection: Any) -> dict[str, str]:
    """Names of our triggers that stand, each with its table."""
    if connection.vendor == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'epi\\_%' ESCAPE '\\'"
    else:
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "WHERE tgname LIKE 'epi\\_%' AND tgenabled <> 'D' AND pg_table_is_visible(c.oid)"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def _expected(connection: Any) -> set[str]:
    names = set(_triggers)
    return names if connection.vendor == "sqlite" else names | {f"epi_{table}_truncate" for table in _no_truncate}


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Put every registered trigger on its table, where the tables it reads stand already."""
    connection = connections[using]
    if connection.vendor not in {"sqlite", "postgresql"}:
        return
    drop(using)
    tables = set(connection.introspection.table_names())
    if not {trigger.table for trigger in registered()} <= tables:
        return  # a partial migration; the system check says so
    with connection.cursor() as cursor:
        for trigger in registered():
            for statement in _sqlite(trigger) if connection.vendor == "sqlite" else _postgresql(trigger):
                cursor.execute(statement)
        if connection.vendor == "postgresql":
            for table in sorted(_no_truncate):
                for statement in _no_truncate_sql(table):
                    cursor.execute(statement)


def drop(using: str = DEFAULT_DB_ALIAS) -> None:
    connection = connections[using]
    if connection.vendor not in {"sqlite", "postgresql"}:
        return
    with connection.cursor() as cursor:
        for name, table in _present(connection).items():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    connection = connections[using]
    if connection.vendor not in {"sqlite", "postgresql"}:
        return set()
    return _expected(connection) - set(_present(connection))


@contextmanager
def lifted(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """For the test runner's flush alone: no service and no command calls this."""
    drop(using)
    try:
        yield
    finally:
        install(using)


# ---- signals and check


def on_pre_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == "strategies":
        drop(using)


def on_post_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == "strategies":
        install(using)


def check_installed(app_configs: Any, databases: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """``manage.py check --database default`` proves that the locks stand."""
    errors: list[checks.CheckMessage] = []
    for using in databases or []:
        if "django_migrations" in connections[using].introspection.table_names() and missing(using):
            gone = ", ".join(sorted(missing(using)))
            hint = "Run manage.py migrate: it puts them back."
            errors.append(checks.Error(f"Database triggers are missing: {gone}.", hint=hint, id="epi.E001"))
    return errors
