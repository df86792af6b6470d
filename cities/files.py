"""Who may read stored files: apps register a condition for what their files are attached to."""

from collections.abc import Callable

from django.db.models import Q

_holders: list[Callable[[object], Q]] = []


def add_holder(condition: Callable[[object], Q]) -> None:
    """Register ``condition(user)``: a Q over StoredFile for the files that the user may read."""
    if condition not in _holders:
        _holders.append(condition)


def held_for(user) -> Q:
    allowed = Q(pk=None)
    for condition in _holders:
        allowed |= condition(user)
    return allowed
