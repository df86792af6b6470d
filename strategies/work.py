"""Rows of *My work*. Apps register their kinds of tasks in ``ready()``. Imports no app."""

from collections.abc import Callable, Iterable
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from core.collation import by_title

RETURNED, LATE, DUE, SOON, LOW = 10, 20, 30, 40, 50  # urgency, most urgent first
NO_DUE_DATE = date.max


class WorkRow(NamedTuple):
    """One task that waits for the user, with a link to the page where it is done."""

    title: Any
    url: Any
    label: Any  # text of the button
    state: Any  # value of the badge
    text: Any = ""  # the reason, one sentence
    urgency: int = DUE
    due_on: date | None = None
    action_id: int | None = None  # set if *no change* can be logged for this action
    is_task: bool = True  # False: it only shows what the site is doing


RowProvider = Callable[[Any], Iterable[WorkRow]]
_makers: list[RowProvider] = []


def register_work(maker: RowProvider) -> None:
    """Register ``maker(user)``, which returns that user's rows. A second call with the same maker changes nothing.

    The number of queries in ``maker`` must not depend on the number of rows.
    """
    if maker not in _makers:
        _makers.append(maker)


def registered_work(user: Any) -> list[WorkRow]:
    return [row for maker in _makers for row in maker(user)]


def sort_rows(rows: Iterable[WorkRow]) -> list[WorkRow]:
    """Sort rows by urgency, then by due date, then by title."""
    by_day = sorted(rows, key=_day_key)
    groups = [list(group) for _key, group in groupby(by_day, key=_day_key)]
    return [row for group in groups for row in (by_title(group, "title") if len(group) > 1 else group)]


def _day_key(row: WorkRow) -> tuple[int, date]:
    return row.urgency, row.due_on or NO_DUE_DATE
