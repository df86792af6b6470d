"""Who may read stored files: apps register a condition for what their files are attached to."""

from collections.abc import Callable

from django.db.models import Q

_conditions: list[Callable[[object], Q]] = []


def register(condition: Callable[[object], Q]) -> None:
    """Register ``condition(user)``: a Q over StoredFile for the files that the user may read."""
    if condition not in _conditions:
        _conditions.append(condition)


def readable_q(user) -> Q:
    allowed = Q(pk=None)
    for condition in _conditions:
        allowed |= condition(user)
    return allowed
