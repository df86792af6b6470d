"""The programme of the demo's training week, modelled on the real one of May 2021."""

from datetime import UTC, datetime, time, timedelta

from cities.models import Organisation, Theme
from core import clock
from training.enums import SessionKind, SpeakerKind
from training.models import Session, Speaker, TrainingWeek

from .calendar import Calendar, Schedule

SESSIONS = [  # day, from, to (UTC), kind, title, room, theme, description, speakers
    (
        0,
        "08:00",
        "10:30",
        SessionKind.PEER_REVIEW,
        "Peer review: four strategies",
        "Great hall",
        None,
        "Cartagena, Cluj-Napoca, Dietzenbach and Linköping present their strategies; the others give feedback.",
        [],
    ),
    (
        0,
        "11:00",
        "12:30",
        SessionKind.PEER_REVIEW,
        "Peer review: three strategies",
        "Great hall",
        None,
        "Lublin, Ravenna and Riga present; feedback follows strengths, weaknesses, opportunities and challenges.",
        [],
    ),
    (
        0,
        "13:30",
        "15:30",
        SessionKind.WORKSHOP,
        "From feedback to one change",
        "Rooms 1 to 3",
        "participation",
        "Each city takes one suggestion and writes down what it would change, who would do it and when.",
        [],
    ),
    (0, "17:00", "19:00", SessionKind.NETWORKING, "Evening by the river", "Terrace", "culture", "", []),
    (
        1,
        "08:00",
        "09:15",
        SessionKind.LECTURE,
        "Migration, integration, inclusion: what research agrees on",
        "Great hall",
        "inclusion",
        "A lecture with many questions.",
        [("Anna Sjöblom", SpeakerKind.LECTURER)],
    ),
    (
        1,
        "09:30",
        "10:45",
        SessionKind.LECTURE,
        "Media and storytelling",
        "Great hall",
        "culture",
        "How a city speaks of people without speaking for them.",
        [("Ruben Castro", SpeakerKind.LECTURER)],
    ),
    (
        1,
        "11:00",
        "12:30",
        SessionKind.WORKSHOP,
        "Labour market: what firms need to hire",
        "Room 1",
        "labour",
        "With a guest from business and an official from an experienced city.",
        [("Kirsten Paulsen", SpeakerKind.BUSINESS), ("Joost Bakker", SpeakerKind.EXPERIENCED_CITY)],
    ),
    (
        1,
        "13:30",
        "15:00",
        SessionKind.ROLE_PLAY,
        "A meeting at the counter",
        "Room 2",
        "services",
        "Officials move to the other side of the counter.",
        [("Nadia Ferreira", SpeakerKind.PUBLIC)],
    ),
    (
        1,
        "15:15",
        "17:00",
        SessionKind.ONE_TO_ONE,
        "One-to-one talks",
        "Library",
        None,
        "Twenty minutes each, on request.",
        [],
    ),
    (
        2,
        "08:00",
        "10:00",
        SessionKind.COMMITTEE,
        "Scientific committee: feedback on the strategies",
        "Great hall",
        None,
        "General feedback, and what the committee wants to see in the first quarter.",
        [],
    ),
    (
        2,
        "10:30",
        "12:00",
        SessionKind.COMMITTEE,
        "A common framework for follow-up and evaluation",
        "Great hall",
        None,
        "Six dimensions, one main question each, and how raters will work.",
        [],
    ),
]


def schedule(events: Schedule, calendar: Calendar) -> None:
    first = calendar.quarter(-3).start + timedelta(days=14)
    monday = first + timedelta(days=-first.weekday() % 7)
    events.add(calendar.quarter(-3).start - timedelta(days=10), lambda: _write(monday))


def _write(monday) -> None:
    week = TrainingWeek.objects.create(
        title="Training week for the pilot",
        slug="pilot",
        starts_on=monday,
        ends_on=monday + timedelta(days=2),
        location="Linköping",
        timezone="Europe/Stockholm",
        description="Three days for officials, partners and the scientific committee. The programme follows the "
        "real training week of 10 to 12 May 2021: peer review, workshops with guests, and the committee’s meeting.",
        published_at=clock.now(),
    )
    for day, begins, ends, kind, title, room, theme, description, speakers in SESSIONS:
        session = Session.objects.create(
            week=week,
            kind=kind,
            title=title,
            room=room,
            description=description,
            theme=Theme.objects.get(code=theme) if theme else None,
            starts_at=_at(monday, day, begins),
            ends_at=_at(monday, day, ends),
            capacity=40,
        )
        for name, speaker_kind in speakers:
            house = Organisation.objects.filter(kind="university").order_by("name").first()
            speaker, _made = Speaker.objects.get_or_create(
                name=name, kind=speaker_kind, defaults={"organisation": house}
            )
            session.speakers.add(speaker)


def _at(monday, day: int, hour: str):
    return datetime.combine(monday + timedelta(days=day), time.fromisoformat(hour), tzinfo=UTC)
