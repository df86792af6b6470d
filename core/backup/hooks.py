"""What apps do in a restored copy before it is used, in the same transaction."""

from collections.abc import Callable
from datetime import datetime

Hook = Callable[[datetime], str]

_hooks: dict[str, tuple[int, Hook]] = {}


def after_restore(name: str, hook: Hook, *, order: int) -> None:
    """``hook`` gets the time of the backup and returns a line for the operator, or "". Low orders run first."""
    _hooks[name] = order, hook


def run_after_restore(made_at: datetime) -> list[str]:
    """Returns what the hooks say."""
    ordered = sorted(_hooks.values(), key=lambda pair: pair[0])
    return [line for _order, hook in ordered if (line := hook(made_at))]
