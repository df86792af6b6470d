"""What *My work* shows: apps add their kinds of tasks here in ``ready()``. Imports nothing of ours."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

RETURNED, LATE, DUE, SOON, QUIET = 10, 20, 30, 40, 50  # how urgent, most urgent first
FAR = date.max


class WorkRow(NamedTuple):
    """One thing that waits for this person, and the one click that leads there."""

    title: Any
    url: str
    label: Any  # of the button
    text: Any = ""  # why, in a sentence
    state: Any = ""  # for the mark in front
    urgency: int = DUE
    due_on: date | None = None
    action_id: int | None = None  # the row can be answered with *nothing new*
    is_told: bool = False  # told of already in an open period, so it waits for nothing


Maker = Callable[[Any], Iterable[WorkRow]]
_makers: list[Maker] = []


def add_work(maker: Maker) -> None:
    """``maker(user)`` gives that person's rows, in as many queries for one as for a hundred.

    A second call with the same maker changes nothing.
    """
    if maker not in _makers:
        _makers.append(maker)


def added_work(user: Any) -> list[WorkRow]:
    return [row for maker in _makers for row in maker(user)]


def in_order(rows: Iterable[WorkRow]) -> list[WorkRow]:
    """The most urgent first, then what is due first."""
    return sorted(rows, key=lambda row: (row.urgency, row.due_on or FAR, str(row.title)))
