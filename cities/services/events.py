"""Meetings and kick-offs: plan, publish, cancel, document, record attendance."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cities import selectors
from cities.enums import EventKind, MinutesState
from cities.exceptions import EventRefused
from cities.models import Attendance, Event, Person
from core import clock, locales
from core.available import register, require
from core.exceptions import InputRefused
from core.services import check_version, lock, require_rule, save_with_history, validate
from core.text_limits import MAX_GUEST_GROUPS

from .notifications import notify


def _check_is_active(event: Event, _user: Any) -> None:
    if event.cancelled_at is not None:
        raise EventRefused(_("This event has been cancelled and cannot be changed. Create a new event instead."))


def _check_can_be_published(event: Event, user: Any) -> None:
    _check_is_active(event, user)
    if event.published_at is not None:
        raise EventRefused(_("This event has already been published."))
    if event.kind == EventKind.KICK_OFF and not (event.location or event.link):
        raise EventRefused(_("Enter the location of the kick-off first."))
    if event.kind == EventKind.KICK_OFF and not event.programme.strip():
        raise EventRefused(_("Enter the programme first. It must name the main actions of the pilot."))


def _check_can_be_cancelled(event: Event, _user: Any) -> None:
    if event.cancelled_at is not None:
        raise EventRefused(_("This event has already been cancelled."))
    if event.attendances.exists():
        raise EventRefused(_("This event cannot be cancelled because attendance has been recorded for it."))
    if event.decision_set.exists():
        raise EventRefused(_("This event cannot be cancelled because decisions have been recorded for it."))
    if event.minutes_state == MinutesState.APPROVED:
        raise EventRefused(_("This event cannot be cancelled because its minutes have been approved."))


register(Event, "change", "cities.change_event", check=_check_is_active)
register(Event, "publish", "cities.publish_event", check=_check_can_be_published)
register(Event, "cancel", "cities.cancel_event", check=_check_can_be_cancelled)


@transaction.atomic
def save_event(
    event: Event | None,
    *,
    by: Any,
    fields: Mapping[str, Any],
    city: Any = None,
    version: int | None = None,
) -> Event:
    """Create an event of ``city`` (``event`` None) or change one. Raises InputRefused, EditConflict or EventRefused."""
    if event is None:
        event = Event(city=city)
        require_rule(by, "cities.change_event", event)
    else:
        event = _lock_for(event, "change", by, version)
    held_by = event.body_id
    for name in set(Event.EDITABLE) & set(fields):
        setattr(event, name, fields[name])
    if event.body_id and event.body.city_id != event.owning_city_id:
        raise EventRefused(_("Choose a body of the same city."))
    if event.minutes_state and event.body_id != held_by:  # its chair approves them, and nobody else
        raise InputRefused({"body": _("This meeting has minutes, so the body that holds it cannot be changed.")})
    validate(event)
    save_with_history(event, by)
    return event


@transaction.atomic
def publish_event(event: Event, *, by: Any) -> Event:
    event = _lock_for(event, "publish", by)
    event.published_at = clock.now()
    save_with_history(event, by)
    return event


@transaction.atomic
def cancel_event(event: Event, *, by: Any, reason: str) -> Event:
    """Cancel a published event, or withdraw a draft. It stays stored, with the reason, and counts for nothing.

    If a published event lies ahead, those invited get an email. Raises PermissionRefused, or EventRefused without a
    reason, a second time, or if attendance, a decision or approved minutes
    are recorded: then the event took place.
    """
    event = _lock_for(event, "cancel", by)
    if not reason.strip():
        raise EventRefused(_("Give a reason, in one sentence."))
    event.cancelled_at, event.cancelled_reason = clock.now(), reason.strip()
    save_with_history(event, by, reason=reason)
    if event.published_at is not None and event.starts_at > clock.now():
        _notify_invited(event, by)
    return event


def _notify_invited(event: Event, by: Any) -> None:
    city = event.host_city

    def text() -> tuple[str, str]:
        words = {
            "title": event.title,
            "moment": locales.moment(event.starts_at, city.timezone if city else None),
            "reason": event.cancelled_reason,
        }
        subject = _("Cancelled: %(title)s, %(moment)s") % words
        return subject, _("%(title)s on %(moment)s has been cancelled. Reason: %(reason)s") % words

    path = reverse("cities:event_detail", args=[event.pk])
    for person in selectors.people_invited_to(event).exclude(user=by):
        notify(person, key=f"event-cancelled:{event.pk}:{person.pk}", text=text, path=path, city=city)


@transaction.atomic
def record_attendance(
    event: Event,
    *,
    by: Any,
    persons: Iterable[Person] = (),
    guests: Iterable[tuple[str, int]] = (),
    version: int | None = None,
) -> Event:
    """Store who came: persons of the network by name, groups of guests by number.

    Writes only what differs, with history; raises EditConflict for an old version, EventRefused for negative numbers.
    """
    event = _lock_for(event, "change", by, version)
    guests = list(guests)
    if any(count < 0 for _label, count in guests):
        raise EventRefused(_("The number of guests must be 0 or higher."))
    came: dict[Any, Attendance] = {person.pk: Attendance(event=event, person=person) for person in persons}
    for label, count in ((label.strip(), count) for label, count in guests if label.strip()):
        group = came.setdefault(label, Attendance(event=event, label=label, count=0))
        group.count += count
    if sum(1 for attendance in came.values() if attendance.label) > MAX_GUEST_GROUPS:
        raise EventRefused(_("Enter at most %(count)s groups.") % {"count": MAX_GUEST_GROUPS})
    for row in event.attendances.all():
        wanted = came.pop(row.person_id or row.label, None)
        if wanted is None:
            row._history_user = by
            row.delete()
        elif row.count != wanted.count:
            row.count = wanted.count
            save_with_history(row, by)
    for row in came.values():
        save_with_history(row, by)
    save_with_history(event, by)
    return event


def _lock_for(event: Event, name: str, by: Any, version: int | None = None) -> Event:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now, or EditConflict."""
    event = lock(event, "city", "body__city", "minutes_file")
    require(event, name, by)
    check_version(event, version)
    return event
