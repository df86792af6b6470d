"""Meetings of bodies in the shared data: minutes in each state, decisions in each state, with markers."""

from datetime import timedelta

from cities.enums import BodyKind, EventKind
from cities.services import decisions
from core import clock
from tests.factories import (
    AttendanceFactory,
    BodyFactory,
    DecisionFactory,
    DecisionLinkFactory,
    EventFactory,
    PersonFactory,
)

CITY = "viewer expert local_committee owner official lead"
COMMITTEE, GROUP = "MARKER-committee-decision", "MARKER-group-decision"
MINUTES, LUBLIN = "MARKER-group-minutes", "MARKER-lublin-decision"
SEEN_MEETINGS = {
    "group-minutes": CITY,
    "group-decision": CITY,
    "lublin-decision": "other_official",
    "committee-decision": "scientific scientific_conflicted chair coordinator",
}


def add_meetings(world) -> None:
    guest = PersonFactory(name="MARKER-attendee")
    for event in (world.event, world.draft_event):
        AttendanceFactory(event=event, person=guest)
    lead, owner = world.roles["lead"], world.roles["owner"].person
    world.body_event = _meeting(world.body, title="Group", minutes=MINUTES, published_at=clock.now())
    world.approved_event = _meeting(
        world.body, title="Second", minutes=MINUTES, published_at=clock.now(), minutes_state="approved"
    )
    world.decision = _decided(world.body_event, lead.person, GROUP)
    world.linked_decision = _decided(world.event, owner, GROUP)
    DecisionLinkFactory(decision=world.linked_decision, action=world.action)
    world.done_decision = decisions.complete_decision(_decided(world.event, owner, GROUP), by=lead)
    world.dropped_decision = decisions.drop_decision(_decided(world.event, owner, GROUP), by=lead, reason=GROUP)
    world.other_decision = _decided(world.other_event, world.roles["other_official"].person, LUBLIN)
    world.committee_event = _meeting(
        BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE), title="Committee", minutes=COMMITTEE
    )
    world.committee_decision = _decided(world.committee_event, world.roles["scientific"].person, COMMITTEE)


def _meeting(body, **given):
    return EventFactory(kind=EventKind.MEETING, city=None, body=body, location="Town hall", **given)


def _decided(event, responsible, text):
    return DecisionFactory(event=event, responsible=responsible, text=text, due_on=clock.today() + timedelta(days=3))
