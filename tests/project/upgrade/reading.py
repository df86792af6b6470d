"""Reads a whole database: rows, triggers, constraints and hashes, and the differences between two of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

GROWING = frozenset({"django_migrations", "django_content_type", "auth_permission"})
SKIP = object()  # as the new value of a column: not compared


@dataclass(frozen=True)
class Declared:
    """What an upgrade is meant to change. Names on the left are those of the old version.

    ``values`` maps (table, column) to a function that returns the expected value, or ``SKIP``.
    """

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    removed_tables: set[str] = field(default_factory=set)
    removed_columns: dict[str, set[str]] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], Callable[[Any], Any]] = field(default_factory=dict)
    tables_with_new_rows: set[str] = field(default_factory=set)
    removed_constraints: set[str] = field(default_factory=set)
    triggers: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


class Constraint(NamedTuple):
    """A constraint or an index without its name, which a rename may leave as it was."""

    kind: str
    columns: tuple[str, ...]
    references: tuple[str, ...]


@dataclass
class Contents:
    """The contents of a database."""

    tables: dict[str, list[dict[str, Any]]]
    triggers: dict[str, str]  # name: table
    constraints: dict[str, dict[str, Constraint]]  # table: name: constraint


# ---- reading


def read(connection: Any) -> Contents:
    with connection.cursor() as cursor:
        names = sorted(connection.introspection.table_names(cursor))
        tables = {name: _rows(connection, cursor, name) for name in names}
        return Contents(tables, _triggers(connection, cursor), {name: _constraints(connection, name) for name in names})


def _rows(connection: Any, cursor: Any, table: str) -> list[dict[str, Any]]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _triggers(connection: Any, cursor: Any) -> dict[str, str]:
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
    else:
        cursor.execute(
            "SELECT tgname, relname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        )
    return dict(cursor.fetchall())


def _constraints(connection: Any, table: str) -> dict[str, Constraint]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    kinds = ("primary_key", "foreign_key", "unique", "check", "index")
    return {
        name: Constraint(
            next((kind for kind in kinds if row[kind]), "other"),
            tuple(row["columns"] or ()),
            tuple(row["foreign_key"] or ()),
        )
        for name, row in found.items()
    }


def digest(rows: list[dict[str, Any]]) -> str:
    """SHA-256 over the rows as sorted lines of JSON, so that the order of reading does not count."""
    lines = sorted(json.dumps(row, sort_keys=True, default=bytes.hex) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def next_ids(connection: Any) -> dict[str, tuple[int, int]]:
    """For each table of PostgreSQL with a sequence: the highest id in it, and the id that the sequence gives next."""
    found: dict[str, tuple[int, int]] = {}
    if connection.vendor != "postgresql":
        return found
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for sequence in connection.introspection.get_sequences(cursor, table):
                name, column = sequence["name"], connection.ops.quote_name(sequence["column"])
                cursor.execute(f'SELECT last_value + is_called::int FROM "{name}"')
                [[following]] = cursor.fetchall()
                cursor.execute(f'SELECT COALESCE(MAX({column}), 0) FROM "{table}"')
                [[highest]] = cursor.fetchall()
                found[table] = (highest, following)
    return found


# ---- hashes


def broken_hashes(contents: Contents) -> tuple[int, list[str]]:
    """Count the rows whose hash can be checked, and return those whose hash does not match."""
    count, broken = 0, []
    for table, rows in contents.tables.items():
        for row in rows:
            source = next((row[name] for name in ("snapshot", "content") if name in row), None)
            if source is None or "sha256" not in row:
                continue
            count += 1
            if hashlib.sha256(source if isinstance(source, bytes) else source.encode()).hexdigest() != row["sha256"]:
                broken.append(f"{table} {row['id']}")
    return count, broken


def frozen_tables(contents: Contents) -> list[str]:
    return sorted({table for name, table in contents.triggers.items() if name.endswith("_frozen_upd")})


# ---- comparing


def differences(before: Contents, after: Contents, declared: Declared = Declared()) -> list[str]:
    """A sentence for each thing that the upgrade lost, changed or added without being declared."""
    return [
        *_different_rows(before, after, declared),
        *_left_content_types(after, declared),
        *_different_triggers(before, after, declared),
        *_different_constraints(before, after, declared),
    ]


def _different_rows(before: Contents, after: Contents, declared: Declared) -> list[str]:
    found = []
    models = _models(before, declared)
    for table, rows in before.tables.items():
        new_table = declared.tables.get(table, table)
        if table in declared.removed_tables:
            continue
        if new_table not in after.tables:
            found.append(f"{table}: the table is gone ({len(rows)} rows).")
            continue
        new_rows, expected = after.tables[new_table], [_expected(table, row, declared, models) for row in rows]
        skipped = {column for row in expected for column, value in row.items() if value is SKIP}
        expected = [{name: value for name, value in row.items() if name not in skipped} for row in expected]
        kept = set(expected[0]) if expected else set()
        if lost := kept - set(new_rows[0] if new_rows else kept):
            found.append(f"{table}: columns are gone: {', '.join(sorted(lost))}.")
            continue
        left = [{name: value for name, value in row.items() if name in kept} for row in new_rows]
        missing, added = _difference(expected, left), _difference(left, expected)
        may_grow = table in GROWING or table in declared.tables_with_new_rows
        if missing or (added and not may_grow):
            found.append(
                f"{table}: {len(missing)} rows are missing or changed, {len(added)} are new. {_sample(missing, added)}"
            )
    return found


def _expected(table: str, row: dict[str, Any], declared: Declared, models: dict[str, Any]) -> dict[str, Any]:
    renamed, removed = declared.columns.get(table, {}), declared.removed_columns.get(table, set())
    row = dict(row)
    if table == "django_content_type" and (moved := models.get(f"{row['app_label']}.{row['model']}")):
        row["app_label"], row["model"] = moved.split(".")
    if table == "auth_permission" and (moved := models.get(row["content_type_id"])):
        old, new = (label.split(".")[1] for label in moved)
        if old != new:
            row["codename"], row["name"] = row["codename"].removesuffix(old) + new, SKIP
    for column in row:
        if (table, column) in declared.values:
            row[column] = declared.values[table, column](row[column])
    return {renamed.get(column, column): value for column, value in row.items() if column not in removed}


def _models(before: Contents, declared: Declared) -> dict[Any, Any]:
    """New labels by old label, with the models of their history; (old, new) by id of the content type."""
    labels = dict(declared.models)
    for old, new in declared.models.items():
        (old_app, old_name), (new_app, new_name) = old.split("."), new.split(".")
        labels[f"{old_app}.historical{old_name}"] = f"{new_app}.historical{new_name}"
    found: dict[Any, Any] = dict(labels)
    for row in before.tables.get("django_content_type", []):
        label = f"{row['app_label']}.{row['model']}"
        if label in labels:
            found[row["id"]] = (label, labels[label])
    return found


def _left_content_types(after: Contents, declared: Declared) -> list[str]:
    """Return content types that exist again under the old label of a moved model."""
    labels = {f"{row['app_label']}.{row['model']}" for row in after.tables.get("django_content_type", [])}
    moved = {name for name in _models(Contents({}, {}, {}), declared) if isinstance(name, str)}
    return [f"django_content_type: {label} is there although it moved." for label in sorted(labels & moved)]


def _difference(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left, found = Counter(_key(row) for row in others), []
    for row in rows:
        if left[_key(row)]:
            left[_key(row)] -= 1
        else:
            found.append(row)
    return found


def _key(row: dict[str, Any]) -> tuple:
    return tuple(sorted(row.items(), key=lambda item: item[0]))


def _sample(missing: list[dict[str, Any]], added: list[dict[str, Any]]) -> str:
    """Describe the first missing row: what differs from the new row with its id, or the row itself."""
    if not missing:
        return f"First new row: {str(added[0])[:300]}"
    row = missing[0]
    other = next((other for other in added if "id" in row and other["id"] == row["id"]), None)
    if other is None:
        return f"First missing row: {str(row)[:300]}"
    pairs = [f"{name} {str(row[name])[:60]!r} -> {str(other[name])[:60]!r}" for name in row if row[name] != other[name]]
    return f"Row {row['id']}: {'; '.join(pairs)}"


def _different_triggers(before: Contents, after: Contents, declared: Declared) -> list[str]:
    expected = {}
    for name, table in before.triggers.items():
        new_table = declared.tables.get(table, table)
        expected[declared.triggers.get(name, name.replace(f"epi_{table}_", f"epi_{new_table}_", 1))] = new_table
    expected.pop("", None)  # declared as removed
    found = [f"Trigger {name} is gone from {expected[name]}." for name in sorted(expected.keys() - after.triggers)]
    moved = [name for name in expected.keys() & after.triggers if after.triggers[name] != expected[name]]
    return found + [f"Trigger {name} is on {after.triggers[name]}, not {expected[name]}." for name in sorted(moved)]


def _different_constraints(before: Contents, after: Contents, declared: Declared) -> list[str]:
    found = []
    for table, constraints in before.constraints.items():
        if table in declared.removed_tables:
            continue
        new_table = declared.tables.get(table, table)
        left = Counter(after.constraints.get(new_table, {}).values())
        for name, constraint in constraints.items():
            expected = _renamed(table, constraint, declared)
            removed = declared.removed_columns.get(table, set()) & set(constraint.columns)
            if name in declared.removed_constraints or removed:
                continue
            if left[expected] < 1:
                found.append(
                    f"{table}: {constraint.kind} {name} over {', '.join(map(str, constraint.columns))} is gone."
                )
            left[expected] -= 1
    return found


def _renamed(table: str, constraint: Constraint, declared: Declared) -> Constraint:
    names = declared.columns.get(table, {})
    references = constraint.references
    if len(references) == 2:
        other, column = references
        column = declared.columns.get(other, {}).get(column, column)
        references = (declared.tables.get(other, other), column)
    return Constraint(constraint.kind, tuple(names.get(name, name) for name in constraint.columns), references)
