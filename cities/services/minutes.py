"""Minutes of a meeting: a text or a file, a draft until the chair approves them."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import MINUTES_TRANSITIONS, MinutesState
from cities.exceptions import MinutesRefused
from cities.models import Event, StoredFile
from cities.rules import person_of
from core import clock
from core.available import register, require
from core.services import check_version, lock, save_with_history, validate

from .files import mark_file_used, withdraw_file


def _check_is_active(event: Event) -> None:
    if event.cancelled_at is not None:
        raise MinutesRefused(_("This event has been cancelled, so its minutes cannot be changed."))


def _check_can_be_written(event: Event, _user: Any) -> None:
    _check_is_active(event)
    if event.minutes_state == MinutesState.APPROVED:
        raise MinutesRefused(_("These minutes are approved. They can be changed after the chair has reopened them."))


def _check_can_be_approved(event: Event, _user: Any) -> None:
    _check_is_active(event)
    if not event.minutes_state:
        raise MinutesRefused(_("There are no minutes to approve yet."))
    if event.minutes_state == MinutesState.APPROVED:
        raise MinutesRefused(_("These minutes have already been approved."))


def _check_can_be_reopened(event: Event, _user: Any) -> None:
    _check_is_active(event)
    if event.minutes_state != MinutesState.APPROVED:
        raise MinutesRefused(_("Only approved minutes can be reopened."))


register(Event, "write_minutes", "cities.write_minutes", check=_check_can_be_written)
register(Event, "approve_minutes", "cities.approve_minutes", check=_check_can_be_approved)
register(Event, "reopen_minutes", "cities.approve_minutes", check=_check_can_be_reopened)


@transaction.atomic
def save_minutes(
    event: Event, *, by: Any, text: str, minutes_file: StoredFile | None = None, version: int | None = None
) -> Event:
    """Save the draft of the minutes: text, file or both. A new file replaces the one before.

    Raises PermissionRefused, MinutesRefused once they are approved, InputRefused or EditConflict.
    """
    event = _lock_for(event, "write_minutes", by)
    check_version(event, version)
    event.minutes = text
    if minutes_file is not None and minutes_file.pk != event.minutes_file_id:
        if event.minutes_file:
            withdraw_file(event.minutes_file)
        event.minutes_file = mark_file_used(minutes_file)
    event.minutes_state = MinutesState.DRAFT if text.strip() or event.minutes_file else ""
    validate(event)
    save_with_history(event, by)
    return event


@transaction.atomic
def approve_minutes(event: Event, *, by: Any, version: int | None = None) -> Event:
    """Approve the draft as it is. With ``version``, raises EditConflict if the meeting has been changed since."""
    event = _lock_for(event, "approve_minutes", by)
    check_version(event, version)
    event.minutes_state = MINUTES_TRANSITIONS["approve"][1]
    event.minutes_approved_at, event.minutes_approved_by = clock.now(), person_of(by)
    save_with_history(event, by)
    return event


@transaction.atomic
def reopen_minutes(event: Event, *, by: Any, reason: str) -> Event:
    """Make approved minutes a draft again, to correct them. Raises MinutesRefused without a reason."""
    event = _lock_for(event, "reopen_minutes", by)
    if not reason.strip():
        raise MinutesRefused(_("Give a reason, in one sentence."))
    event.minutes_state = MINUTES_TRANSITIONS["reopen"][1]
    event.minutes_approved_at = event.minutes_approved_by = None
    save_with_history(event, by, reason=reason)
    return event


def _lock_for(event: Event, name: str, by: Any) -> Event:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now."""
    event = lock(event, "city", "body__city", "minutes_file")
    require(event, name, by)
    return event
