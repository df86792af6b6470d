"""Decisions of meetings: record, change, complete, drop."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities import selectors
from cities.duties import Duty
from cities.enums import DECISION_TRANSITIONS, DecisionState
from cities.exceptions import DecisionRefused
from cities.models import City, Decision, Event, Person
from cities.rules import person_of
from core import clock, locales
from core.available import register, require
from core.exceptions import InputRefused
from core.services import check_version, lock, save_with_history, validate

from .notifications import notify

EDITABLE = ("text", "responsible", "due_on")


def _check_can_be_recorded(event: Event, _user: Any) -> None:
    if event.cancelled_at is not None:
        raise DecisionRefused(_("This event has been cancelled, so no decisions can be recorded for it."))
    if event.starts_at > clock.now():
        raise DecisionRefused(_("Decisions can be recorded once the meeting has started."))


def _check_is_open(decision: Decision, _user: Any) -> None:
    if decision.state == DecisionState.DONE:
        raise DecisionRefused(_("This decision is done and cannot be changed any more."))
    if decision.state == DecisionState.DROPPED:
        raise DecisionRefused(_("This decision has been dropped and cannot be changed any more."))


register(Event, "record_decision", "cities.record_decision", check=_check_can_be_recorded)
register(Decision, "change", "cities.change_decision", check=_check_is_open)
register(Decision, "complete", "cities.close_decision", check=_check_is_open)
register(Decision, "drop", "cities.close_decision", check=_check_is_open)


@transaction.atomic
def record_decision(event: Event, *, by: Any, fields: Mapping[str, Any]) -> Decision:
    """Add a decision to a meeting that has started. Raises PermissionRefused, DecisionRefused or InputRefused."""
    event = lock(event, "city", "body__city")
    require(event, "record_decision", by)
    decision = Decision(event=event)
    _fill(decision, fields)
    save_with_history(decision, by)
    _notify_responsible(decision, by=by)
    return decision


@transaction.atomic
def change_decision(decision: Decision, *, by: Any, version: int | None, fields: Mapping[str, Any]) -> Decision:
    """Change an open decision. Raises PermissionRefused, DecisionRefused, InputRefused or EditConflict."""
    decision = _lock_for(decision, "change", by)
    check_version(decision, version)
    was_responsible = decision.responsible_id
    _fill(decision, fields)
    save_with_history(decision, by)
    if decision.responsible_id != was_responsible:
        _notify_responsible(decision, by=by)
    return decision


@transaction.atomic
def complete_decision(decision: Decision, *, by: Any) -> Decision:
    return _close(_lock_for(decision, "complete", by), "complete", by)


@transaction.atomic
def drop_decision(decision: Decision, *, by: Any, reason: str) -> Decision:
    """Close a decision that is not going to be carried out. Raises DecisionRefused without a reason."""
    decision = _lock_for(decision, "drop", by)
    if not reason.strip():
        raise DecisionRefused(_("Explain why the decision is dropped."))
    decision.dropped_reason = reason.strip()
    return _close(decision, "drop", by, reason=reason)


def decision_duties(decisions: Iterable[Decision]) -> list[Duty]:
    return [Duty(_("Decision: %(decision)s") % {"decision": row}, row.get_absolute_url()) for row in decisions]


def duties_of_person(person: Person, city: City) -> list[Duty]:
    """Return the open decisions of the city's meetings that the person is responsible for."""
    return decision_duties(Decision.objects.open().of_city(city).filter(responsible=person).order_by("due_on", "pk"))


def transfer_decisions(*, body: Any, person: Person, to: Person, by: Any) -> None:
    """Make ``to`` responsible for the open decisions of ``person`` in the body's city, or in the network's body."""
    for decision in selectors.open_decisions_of(person, body).order_by("pk"):
        decision = lock(decision)
        decision.responsible = to
        save_with_history(decision, by)


def _close(decision: Decision, verb: str, by: Any, *, reason: str = "") -> Decision:
    decision.state, decision.closed_at = DECISION_TRANSITIONS[verb][1], clock.now()
    save_with_history(decision, by, reason=reason)
    return decision


def _fill(decision: Decision, fields: Mapping[str, Any]) -> None:
    """Set the fields. Who is new as responsible must be a member who can read the decision."""
    was_responsible = decision.responsible_id
    for name in EDITABLE:
        if name in fields:
            setattr(decision, name, fields[name])
    validate(decision)
    people = selectors.people_for_decisions(decision.event)
    if decision.responsible_id != was_responsible and not people.filter(pk=decision.responsible_id).exists():
        raise InputRefused({"responsible": _("Choose a current member of the body or of the city’s other bodies.")})


def _notify_responsible(decision: Decision, *, by: Any) -> None:
    """Notify the new responsible person, unless it is the user."""
    person = decision.responsible
    if person == person_of(by):
        return

    def text() -> tuple[str, str]:
        words = {"decision": decision, "event": decision.event.title, "day": locales.day(decision.due_on)}
        decided = _("This was decided at “%(event)s”:") % words
        due = _(
            "You are responsible for it. It is due on %(day)s. Mark it as done when it has been carried out; “My work” "
            "shows it until then."
        )
        subject = _("You are responsible for a decision: %(decision)s")
        return subject % words, f"{decided}\n\n{decision.text}\n\n{due % words}"

    key = f"decision-{decision.pk}-responsible-{decision.version}-{person.pk}"
    notify(person, key=key, text=text, path=decision.get_absolute_url(), city=decision.city)


def _lock_for(decision: Decision, name: str, by: Any) -> Decision:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now."""
    decision = lock(decision, "event__city", "event__body__city", "responsible__user")
    require(decision, name, by)
    return decision
