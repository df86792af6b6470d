"""What a period must contain besides the parts of this app: a registry, filled in ``ready()``. Imports no app."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Missing(NamedTuple):
    """One gap: what is missing, where, and the URL to fix it."""

    kind: str  # action, owner, indicator, narrative, endorsement, or that of a registered part
    title: str
    text: str
    url: str
    pk: int | None = None


class DuePart(NamedTuple):
    """How many of what a period must contain are there. ``label`` names what was counted as there."""

    label: Any
    total: int
    reported: int
    missing: list[Missing]


Maker = Callable[[Any], DuePart]
_makers: list[Maker] = []


def register_due_part(maker: Maker) -> None:
    """Register ``maker(city_period)``. Its number of queries must not depend on the number of rows."""
    if maker not in _makers:
        _makers.append(maker)


def due_parts_of(city_period: Any) -> list[DuePart]:
    """Return the registered parts in which something is due."""
    return [part for maker in _makers if (part := maker(city_period)).total]
