"""Versions by name, so that a value can be kept in memory or in a cache for as long as nothing it rests on changes.

Read the version first and the value after it, and keep both together: a value that is kept under the present version
is the present value, in every process. A version changes in the transaction of the change, by ``bump`` in a service or
by the triggers of ``bump_on_change``. It is a random text and does not count up, so that a version that was rolled back
never comes again. See docs/adr/0014.
"""

import uuid
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

from django.db import connection

from . import triggers
from .models import Version

TABLE = Version._meta.db_table
_always_there: set[str] = set()


def bump(*names: str) -> None:
    """Change the versions of these names. Their rows are locked until the transaction ends: call it last."""
    rows = [Version(name=name, value=_new()) for name in sorted(names)]
    Version.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["value"])


def current(*names: str) -> tuple[str, ...]:
    """Return the versions of these names, in one query. A name that has none yet gets one."""
    found = read(*names)
    if "" in found:
        missing = sorted({name for name, value in zip(names, found, strict=True) if not value})
        Version.objects.bulk_create([Version(name=name, value=_new()) for name in missing], ignore_conflicts=True)
        found = read(*names)
    return found


def read(*names: str) -> tuple[str, ...]:
    """Return the versions of these names, in one query; "" for a name that has none yet.

    Such a name does for what is kept under another version too, which has one.
    """
    marks = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:  # each page asks: the ORM would take longer to write this than to run it
        cursor.execute(f"SELECT name, value FROM {TABLE} WHERE name IN ({marks})", names)  # noqa: S608 - our own table
        found = dict(cursor.fetchall())
    return tuple(found.get(name, "") for name in names)


def always_there(name: str) -> None:
    """Have ``migrate`` make the version of this name, so that no page has to."""
    _always_there.add(name)


def forget_all() -> None:
    """Change all versions, after rows were changed while no triggers were there."""
    Version.objects.all().delete()
    bump(*_always_there)


def _new() -> str:
    return uuid.uuid4().hex


class Kept:
    """Values kept in this process, each under the version that was read before it.

    Inside a transaction nothing is kept or taken: what is read there may be rolled back.
    """

    def __init__(self, most: int = 2000) -> None:
        self._most, self._values, self._lock = most, dict[Hashable, tuple[Hashable, Any]](), Lock()

    def get(self, key: Hashable, version: Hashable | None, read: Callable[[], Any]) -> Any:
        """Return the value of ``key`` under ``version``; with None, and in a transaction, what ``read`` returns."""
        if version is None:
            return read()
        held = self.peek(key)
        if held is not None and held[0] == version:
            return held[1]
        value = read()
        self.put(key, version, value)
        return value

    def peek(self, key: Hashable) -> tuple[Any, Any] | None:
        """Return what is kept of ``key`` and its version, which need not be the present one."""
        return None if _in_transaction() else self._values.get(key)

    def put(self, key: Hashable, version: Hashable, value: Any) -> None:
        if _in_transaction():
            return
        with self._lock:
            self._values.pop(key, None)
            if len(self._values) >= self._most:
                del self._values[next(iter(self._values))]  # the one that was kept first
            self._values[key] = version, value


def _in_transaction() -> bool:
    """Return whether a transaction is open, other than that of a test, as Django asks for ``durable``."""
    blocks = connection.atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase  # type: ignore[attr-defined] # unknown to the stubs


# ---- triggers


def bump_on_change(model: Any, name: str, *, columns: Sequence[str] = ()) -> None:
    """Register triggers that bump versions when rows of ``model`` change, whatever changes them.

    ``name`` is SQL for the version's name, over ``{row}``; NULL stands for none. ``columns``: an UPDATE counts only if
    one of these changes.
    """
    table = model._meta.db_table
    old, new = name.format(row="OLD"), name.format(row="NEW")
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    triggers.register(
        triggers.Effect(f"epi_{table}_version_ins", table, _bump_sql(new), after="INSERT"),
        triggers.Effect(f"epi_{table}_version_upd", table, _bump_sql(new, old), after="UPDATE", when=changed),
        triggers.Effect(f"epi_{table}_version_del", table, _bump_sql(old), after="DELETE"),
    )


def _bump_sql(*names: str) -> str:
    named = " UNION ".join(f"SELECT {name} AS name" for name in names)
    return (
        f"INSERT INTO {TABLE} (name, value) SELECT name, RANDOM_TEXT() FROM ({named}) AS named WHERE name IS NOT NULL "  # noqa: S608 - our own tables
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )


# ---- signal


def on_post_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """Triggers may have been absent during a migration."""
    if sender.label == "core" and TABLE in connection.introspection.table_names():
        forget_all()
