"""Whether the content of this site is a demonstration's. The app that stores it registers how to find out."""

from collections.abc import Callable

_checks: list[Callable[[], bool]] = []


def register(check: Callable[[], bool]) -> None:
    _checks[:] = [check]


def is_demonstration() -> bool:
    return any(check() for check in _checks)
