"""Pilot phases, first meetings and kick-offs of the demo."""

from datetime import UTC, date, datetime, time, timedelta

from cities.enums import BodyKind, EventKind
from cities.models import City, Event
from cities.services import events, minutes
from pilot.enums import PhaseKind
from pilot.models import PilotPhase
from pilot.services import phases
from strategies.models import Action

from .calendar import BEHIND, Calendar, Schedule
from .people import DemoUsers

NO_KICK_OFF = "riga"  # planned, not yet held
MISSED = {"cluj-napoca", "riga"}  # their expert groups did not meet in the last quarter
FIRST = {
    "programme": "Mandate, members, timetable of the pilot, first discussion of the strategy.",
    "minutes": "The group noted its mandate, elected its chair and agreed to meet once a quarter.",
    "decisions": "The strategy goes to the council with two changes.",
}
LATER = {
    "programme": "Updates from the quarter, late actions, narrative for the period.",
    "minutes": "The group reviewed the actions by status and heard from the owners of the late ones.",
    "decisions": "The narrative was endorsed. Owners of late actions will report again in four weeks.",
}


def schedule(events: Schedule, cities: dict[str, City], cast: DemoUsers, calendar: Calendar) -> None:
    first = calendar.quarter(-3).start
    for number, (slug, city) in enumerate(sorted(cities.items())):
        _schedule_phases(events, city, cast, calendar, number)
        meeting = first - timedelta(days=30 - number)
        title = f"First meeting of the expert group of {city.name}"
        events.add(
            meeting, lambda city=city, day=meeting, title=title: _meeting(city, cast, day, title, FIRST), hour=16
        )
        for offset in range(-BEHIND, 0 if slug not in MISSED else -1):
            day = calendar.quarter(offset).start + timedelta(days=50 + 2 * number)
            title = f"Expert group of {city.name}, {calendar.quarter(offset).name}"
            events.add(day, lambda city=city, day=day, title=title: _meeting(city, cast, day, title, LATER), hour=16)
        kick_off = first + timedelta(days=12 + 3 * number)
        events.add(first - timedelta(days=5), lambda city=city, day=kick_off: _kick_off(city, cast, day, calendar))
        if slug != NO_KICK_OFF:
            events.add(kick_off, lambda city=city: _held(city, cast), hour=18)


def _schedule_phases(events: Schedule, city: City, cast: DemoUsers, calendar: Calendar, number: int) -> None:
    """Schedule the phases: the coordinator plans all three, the lead official enters each start and end on its day."""
    start, ahead = calendar.quarter(-3).start, calendar.quarter(0).end
    planned = start - timedelta(days=40)
    plan = {
        PhaseKind.COORDINATION: (planned, ahead),
        PhaseKind.KICK_OFF: (start + timedelta(days=10), start + timedelta(days=40)),
        PhaseKind.PACT: (start + timedelta(days=10), calendar.quarter(1).end),
    }
    for kind, (begins, ends) in plan.items():
        events.add(planned, lambda kind=kind, begins=begins, ends=ends: _plan_phase(city, cast, kind, begins, ends))
        if kind == PhaseKind.KICK_OFF and city.slug == NO_KICK_OFF:
            continue
        began = begins + timedelta(days=2 * number)
        events.add(began, lambda kind=kind, day=began: _date_phase(city, cast, kind, actual_start=day))
        if kind == PhaseKind.KICK_OFF:
            ended = began + timedelta(days=8)
            events.add(ended, lambda kind=kind, day=ended: _date_phase(city, cast, kind, actual_end=day))


def _plan_phase(city: City, cast: DemoUsers, kind: str, begins: date, ends: date) -> None:
    phases.create_phase(city, kind, by=cast["coordinator"], planned_start=begins, planned_end=ends)


def _date_phase(city: City, cast: DemoUsers, kind: str, **day: date) -> None:
    phases.set_dates(PilotPhase.objects.get(city=city, kind=kind), by=cast[f"lead.{city.slug}"], **day)


def _meeting(city: City, cast: DemoUsers, day: date, title: str, words: dict[str, str]) -> None:
    body, official = cast.bodies[BodyKind.EXPERT_GROUP, city.slug], cast[f"official.{city.slug}"]
    fields = {
        "kind": EventKind.MEETING,
        "body": body,
        "title": title,
        "starts_at": datetime.combine(day, time(13), tzinfo=UTC),
        "ends_at": datetime.combine(day, time(15), tzinfo=UTC),
        "location": f"Town hall, {city.name}",
        **{name: text for name, text in words.items() if name != "minutes"},
    }
    event = events.save_event(None, by=official, city=city, fields=fields)
    minutes.save_minutes(event, by=official, text=words["minutes"])
    came = [membership.person for membership in body.memberships.current().select_related("person")]
    events.record_attendance(event, by=official, persons=came)


def _kick_off(city: City, cast: DemoUsers, day: date, calendar: Calendar) -> None:
    if city.slug == NO_KICK_OFF:
        day = calendar.today + timedelta(days=24)
    fields = {
        "kind": EventKind.KICK_OFF,
        "title": f"Kick-off of {city.name}’s strategy",
        "starts_at": datetime.combine(day, time(15), tzinfo=UTC),
        "ends_at": datetime.combine(day, time(18), tzinfo=UTC),
        "location": f"Cultural centre, {city.name}",
        "programme": "The mayor opens the pilot. The main actions are presented at six tables: "
        + "; ".join(_main_actions(city)),
    }
    event = events.save_event(None, by=cast[f"official.{city.slug}"], city=city, fields=fields)
    events.publish_event(event, by=cast[f"lead.{city.slug}"])


def _main_actions(city: City) -> list[str]:
    return list(Action.objects.of_city(city).filter(is_pilot=True).values_list("title", flat=True)[:6])


def _held(city: City, cast: DemoUsers) -> None:
    event, official = Event.objects.get(city=city, kind=EventKind.KICK_OFF), cast[f"official.{city.slug}"]
    documentation = "The notes from the tables were sent to everyone who left an address."
    events.save_event(event, by=official, fields={"documentation": documentation}, version=event.version)
    came = [cast.person(f"{name}.{city.slug}") for name in ("lead", "official", "expert")]
    guests = [("Residents and guests", 60 + 7 * len(city.name))]
    events.record_attendance(event, by=official, persons=came, guests=guests)
