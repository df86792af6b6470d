"""What a member is responsible for in a body's city: apps add theirs in ``ready()``."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Duty(NamedTuple):
    """Something that nobody is responsible for once the person has left, and the URL of its page."""

    title: str
    url: str


Finder = Callable[[Any, Any], list[Duty]]
_finders: list[Finder] = []


def register_duties(finder: Finder) -> None:
    """Register ``finder(person, city)``. Registering the same one again changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


def duties_in(city: Any, person: Any) -> list[Duty]:
    return [duty for finder in _finders for duty in finder(person, city)]
