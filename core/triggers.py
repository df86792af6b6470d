"""Database triggers that enforce what services promise, on SQLite and PostgreSQL.

Apps register them in ``ready()``; ``migrate`` installs what is missing or differs, and a system check verifies the
result. Names: ``epi_<table>_<what>``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.apps import apps
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections, transaction

CHECK_TAG = "locks"  # tag of system checks that ``migrate`` skips, since it puts right what they find


# The one exception to frozen rows, histories and locked facts: the UPDATE by which a redaction blanks a row
# (``let_redact``, docs/adr/0024). It is replaced by SQL over OLD and NEW when triggers are made.
REDACTION = "IS_REDACTED()"
MARKS = ("[…]", "https://redacted.invalid/")  # stand where a text or a link was redacted
HASHED = "hashed"  # instead of a value: what was there with marks in it, and the new hash of the redaction's row
EMPTY = "empty"  # the same: no bytes


class Trigger(NamedTuple):
    """A rule for one table. ``refuse`` is SQL over OLD and NEW that is true for statements to refuse.

    ``before`` is ``INSERT``, ``UPDATE`` or ``DELETE``. ``hold`` is PL/pgSQL that locks the rows which ``refuse`` reads;
    SQLite, with one writer at a time, needs none. ``refuse`` may use ``IS [NOT] DISTINCT FROM``, ``STRPOS``,
    ``JSON_TEXT(column, 'key.key')`` and ``MINUTE_AFTER(column)`` on both databases.
    """

    name: str
    table: str
    before: str
    refuse: str
    message: str
    hold: str = ""


class Effect(NamedTuple):
    """A write to another table when a row is inserted, updated or deleted, so that both always agree.

    ``do`` is SQL over NEW and OLD, and may use ``RANDOM_TEXT()``. ``when`` is SQL that is true if it is to be done.
    """

    name: str
    table: str
    do: str
    after: str = "INSERT"
    when: str = ""


_triggers: dict[str, Trigger | Effect] = {}
_frozen: dict[Any, list[tuple[str, ...]]] = {}
_no_truncate: set[str] = set()
_redactable: dict[str, tuple[Any, dict[str, str]]] = {}


def register(*triggers: Trigger | Effect) -> None:
    for trigger in triggers:
        _triggers[trigger.name] = trigger
        _no_truncate.add(trigger.table)


def freeze(
    model: Any, columns: Iterable[str] = (), *, unique: Iterable[tuple[str, ...]] = (), keep: str = "TRUE"
) -> None:
    """Refuse to update or delete rows of ``model``; with ``columns``, only those and the keys are fixed.

    ``unique`` names the columns of each other unique key, since SQLite's INSERT OR REPLACE deletes the old row without
    an error. Two empty columns of a key count as equal. ``keep`` is SQL over OLD: true for the rows that must not be
    deleted.
    """
    table, message = model._meta.db_table, "epi: frozen, never changes"
    keys = [(model._meta.pk.column,), *unique]
    _frozen[model] = keys
    fixed_columns = dict.fromkeys([*columns, *(column for key in keys for column in key)])
    changed = (
        " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in fixed_columns) if columns else "TRUE"
    )
    may_be_empty = {field.column for field in model._meta.fields if field.null}
    equal = {column: "IS NOT DISTINCT FROM" if column in may_be_empty else "=" for column in fixed_columns}
    same = [" AND ".join(f"t.{column} {equal[column]} NEW.{column}" for column in key) for key in keys]
    exists = [f"EXISTS (SELECT 1 FROM {table} t WHERE {condition})" for condition in same]
    register(
        Trigger(f"epi_{table}_frozen_upd", table, "UPDATE", unless_redacted(changed), message),
        Trigger(f"epi_{table}_frozen_del", table, "DELETE", keep, message),
        Trigger(f"epi_{table}_frozen_ins", table, "INSERT", " OR ".join(exists), message),
    )


def unless_redacted(refuse: str) -> str:
    return f"({refuse}) AND NOT ({REDACTION})"


def let_redact(model: Any, columns: Mapping[str, str]) -> None:
    """Let a redaction change these columns of ``model``, each to its value only: a text, ``HASHED`` or ``EMPTY``.

    The row needs a ``RedactedRow`` that names the column, and its other columns must stay as they are.
    """
    _redactable.setdefault(model._meta.db_table, (model, {}))[1].update(columns)


def _redaction_sql(table: str) -> str:
    """Return SQL over OLD and NEW that is true for the UPDATE by which a redaction blanks a row of the table."""
    if table not in _redactable:
        return "FALSE"
    model, columns = _redactable[table]
    key = f"r.table_name = '{table}' AND r.row_id = OLD.{model._meta.pk.column}"
    conditions = [_names_row(key)]
    for field in model._meta.concrete_fields:
        name = field.column
        is_same = f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}"
        if name in columns:
            is_same = f"({is_same} OR ({_blanked(name, columns[name], key)}))"
        elif name == "version":
            is_same = f"({is_same} OR NEW.version = OLD.version + 1)"
        conditions.append(is_same)
    return " AND ".join(conditions)


def _blanked(column: str, value: str, key: str) -> str:
    named = f"{key} AND STRPOS(r.columns, ',{column},') > 0"
    if value == HASHED:
        is_named = _names_row(f"{named} AND r.new_sha256 = SHA256_OF(NEW.{column})")
        return f"{is_named} AND HAS_MARKS_INSTEAD(NEW.{column}, OLD.{column})"
    is_blank = f"LENGTH(NEW.{column}) = 0" if value == EMPTY else f"NEW.{column} = '{value}'"
    return f"{is_blank} AND {_names_row(named)}"


def has_marks_instead(new: str, old: str) -> bool:
    """Return whether ``new`` is ``old`` with marks in place of some parts of it. SQLite calls it."""
    mark, other_mark = MARKS
    first, *others = new.replace(other_mark, mark).split(mark)
    if not others:
        return new == old
    position, end = len(first), len(old) - len(others[-1])
    if not (old.startswith(first) and old.endswith(others[-1])):
        return False
    for part in others[:-1]:
        found = old.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return position <= end


def on_connection_created(connection: Any, **_signal: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("HAS_MARKS_INSTEAD", 2, has_marks_instead, deterministic=True)


HAS_MARKS = re.compile(r"HAS_MARKS_INSTEAD\(([\w.]+), ([\w.]+)\)")


def like_sql(found: re.Match[str]) -> str:
    """Return for PostgreSQL what ``has_marks_instead`` computes."""
    pattern = found[1]
    for plain in ("\\", "%", "_"):
        pattern = f"replace({pattern}, '{plain}', '\\{plain}')"
    for mark in MARKS:
        pattern = f"replace({pattern}, '{mark}', '%')"
    return f"{found[2]} LIKE {pattern}"


def _names_row(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM core_redactedrow r WHERE {condition})"


def freeze_until_withdrawn(model: Any, key: Iterable[str]) -> None:
    """Refuse to delete rows of ``model``, and every change but one: to fill ``withdrawn_at``, once.

    ``key`` names the columns that are unique among the rows that are not withdrawn.
    """
    table = model._meta.db_table
    columns = [field.column for field in model._meta.fields if field.name != "withdrawn_at"]
    same = " AND ".join(f"t.{column} = NEW.{column}" for column in key)
    freeze(model, columns)
    _frozen[model].append((*key, "withdrawn_at"))
    register(
        Trigger(
            f"epi_{table}_once",
            table,
            "INSERT",
            f"EXISTS (SELECT 1 FROM {table} t WHERE t.withdrawn_at IS NULL AND {same})",
            "epi: there once until it is withdrawn",
        ),
        Trigger(
            f"epi_{table}_withdrawn",
            table,
            "UPDATE",
            unless_redacted("OLD.withdrawn_at IS NOT NULL"),
            "epi: withdrawn, never changes",
        ),
    )


def freeze_histories() -> None:
    """Make the history of every model append-only: its rows are inserted, never changed or deleted.

    A row of history needs its row: stored, or just deleted for a deletion. It is not older than the newest one.
    """
    for model in apps.get_models():
        if name := getattr(model._meta, "simple_history_manager_attribute", ""):
            history = getattr(model, name).model
            freeze(history)
            register(_follows_row(model, history))
            for field in history._history_m2m_fields:
                freeze(getattr(history, field.name).model)


def _follows_row(model: Any, history: Any) -> Trigger:
    table, key = history._meta.db_table, model._meta.pk.column
    stored = f"EXISTS (SELECT 1 FROM {model._meta.db_table} p WHERE p.{key} = NEW.{key})"
    later = "t.history_date > MINUTE_AFTER(NEW.history_date)"  # a minute, since clocks of machines differ
    newer = f"EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = NEW.{key} AND {later})"
    refuse = f"((NEW.history_type = '-') = {stored}) OR {newer}"
    return Trigger(f"epi_{table}_follows", table, "INSERT", refuse, "epi: history follows a change of its row")


def lock(
    model: Any,
    owner: str,
    is_locked: Callable[[str], str],
    message: str,
    *,
    keys: Iterable[str] = (),
    hold: Callable[[str], str] = lambda owner: "",
) -> None:
    """Refuse to insert, update or delete rows of ``model`` while what they belong to is locked.

    ``owner`` is SQL for the id of what the row ``{row}`` belongs to; ``is_locked`` and ``hold`` make SQL of that.
    ``keys`` are the other unique keys as SQL over NEW and the stored row ``t``: replacing a locked row is refused too.
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
        Trigger(
            f"epi_{table}_upd", table, "UPDATE", unless_redacted(" OR ".join(moved)), message, hold(old) + hold(new)
        ),
        Trigger(f"epi_{table}_del", table, "DELETE", is_locked(old), message, hold(old)),
    )


def frozen() -> dict[Any, list[tuple[str, ...]]]:
    """Return each frozen model with the unique keys that inserts are compared by."""
    return dict(_frozen)


# ---- SQL


class Definition(NamedTuple):
    """A trigger as the database stores it: on SQLite the whole statement, on PostgreSQL the function's body."""

    table: str
    text: str
    statements: tuple[str, ...]


def _sqlite(trigger: Trigger | Effect) -> Definition:
    if isinstance(trigger, Effect):
        condition = f" WHEN {_sqlite_comparisons(trigger.when)}" if trigger.when else ""
        when = f"AFTER {trigger.after} ON {trigger.table} FOR EACH ROW{condition}"
        then = trigger.do.replace("RANDOM_TEXT()", "lower(hex(randomblob(16)))")
    else:
        refuse = _sqlite_comparisons(trigger.refuse.replace(REDACTION, _redaction_sql(trigger.table)))
        refuse = re.sub(r"JSON_TEXT\(([\w.]+), '([\w.]+)'\)", r"json_extract(\1, '$.\2')", refuse)
        refuse = re.sub(r"MINUTE_AFTER\(([\w.]+)\)", r"strftime('%Y-%m-%d %H:%M:%f', \1, '+1 minute')", refuse)
        refuse = refuse.replace("STRPOS(", "instr(").replace("SHA256_OF(", "SHA256(")  # a function of Django's
        when = f"BEFORE {trigger.before} ON {trigger.table} FOR EACH ROW WHEN {refuse}"
        then = f"SELECT RAISE(ABORT, '{trigger.message}')"
    text = f"CREATE TRIGGER {trigger.name} {when} BEGIN {then}; END"
    return Definition(trigger.table, text, (text,))


def _sqlite_comparisons(condition: str) -> str:
    return condition.replace("IS NOT DISTINCT FROM", "IS").replace("IS DISTINCT FROM", "IS NOT")


def _postgresql(trigger: Trigger | Effect) -> Definition:
    if isinstance(trigger, Effect):
        when, result = f"AFTER {trigger.after} ON {trigger.table}", "NULL"
        act = f"{trigger.do};".replace("RANDOM_TEXT()", "gen_random_uuid()::text")
        act = f"IF {trigger.when} THEN {act} END IF;" if trigger.when else act
    else:
        keys = r"(\1::json #>> string_to_array('\2', '.'))"
        refuse = trigger.refuse.replace(REDACTION, _redaction_sql(trigger.table))
        refuse = re.sub(r"JSON_TEXT\(([\w.]+), '([\w.]+)'\)", keys, refuse)
        refuse = re.sub(r"SHA256_OF\(([\w.]+)\)", r"encode(sha256(convert_to(\1, 'UTF8')), 'hex')", refuse)
        refuse = HAS_MARKS.sub(like_sql, refuse)
        refuse = re.sub(r"MINUTE_AFTER\(([\w.]+)\)", r"(\1 + INTERVAL '1 minute')", refuse)
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


def installed(using: str = DEFAULT_DB_ALIAS) -> dict[str, Definition]:
    """Return our enabled triggers in the database, by name."""
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


def _drop(cursor: Any, name: str, table: str) -> None:
    on = f" ON {table}" if cursor.db.vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Install every registered trigger whose table exists, and drop those that are not registered.

    Runs in one transaction and leaves triggers that match untouched, so that no write gets past them.
    """
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    wanted = {name: row for name, row in _registered(connection).items() if row.table in tables}
    with transaction.atomic(using=using), connection.cursor() as cursor:
        there = installed(using)
        for name, row in there.items():
            if name not in wanted:
                _drop(cursor, name, row.table)
        for name, row in wanted.items():
            if name not in there or _differs(there[name], row):
                _drop(cursor, name, there.get(name, row).table)
                for statement in row.statements:
                    cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    return _registered(connections[using]).keys() - installed(using).keys()


def differing_triggers(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """Return installed triggers that differ from the registered ones: from another release, or tampered with."""
    wanted = _registered(connections[using])
    return {name for name, row in installed(using).items() if name in wanted and _differs(row, wanted[name])}


# ---- temporary removal


def drop_all(using: str = DEFAULT_DB_ALIAS) -> None:
    with connections[using].cursor() as cursor:
        for name, row in installed(using).items():
            _drop(cursor, name, row.table)


def restore(before: dict[str, Definition], using: str = DEFAULT_DB_ALIAS) -> None:
    """Restore the triggers in ``before``, whatever is registered now: a failed migration has changed no table."""
    tables, there = set(connections[using].introspection.table_names()), installed(using)
    with connections[using].cursor() as cursor:
        for name, row in before.items():
            if name not in there and row.table in tables:
                for statement in row.statements:
                    cursor.execute(statement)


@contextmanager
def triggers_dropped(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Drop all triggers inside the block: for the test runner's flush and for data migrations of locked tables only."""
    before = installed(using)
    drop_all(using)
    try:
        yield
    finally:
        restore(before, using)


# ---- signals and check


def on_pre_migrate(sender: Any, using: str, plan: Any = None, **kwargs: Any) -> None:
    """Drop the triggers on SQLite: rebuilding a table drops its own without a warning, and others make it fail.

    PostgreSQL keeps them, so they stay there; and without pending migrations, on SQLite too.
    """
    if sender.label == "strategies" and connections[using].vendor == "sqlite" and plan != []:
        drop_all(using)


def on_post_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == "strategies":
        install(using)


def check_installed(app_configs: Any, databases: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check that every trigger is installed as registered (``manage.py check --database default``)."""
    errors: list[checks.CheckMessage] = []
    hint = "Run manage.py migrate: it creates them again."
    for using in databases or []:
        if {row.table for row in _triggers.values()}.isdisjoint(connections[using].introspection.table_names()):
            continue  # the tables do not exist yet
        if gone := ", ".join(sorted(missing(using))):
            errors.append(checks.Error(f"Database triggers are missing: {gone}.", hint=hint, id="epi.E001"))
        if changed := ", ".join(sorted(differing_triggers(using))):
            errors.append(checks.Error(f"Database triggers differ: {changed}.", hint=hint, id="epi.E002"))
    return errors
