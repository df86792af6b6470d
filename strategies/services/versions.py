"""Shared by all services here: who writes, which version, and what the database's locks say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rules
from django.db import IntegrityError, models, transaction

from core.exceptions import EditedMeanwhile
from strategies.exceptions import PERIOD_IS_LOCKED, NotAllowed, PeriodLocked


def demand(by: Any, permission: str, row: models.Model) -> None:
    """Raise unless ``by`` may do it to the stored ``row``."""
    if not by.has_perm(permission, row):
        raise NotAllowed


def demand_rule(by: Any, permission: str, row: models.Model) -> None:
    """The same for a row that is not stored yet, so that nobody could see it."""
    if not (by.is_active and rules.has_perm(permission, by, row)):
        raise NotAllowed


@contextmanager
def kind_refusal() -> Iterator[None]:
    """A savepoint; where the database's lock of a period refuses, the sentence that people are told."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if PERIOD_IS_LOCKED in str(error):
            raise PeriodLocked from error
        raise


def locked_row(row: Any) -> Any:
    """The row as it is now, held until the commit."""
    return type(row)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)


def expect_version(row: Any, version: int | None) -> None:
    """Raise EditedMeanwhile, with the stored row as ``current``, where somebody else was first."""
    if version is not None and row.version != version:
        error = EditedMeanwhile()
        error.current = row
        raise error


def save_as(row: Any, by: Any, *, reason: str = "", new_version: bool = True) -> None:
    """Save with the acting person in the history."""
    if new_version and row.pk and hasattr(row, "version"):
        row.version += 1
    row._history_user = by
    row._change_reason = reason[:100] or None
    row.save()
