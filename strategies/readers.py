"""Who is given a frozen revision for a task: apps above register it, as ``cities.files`` keeps who reads a file."""

from collections.abc import Callable

from django.db.models import Q

_readers: list[Callable[[object], Q]] = []


def add_reader(condition: Callable[[object], Q]) -> None:
    """``condition(user)`` is a Q over PeriodRevision: true for those that the user reads as the network does."""
    if condition not in _readers:
        _readers.append(condition)


def given_to(user) -> Q:
    given = Q(pk=None)
    for condition in _readers:
        given |= condition(user)
    return given
