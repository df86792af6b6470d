"""Bodies of pages, kept for all readers who may see the same until something changes (docs/adr/0017)."""

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import get_language

from cities.models import City
from cities.rules import active_roles
from core import clock
from strategies import revision_access

from . import changes

LIFETIME = 6 * 60 * 60  # seconds
SOURCES = ("dashboards", "core", "strategies", "evaluation", "pilot", "templates", "locale")


def kept(name: Sequence[Any], reader: Any, make: Callable[[], dict], *, city_id: int | None = None) -> dict:
    """Return what ``make`` returns, or what it returned to a reader with the same rights under the same version.

    ``name`` holds all that the body depends on beyond the reader, the language, the day and the rows.
    """
    version = changes.version(city_id)
    if version is None or _in_transaction():
        return make()
    under = [version, _days(version), release()]
    key = "page:" + hashed([*name, get_language(), rights_of(reader)])
    found = _unpacked(cache.get(key))
    if found is not None and found["under"] == under:
        return found["value"]
    value = make()
    if value.get("is_kept", True):
        cache.set(key, _packed({"under": under, "value": value}), LIFETIME)
    return value


def rights_of(reader: Any) -> list[Any]:
    """Return all that decides what the reader may see, the same for people with the same roles in the same cities.

    Whoever has been given a revision for a task shares with nobody.
    """
    is_given = revision_access.granted_to(reader) is not None
    return [reader.is_authenticated and reader.is_active, roles_of(reader), reader.pk if is_given else None]


def roles_of(reader: Any) -> list[tuple[str, str, int]]:
    """Return the reader's current roles in a fixed order; the city is 0 in bodies of the network."""
    return sorted((role.kind, role.role, role.city_id or 0) for role in active_roles(reader))


@lru_cache(maxsize=1)
def _zones(version: str) -> tuple[str, ...]:
    """Return the time zones of the cities; each change of a city makes another version."""
    return tuple(sorted(set(City.objects.order_by().values_list("timezone", flat=True))))


def _days(version: str) -> list[str]:
    """Return today's date in each time zone: the status of an action depends on it."""
    return [clock.today().isoformat(), *(clock.today(zone).isoformat() for zone in _zones(version))]


@lru_cache(maxsize=1)
def release() -> str:
    """Return a hash of the code, templates and texts that pages are made of: a new release makes them anew."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if file.suffix in {".py", ".html", ".mo"}:
                found.update(file.read_bytes())
    return found.hexdigest()


def hashed(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _packed(value: dict) -> bytes:
    return zlib.compress(json.dumps(value).encode(), 1)


def _unpacked(stored: bytes | None) -> dict | None:
    return None if stored is None else json.loads(zlib.decompress(stored))


def _in_transaction() -> bool:
    """Return whether a transaction is open, other than that of a test: what is read there may be rolled back."""
    blocks = connection.atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase
