"""Pilot phases, first meetings and kick-offs of the demo."""

from datetime import UTC, date, datetime, time, timedelta

from cities.enums import BodyKind, EventKind
from cities.models import Attendance, City, Event
from epi_site.shared import clock
from strategies.enums import PhaseKind
from strategies.models import PilotPhase

from .calendar import BEHIND, Calendar, Story
from .people import Cast

NO_KICK_OFF = "riga"  # planned, not yet held
MISSED = {"cluj-napoca", "riga"}  # their expert groups did not meet in the last quarter
FIRST = {
    "programme": "Mandate, members, calendar of the pilot, first reading of the strategy.",
    "minutes": "The group took note of its mandate, chose its chair, and agreed to meet once in each quarter.",
    "decisions": "The strategy goes to the council with two changes.",
}
LATER = {
    "programme": "Updates of the quarter, actions that are late, the period’s narrative.",
    "minutes": "The group went through the actions by health and heard the owners of those that are late.",
    "decisions": "The narrative is endorsed; owners of late actions report again in four weeks.",
}


def tell(story: Story, cities: dict[str, City], cast: Cast, calendar: Calendar) -> None:
    first = calendar.quarter(-3).start
    for number, (slug, city) in enumerate(sorted(cities.items())):
        story.tell(first - timedelta(days=40), lambda city=city, number=number: _phases(city, calendar, number))
        meeting = first - timedelta(days=30 - number)
        title = f"First meeting of the expert group of {city.name}"
        story.tell(
            meeting, lambda city=city, day=meeting, title=title: _meeting(city, cast, day, title, FIRST), hour=16
        )
        for offset in range(-BEHIND, 0 if slug not in MISSED else -1):
            day = calendar.quarter(offset).start + timedelta(days=50 + 2 * number)
            title = f"Expert group of {city.name}, {calendar.quarter(offset).name}"
            story.tell(day, lambda city=city, day=day, title=title: _meeting(city, cast, day, title, LATER), hour=16)
        kick_off = first + timedelta(days=12 + 3 * number)
        story.tell(
            first - timedelta(days=5), lambda city=city, day=kick_off, slug=slug: _kick_off(city, day, slug, calendar)
        )
        if slug != NO_KICK_OFF:
            story.tell(kick_off, lambda city=city: _held(city, cast), hour=18)


def _phases(city: City, calendar: Calendar, number: int) -> None:
    start, ahead = calendar.quarter(-3).start, calendar.quarter(0).end
    plan = {
        PhaseKind.COORDINATION: (start - timedelta(days=40), ahead),
        PhaseKind.KICK_OFF: (start + timedelta(days=10), start + timedelta(days=40)),
        PhaseKind.PACT: (start + timedelta(days=10), calendar.quarter(1).end),
    }
    for kind, (begins, ends) in plan.items():
        began = begins + timedelta(days=2 * number) if kind != PhaseKind.KICK_OFF or city.slug != NO_KICK_OFF else None
        ended = began + timedelta(days=8) if kind == PhaseKind.KICK_OFF and began else None
        PilotPhase.objects.create(
            city=city, kind=kind, planned_start=begins, planned_end=ends, actual_start=began, actual_end=ended
        )


def _meeting(city: City, cast: Cast, day: date, title: str, words: dict[str, str]) -> None:
    body = cast.bodies[BodyKind.EXPERT_GROUP, city.slug]
    event = Event.objects.create(
        kind=EventKind.MEETING,
        body=body,
        city=city,
        title=title,
        starts_at=datetime.combine(day, time(13), tzinfo=UTC),
        ends_at=datetime.combine(day, time(15), tzinfo=UTC),
        place=f"Town hall, {city.name}",
        **words,
    )
    for membership in body.memberships.current():
        Attendance.objects.create(event=event, person=membership.person)


def _kick_off(city: City, day: date, slug: str, calendar: Calendar) -> None:
    if slug == NO_KICK_OFF:
        day = calendar.today + timedelta(days=24)
    Event.objects.create(
        kind=EventKind.KICK_OFF,
        city=city,
        title=f"Kick-off of the strategy of {city.name}",
        starts_at=datetime.combine(day, time(15), tzinfo=UTC),
        ends_at=datetime.combine(day, time(18), tzinfo=UTC),
        place=f"Culture house, {city.name}",
        programme="The mayor opens the pilot; main actions are presented at six tables: "
        + "; ".join(_main_actions(city)),
        published_at=clock.now(),
    )


def _main_actions(city: City) -> list[str]:
    from strategies.models import Action

    return list(Action.objects.of_city(city).filter(is_pilot=True).values_list("title", flat=True)[:6])


def _held(city: City, cast: Cast) -> None:
    event = Event.objects.get(city=city, kind=EventKind.KICK_OFF)
    event.documentation = "The tables’ notes were typed and sent to everybody who left an address."
    event.save()
    for name in ("lead", "official", "expert"):
        Attendance.objects.create(event=event, person=cast.person(f"{name}.{city.slug}"))
    Attendance.objects.create(event=event, label="Residents and guests", count=60 + 7 * len(city.name))
