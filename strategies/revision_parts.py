"""Parts of a revision that apps above contribute: a registry, filled in ``ready()``."""

from collections.abc import Callable
from typing import Any

_parts: dict[str, Callable[[Any], Any]] = {}


def register_part(key: str, contents: Callable[[Any], Any]) -> None:
    """Freeze ``contents(city_period)`` under ``key`` of the snapshot; it returns what JSON can hold."""
    _parts[key] = contents


def contents_of(city_period: Any) -> dict[str, Any]:
    return {key: contents(city_period) for key, contents in _parts.items()}
