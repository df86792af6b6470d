"""Access to revisions for a task, such as a rating. Apps above register who has it, as in ``cities.file_access``."""

from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db.models import Q

_readers: list[Callable[[object], Q | None]] = []


def register_revision_access(condition: Callable[[object], Q | None]) -> None:
    """``condition(user)`` returns a Q over PeriodRevision for those that the user reads as the network does.

    None means no revision, and saves the subquery.
    """
    if condition not in _readers:
        _readers.append(condition)


def granted_to(user) -> Q | None:
    """Return a Q over PeriodRevision, or None if the user has access to none."""
    given = [found for condition in _readers if (found := condition(user)) is not None]
    return reduce(or_, given) if given else None
