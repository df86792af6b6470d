"""Access to revisions for a task, such as a rating. Apps above register who has it, as in ``cities.file_access``."""

from collections.abc import Callable

from django.db.models import Q

_readers: list[Callable[[object], Q]] = []


def register_revision_access(condition: Callable[[object], Q]) -> None:
    """Register ``condition(user)``, a Q over PeriodRevision. The user reads matching revisions as the network does.

    A second call with the same condition changes nothing.
    """
    if condition not in _readers:
        _readers.append(condition)


def granted_to(user) -> Q:
    """Return a Q over PeriodRevision for the revisions that the user has access to for a task."""
    given = Q(pk=None)
    for condition in _readers:
        given |= condition(user)
    return given
