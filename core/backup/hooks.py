"""Hooks of apps that run at the end of a restore, in the same transaction."""

from collections.abc import Callable
from datetime import datetime

Hook = Callable[[datetime], str]

_hooks: dict[str, tuple[int, Hook]] = {}


def after_restore(name: str, hook: Hook, *, order: int) -> None:
    """Register ``hook(made_at)``, which returns a line for the operator, or "". Low orders run first."""
    _hooks[name] = order, hook


def run_after_restore(made_at: datetime) -> list[str]:
    """Run the hooks and return their lines."""
    ordered = sorted(_hooks.values(), key=lambda pair: pair[0])
    return [line for _order, hook in ordered if (line := hook(made_at))]
