"""Meetings and kick-offs: plan, publish, cancel, document, record attendance."""

from collections.abc import Iterable, Mapping
from typing import Any

import rules
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cities import selectors
from cities.enums import EventKind
from cities.exceptions import EventRefused, PermissionRefused
from cities.models import Attendance, Event, Person, StoredFile
from core import clock, locales
from core.exceptions import EditConflict
from core.text_limits import HISTORY_REASON, MAX_GUEST_GROUPS
from core.texts import shorten

from .files import mark_file_used, withdraw_file
from .notifications import notify

FIELDS = {
    "kind",
    "body",
    "title",
    "starts_at",
    "ends_at",
    "location",
    "link",
    "programme",
    "minutes",
    "decisions",
    "documentation",
}


@transaction.atomic
def save_event(
    event: Event | None,
    *,
    by: Any,
    fields: Mapping[str, Any],
    city: Any = None,
    version: int | None = None,
    minutes_file: StoredFile | None = None,
) -> Event:
    """Create an event of ``city`` (``event`` None) or change one; raises EditConflict for an old version."""
    event = Event(city=city) if event is None else _lock_active(event, version)
    _demand("cities.change_event", by, event)
    for name in FIELDS & set(fields):
        setattr(event, name, fields[name])
    if event.body_id and event.body.city_id != event.owning_city_id:
        raise EventRefused(_("Choose a body of the same city."))
    if minutes_file is not None and minutes_file.pk != event.minutes_file_id:
        if event.minutes_file:
            withdraw_file(event.minutes_file)
        event.minutes_file = mark_file_used(minutes_file)
    _save(event, by)
    return event


@transaction.atomic
def publish_event(event: Event, *, by: Any) -> Event:
    event = _lock_active(event)
    _demand("cities.publish_event", by, event)
    if event.published_at is not None:
        raise EventRefused(_("This event is published already."))
    if event.kind == EventKind.KICK_OFF and not (event.location or event.link):
        raise EventRefused(_("Say first where the kick-off takes place."))
    if event.kind == EventKind.KICK_OFF and not event.programme.strip():
        raise EventRefused(_("Write the programme first: it names the main actions of the pilot."))
    event.published_at = clock.now()
    _save(event, by)
    return event


@transaction.atomic
def cancel_event(event: Event, *, by: Any, reason: str) -> Event:
    """Cancel a published event, or withdraw a draft. It stays stored, with the reason, and counts for nothing.

    If a published event lies ahead, those invited get an email. Raises PermissionRefused, or EventRefused without a
    reason, a second time, or if attendance is recorded: then the event took place.
    """
    event = _lock(event, None)
    _demand("cities.cancel_event", by, event)
    if event.cancelled_at is not None:
        raise EventRefused(_("This event has been cancelled already."))
    if not reason.strip():
        raise EventRefused(_("Say why, in a sentence."))
    if event.attendances.exists():
        raise EventRefused(_("Attendance is recorded for this event, so it took place and cannot be cancelled."))
    event.cancelled_at, event.cancelled_reason = clock.now(), reason.strip()
    event._change_reason = shorten(reason, HISTORY_REASON)
    _save(event, by)
    if event.published_at is not None and event.starts_at > clock.now():
        _notify_invited(event, by)
    return event


def _notify_invited(event: Event, by: Any) -> None:
    city = event.city or event.body.city

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
    event = _lock_active(event, version)
    _demand("cities.change_event", by, event)
    guests = list(guests)
    if any(count < 0 for _label, count in guests):
        raise EventRefused(_("A number of guests is zero or more."))
    came: dict[Any, Attendance] = {person.pk: Attendance(event=event, person=person) for person in persons}
    for label, count in ((label.strip(), count) for label, count in guests if label.strip()):
        group = came.setdefault(label, Attendance(event=event, label=label, count=0))
        group.count += count
    if sum(1 for attendance in came.values() if attendance.label) > MAX_GUEST_GROUPS:
        raise EventRefused(_("Write at most %(count)s groups.") % {"count": MAX_GUEST_GROUPS})
    for row in event.attendances.all():
        wanted = came.pop(row.person_id or row.label, None)
        if wanted is None:
            _track(row, by).delete()
        elif row.count != wanted.count:
            row.count = wanted.count
            _track(row, by).save()
    for row in came.values():
        _track(row, by).save()
    _save(event, by)
    return event


def _track(row: Attendance, by: Any) -> Attendance:
    row._history_user = by
    return row


def _demand(permission: str, by: Any, event: Event) -> None:
    """Raise PermissionRefused without the permission; ``by`` is None only for management commands."""
    if by is None:
        return
    stored = event.pk is not None
    allowed = by.has_perm(permission, event) if stored else by.is_active and rules.has_perm(permission, by, event)
    if not allowed:
        raise PermissionRefused


def _lock_active(event: Event, version: int | None = None) -> Event:
    event = _lock(event, version)
    if event.cancelled_at is not None:
        raise EventRefused(_("This event has been cancelled, so it stays as it is. Create a new event instead."))
    return event


def _lock(event: Event, version: int | None) -> Event:
    rows = Event.objects.select_for_update(of=("self",)).select_related("city", "body__city", "minutes_file")
    event = rows.get(pk=event.pk)
    if version is not None and event.version != version:
        error = EditConflict()
        error.current = event
        raise error
    return event


def _save(event: Event, by: Any) -> None:
    if event.pk:
        event.version += 1
    event._history_user = by
    event.save()
