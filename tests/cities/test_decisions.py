"""Decisions of meetings: who records, changes, closes and reads them, and what nobody can do."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, DecisionState, Role
from cities.exceptions import DecisionRefused, EventRefused
from cities.models import Decision
from cities.services import decisions, events, memberships
from core import clock
from core.exceptions import EditConflict, InputRefused, PermissionRefused
from tests.factories import BodyFactory, DecisionFactory, EventFactory, MembershipFactory, PersonFactory, member

pytestmark = pytest.mark.django_db
TEXT = "Open the centre on Saturdays."


@pytest.fixture
def group(city, everyone):
    return BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)


@pytest.fixture
def meeting(group):
    return EventFactory(city=None, body=group, title="First meeting", published_at=clock.now())


@pytest.fixture
def people(city, other_city, everyone):
    """Return everyone, and people who keep records: of this group, of another body, of the group of another city."""
    roles = {Role.CHAIR: "group_chair", Role.SECRETARY: "group_secretary"}
    named = {name: member(BodyKind.EXPERT_GROUP, role, city) for role, name in roles.items()}
    named["other_chair"] = member(BodyKind.EXPERT_GROUP, Role.CHAIR, other_city)
    named["local_chair"] = member(BodyKind.LOCAL_COMMITTEE, Role.CHAIR, city)
    return everyone | named


@pytest.fixture
def decision(meeting, people):
    due_on = clock.today() + timedelta(days=20)
    return DecisionFactory(event=meeting, text=TEXT, responsible=people["expert"].person, due_on=due_on)


def fields(people, **given):
    due_on = clock.today() + timedelta(days=30)
    return {"text": TEXT, "responsible": people["expert"].person, "due_on": due_on} | given


def url(decision, name="decision_detail"):
    return reverse(f"cities:{name}", args=[decision.pk])


RECORD = {"official", "lead", "group_chair", "group_secretary"}
READ = RECORD | {"viewer", "expert", "local_committee", "local_chair"}


def test_who_reads_a_decision(decision, people, client):
    readers = {name for name, user in people.items() if Decision.objects.visible_to(user).exists()}
    pages = set()
    for name, user in people.items():
        if user.is_authenticated:
            client.force_login(user)
        else:
            client.logout()
        pages |= {name} if client.get(url(decision)).status_code == 200 else set()
        page = client.get(reverse("cities:event_detail", args=[decision.event_id])).content.decode()
        assert (TEXT in page) == (name in READ), name

    assert readers == pages == READ


def test_who_records_changes_and_closes(meeting, decision, people):
    found = {"record": set(), "change": set(), "complete": set(), "drop": set()}

    def attempt(name, user, verb, call):
        try:
            with transaction.atomic():
                call(user)
                transaction.set_rollback(True)
        except PermissionRefused:
            return
        found[verb].add(name)

    for name, user in people.items():
        attempt(name, user, "record", lambda by: decisions.record_decision(meeting, by=by, fields=fields(people)))
        attempt(name, user, "change", lambda by: decisions.change_decision(decision, by=by, version=1, fields={}))
        attempt(name, user, "complete", lambda by: decisions.complete_decision(decision, by=by))
        attempt(name, user, "drop", lambda by: decisions.drop_decision(decision, by=by, reason="No money."))

    assert found == {"record": RECORD, "change": RECORD, "complete": RECORD | {"expert"}, "drop": RECORD | {"expert"}}


@pytest.mark.parametrize("intruder", ["viewer", "local_committee", "local_chair"])
def test_nobody_else_closes_the_decision_of_another_person(client, decision, people, intruder):
    client.force_login(people[intruder])

    answers = [
        client.post(url(decision, "decision_complete")).status_code,
        client.post(url(decision, "decision_drop"), {"reason": "Away with it."}).status_code,
        client.post(url(decision, "decision_edit"), {"text": "Mine.", "version": 1}).status_code,
    ]

    decision.refresh_from_db()
    assert (answers, decision.state, decision.text) == ([403, 403, 403], DecisionState.OPEN, TEXT)


ELSEWHERE = ["other_official", "other_chair", "partner", "trainer", "scientific", "coordinator"]


@pytest.mark.parametrize("intruder", ELSEWHERE)
def test_people_of_elsewhere_neither_read_nor_close_it(client, decision, people, intruder):
    client.force_login(people[intruder])

    answers = {client.get(url(decision)).status_code, client.get(url(decision, "decision_edit")).status_code}
    answers |= {client.post(url(decision, name)).status_code for name in ("decision_complete", "decision_drop")}

    assert (answers, Decision.objects.get().state) == ({404}, DecisionState.OPEN)


def test_responsible_person_closes_her_own_until_she_leaves(decision, people):
    expert = people["expert"]
    memberships.end_membership(expert.person.memberships.get(), by=people["lead"])

    with pytest.raises(PermissionRefused):
        decisions.complete_decision(decision, by=expert)


def test_form_records_a_decision_and_tells_who_is_responsible(client, meeting, people):
    client.force_login(people["group_secretary"])
    day = clock.today() + timedelta(days=30)
    given = {"text": TEXT, "responsible": people["expert"].person.pk, "due_on": day.isoformat(), "version": "0"}
    page = client.get(url(meeting, "decision_add")).content.decode()

    answer = client.post(url(meeting, "decision_add"), given)

    assert "Record decision" in page
    assert answer.status_code == 302
    decision = Decision.objects.get()
    assert (decision.text, decision.state, decision.history.get().history_user) == (
        TEXT,
        DecisionState.OPEN,
        people["group_secretary"],
    )
    mail = Mail.objects.get(recipient=people["expert"].email)
    assert TEXT in mail.body
    assert url(decision) in mail.body


def test_form_refuses_somebody_of_another_city(client, meeting, people):
    client.force_login(people["group_chair"])
    given = {"text": TEXT, "responsible": people["other_official"].person.pk, "due_on": "2026-12-24", "version": "0"}

    page = client.post(url(meeting, "decision_add"), given)

    assert page.context["form"].errors.keys() == {"responsible"}
    outsider = fields(people, responsible=people["other_official"].person)
    with pytest.raises(InputRefused):
        decisions.record_decision(meeting, by=people["group_chair"], fields=outsider)
    assert not Decision.objects.exists()


def test_edit_changes_text_and_person_and_keeps_one_who_has_left(client, decision, people):
    client.force_login(people["lead"])
    memberships.end_membership(people["expert"].person.memberships.get(), by=people["lead"])
    Mail.objects.all().delete()
    given = {"text": "Shorter.", "responsible": decision.responsible_id, "due_on": "2026-12-24", "version": "1"}

    client.post(url(decision, "decision_edit"), given)
    decision.refresh_from_db()
    assert (decision.text, decision.version, Mail.objects.count()) == ("Shorter.", 2, 0)
    given |= {"responsible": people["lead"].person.pk, "version": "2"}
    client.post(url(decision, "decision_edit"), given)

    decision.refresh_from_db()
    assert (decision.responsible, Mail.objects.count()) == (people["lead"].person, 0)


def test_second_of_two_editors_sees_both_versions(client, decision, people):
    changed = {"text": "Open on Sundays."}
    decisions.change_decision(decision, by=people["lead"], version=1, fields=changed)
    with pytest.raises(EditConflict):
        decisions.change_decision(decision, by=people["official"], version=1, fields={"text": "Mine."})
    client.force_login(people["official"])
    given = {"text": "Mine.", "responsible": decision.responsible_id, "due_on": "2026-12-24", "version": "1"}

    page = client.post(url(decision, "decision_edit"), given)

    assert page.status_code == 409
    assert "Open on Sundays." in page.content.decode()


def test_done_and_dropped_decisions_are_closed(client, meeting, decision, people):
    other = DecisionFactory(event=meeting, responsible=people["expert"].person)
    client.force_login(people["expert"])

    client.post(url(decision, "decision_complete"))
    assert "reason" in client.post(url(other, "decision_drop"), {"reason": ""}).context["form"].errors
    client.post(url(other, "decision_drop"), {"reason": "The money was not granted."})

    decision.refresh_from_db()
    other.refresh_from_db()
    assert (decision.state, other.state, other.dropped_reason) == ("done", "dropped", "The money was not granted.")
    assert other.history.first().history_change_reason == "The money was not granted."
    page = client.get(url(other)).content.decode()
    assert "The money was not granted." in page
    assert "Mark as done" not in page
    for row in (decision, other):
        with pytest.raises(DecisionRefused):
            decisions.complete_decision(row, by=people["lead"])
        with pytest.raises(DecisionRefused):
            decisions.drop_decision(row, by=people["lead"], reason="Again.")
        with pytest.raises(DecisionRefused):
            decisions.change_decision(row, by=people["lead"], version=None, fields={"text": "Rewritten."})


def test_dropping_needs_a_reason(decision, people):
    with pytest.raises(DecisionRefused, match="Explain why"):
        decisions.drop_decision(decision, by=people["lead"], reason=" ")


def test_nothing_is_decided_before_a_meeting_or_at_a_cancelled_one(meeting, people):
    meeting.starts_at = clock.now() + timedelta(days=3)
    meeting.save()
    with pytest.raises(DecisionRefused, match="once the meeting has started"):
        decisions.record_decision(meeting, by=people["lead"], fields=fields(people))
    events.cancel_event(meeting, by=people["lead"], reason="Nobody can come.")

    with pytest.raises(DecisionRefused, match="cancelled"):
        decisions.record_decision(meeting, by=people["lead"], fields=fields(people))


def test_meeting_with_a_decision_took_place(decision, people):
    with pytest.raises(EventRefused, match="decisions have been recorded"):
        events.cancel_event(decision.event, by=people["lead"], reason="A mistake.")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cities_decision SET text = 'Another.' WHERE id = {done}",
        "UPDATE cities_decision SET state = 'open', closed_at = NULL WHERE id = {done}",
        "UPDATE cities_decision SET event_id = {event} WHERE id = {open}",
        "DELETE FROM cities_decision WHERE id = {open}",
        "DELETE FROM cities_decision WHERE id = {done}",
        "UPDATE cities_decision SET state = 'vanished', closed_at = '2026-01-01' WHERE id = {open}",
    ],
)
def test_database_refuses_to_change_closed_decisions_and_to_delete_any(decision, people, statement):
    done = decisions.complete_decision(DecisionFactory(event=decision.event), by=people["lead"])
    ids = {"done": done.pk, "open": decision.pk, "event": EventFactory().pk}

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(**ids))


# ---- who leaves


def test_ending_a_membership_names_open_decisions_and_handing_over_moves_them(client, decision, people, city):
    done = decisions.complete_decision(
        DecisionFactory(event=decision.event, responsible=people["expert"].person), by=people["lead"]
    )
    membership = people["expert"].person.memberships.get()
    client.force_login(people["lead"])
    page = client.get(reverse("cities:membership_end", args=[membership.pk])).content.decode()
    assert f"Decision: {TEXT}" in page
    assert page.count("/decisions/") == 1

    memberships.hand_over(membership, to=people["group_chair"].person, by=people["lead"])

    decision.refresh_from_db()
    done.refresh_from_db()
    assert (decision.responsible, done.responsible) == (people["group_chair"].person, people["expert"].person)


def test_secretary_of_the_group_is_invited_by_the_lead(group, people):
    person = PersonFactory()

    membership = memberships.add_member(person=person, body=group, role=Role.SECRETARY, by=people["lead"])

    assert membership.role == Role.SECRETARY


def test_chair_stands_before_the_secretary_and_only_the_chair_is_public(client, group, people):
    client.force_login(people["lead"])
    page = client.get(reverse("cities:body_detail", args=[group.pk])).content.decode()
    client.logout()
    public = client.get(reverse("cities:body_detail", args=[group.pk])).content.decode()

    names = [people[name].person.name for name in ("group_chair", "group_secretary", "expert")]
    assert sorted(names, key=page.index) == names
    assert [name in public for name in names] == [True, False, False]


def test_open_decisions_are_on_the_page_of_their_body(client, decision, people, group):
    page = reverse("cities:body_detail", args=[group.pk])
    client.force_login(people["viewer"])
    seen = TEXT in client.get(page).content.decode()
    decisions.complete_decision(decision, by=people["lead"])

    assert (seen, TEXT in client.get(page).content.decode()) == (True, False)


# ---- the network's own bodies


@pytest.fixture
def committee_decision(people):
    committee = BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE)
    meeting = EventFactory(city=None, body=committee, title="Committee")
    return DecisionFactory(event=meeting, responsible=people["scientific"].person, text="Publish the method.")


def test_decision_of_the_committee_is_its_own_and_the_coordinators(committee_decision, people):
    people["chair"] = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
    readers = {name for name, user in people.items() if Decision.objects.visible_to(user).exists()}
    writers = {name for name, user in people.items() if user.has_perm("cities.change_decision", committee_decision)}
    closers = {name for name in readers if people[name].has_perm("cities.close_decision", committee_decision)}

    assert readers == {"scientific", "scientific_conflicted", "chair", "coordinator"}
    assert writers == {"chair", "coordinator"}
    assert closers == writers | {"scientific"}


def test_member_of_the_committee_leaves_and_hands_over(committee_decision, people):
    membership = people["scientific"].person.memberships.get()
    chair = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
    again = MembershipFactory(person=membership.person, body=membership.body, role=Role.SECRETARY)
    assert memberships.duties_left_by(membership) == []
    memberships.end_membership(again, by=chair)
    assert [duty.title for duty in memberships.duties_left_by(membership)] == ["Decision: Publish the method."]

    memberships.hand_over(membership, to=people["scientific_conflicted"].person, by=chair)

    committee_decision.refresh_from_db()
    assert committee_decision.responsible == people["scientific_conflicted"].person


def test_pages_of_the_committees_decision(client, committee_decision, people):
    client.force_login(people["coordinator"])

    page = client.get(url(committee_decision)).content.decode()
    client.post(url(committee_decision, "decision_complete"))

    assert "Publish the method." in page
    assert "Link to an action" not in page
    assert Decision.objects.get().state == DecisionState.DONE


def test_rules_answer_without_a_row(people):
    found = {name: people[name].has_perm("cities.close_decision") for name in ("group_chair", "coordinator", "public")}

    assert found == {"group_chair": True, "coordinator": True, "public": False}
