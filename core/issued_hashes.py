"""The hashes that *verify* knows: a registry, filled in ``ready()`` by each app that issues documents."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Issued(NamedTuple):
    """An issued document that has the hash. ``template`` renders it for the page, with ``found`` in its context."""

    template: str
    found: Any


Finder = Callable[[str, Any], Issued | None]
_finders: list[Finder] = []


def add_finder(finder: Finder) -> None:
    """``finder(sha256, user)`` returns what was issued under this hash, or None. A second call changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


def find(sha256: str, user: Any) -> Issued | None:
    """The first issued document with this hash, as ``user`` may know of it."""
    return next((issued for finder in _finders if (issued := finder(sha256, user))), None)
