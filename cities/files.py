"""What stored files hang on: apps register who may read a file because of what it belongs to."""

from collections.abc import Callable

from django.db.models import Q

_holders: list[Callable[[object], Q]] = []


def add_holder(condition: Callable[[object], Q]) -> None:
    """``condition(user)`` is a Q over StoredFile: true for the files that the user may read there."""
    if condition not in _holders:
        _holders.append(condition)


def held_for(user) -> Q:
    allowed = Q(pk=None)
    for condition in _holders:
        allowed |= condition(user)
    return allowed
