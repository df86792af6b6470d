"""Minutes: a draft that chair, secretary and officials write, until the chair approves it."""

import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from cities.enums import BodyKind, MinutesState, Role
from cities.exceptions import EventRefused, MinutesRefused
from cities.models import Event, StoredFile
from cities.services import events, files, minutes
from core import clock, triggers
from core.exceptions import EditConflict, InputRefused, PermissionRefused
from pilot.gate_checks import first_meeting
from strategies.selectors.decisions import minutes_rows
from tests.factories import BodyFactory, EventFactory, member

from .pictures import PDF, bytes_of, upload
from .test_events import event_data, event_url

pytestmark = pytest.mark.django_db
TEXT = "The group elected its chair."


@pytest.fixture
def people(city, other_city, everyone):
    return everyone | {
        "group_chair": member(BodyKind.EXPERT_GROUP, Role.CHAIR, city),
        "group_secretary": member(BodyKind.EXPERT_GROUP, Role.SECRETARY, city),
        "local_chair": member(BodyKind.LOCAL_COMMITTEE, Role.CHAIR, city),
        "other_chair": member(BodyKind.EXPERT_GROUP, Role.CHAIR, other_city),
    }


@pytest.fixture
def meeting(city, people):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    return EventFactory(city=None, body=group, title="First meeting", published_at=clock.now())


@pytest.fixture
def draft(meeting, people):
    return minutes.save_minutes(meeting, by=people["group_secretary"], text=TEXT)


def who_may(people, call):
    found = set()
    for name, user in people.items():
        try:
            with transaction.atomic():
                call(user)
                transaction.set_rollback(True)
        except PermissionRefused:
            continue
        found.add(name)
    return found


def test_who_writes_approves_and_reopens(meeting, people):
    writers = who_may(people, lambda by: minutes.save_minutes(meeting, by=by, text=TEXT))
    minutes.save_minutes(meeting, by=people["official"], text=TEXT)
    approvers = who_may(people, lambda by: minutes.approve_minutes(meeting, by=by))
    minutes.approve_minutes(meeting, by=people["group_chair"])
    reopeners = who_may(people, lambda by: minutes.reopen_minutes(meeting, by=by, reason="A name is wrong."))

    assert writers == {"official", "lead", "group_chair", "group_secretary"}
    assert approvers == reopeners == {"group_chair"}


def test_lead_approves_minutes_of_an_event_without_a_body(event, people):
    assert who_may(people, lambda by: minutes.approve_minutes(event, by=by)) == {"lead"}


def test_who_reads_minutes_of_a_body(client, draft, people):
    stored = files.store_upload(upload(PDF, "minutes.pdf"), by=people["official"])
    minutes.save_minutes(draft, by=people["official"], text=TEXT, minutes_file=stored)
    pages, whole = set(), set()
    for name, user in people.items():
        if user.is_authenticated:
            client.force_login(user)
        else:
            client.logout()
        pages |= {name} if TEXT in client.get(event_url(draft)).content.decode() else set()
        whole |= {name} if bytes_of(client.get(reverse("cities:file", args=[stored.uuid]))) == PDF else set()

    insiders = {"viewer", "expert", "local_committee", "official", "lead"}
    assert pages == whole == insiders | {"group_chair", "group_secretary", "local_chair"}


def test_committee_reads_its_own_minutes(people):
    committee = BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE)
    meeting = EventFactory(city=None, body=committee, minutes=TEXT)
    readers = {name for name, user in people.items() if meeting in Event.objects.with_minutes_visible_to(user)}
    assert readers == {"scientific", "scientific_conflicted", "coordinator"}

    saved = minutes.save_minutes(meeting, by=people["coordinator"], text="Corrected.")

    assert saved.minutes_state == MinutesState.DRAFT
    with pytest.raises(PermissionRefused):
        minutes.approve_minutes(meeting, by=people["coordinator"])


@pytest.mark.parametrize("intruder, code", [("official", 403), ("group_secretary", 403), ("other_chair", 403)])
def test_nobody_else_approves_by_direct_post(client, draft, people, intruder, code):
    client.force_login(people[intruder])

    answers = {client.post(event_url(draft, name)).status_code for name in ("minutes_approve", "minutes_reopen")}

    draft.refresh_from_db()
    assert (answers, draft.minutes_state) == ({code}, "draft")


def test_minutes_are_written_read_and_approved_on_the_page(client, meeting, people):
    client.force_login(people["group_secretary"])
    page = client.get(event_url(meeting)).content.decode()
    assert ("Add minutes" in page, "Approve minutes" in page) == (True, False)
    client.get(event_url(meeting, "minutes_edit"))
    given = {"minutes": TEXT, "version": "1", "minutes_upload": upload(PDF, "a.pdf")}
    client.post(event_url(meeting, "minutes_edit"), given)
    page = client.get(event_url(meeting)).content.decode()
    assert ("Not approved yet." in page, "Edit minutes" in page) == (True, True)
    client.force_login(people["group_chair"])
    assert [row.title for row in minutes_rows(people["group_chair"])] == ["Approve the minutes: First meeting"]
    page = client.get(event_url(meeting)).content.decode()
    assert "Approve minutes" in page

    client.post(event_url(meeting, "minutes_approve"), {"version": "2"})

    meeting.refresh_from_db()
    assert (meeting.minutes_state, meeting.minutes_approved_by) == ("approved", people["group_chair"].person)
    assert minutes_rows(people["group_chair"]) == []
    page = client.get(event_url(meeting)).content.decode()
    assert people["group_chair"].person.name in page
    assert "Edit minutes" not in page
    assert "Reopen minutes" in page


def test_chair_approves_only_what_the_page_showed(client, draft, people):
    minutes.save_minutes(draft, by=people["group_secretary"], text="Another text.")
    client.force_login(people["group_chair"])

    client.post(event_url(draft, "minutes_approve"), {"version": "2"})
    client.post(event_url(draft, "minutes_approve"))

    draft.refresh_from_db()
    assert draft.minutes_state == "draft"
    with pytest.raises(EditConflict):
        minutes.approve_minutes(draft, by=people["group_chair"], version=2)


def test_approved_minutes_stay_until_they_are_reopened_with_a_reason(client, draft, people):
    chair = people["group_chair"]
    minutes.approve_minutes(draft, by=chair)
    with pytest.raises(MinutesRefused, match="already been approved"):
        minutes.approve_minutes(draft, by=chair)
    with pytest.raises(MinutesRefused, match="are approved"):
        minutes.save_minutes(draft, by=people["lead"], text="Rewritten.")
    with pytest.raises(MinutesRefused, match="Give a reason"):
        minutes.reopen_minutes(draft, by=chair, reason=" ")
    client.force_login(chair)
    assert "become a draft again" in client.get(event_url(draft, "minutes_reopen")).content.decode()

    client.post(event_url(draft, "minutes_reopen"), {"reason": "A name is wrong."})

    draft.refresh_from_db()
    assert (draft.minutes_state, draft.minutes_approved_by) == ("draft", None)
    assert draft.history.first().history_change_reason == "A name is wrong."
    with pytest.raises(MinutesRefused, match="Only approved"):
        minutes.reopen_minutes(draft, by=chair, reason="Again.")


def test_meeting_with_approved_minutes_is_not_cancelled(draft, people):
    minutes.approve_minutes(draft, by=people["group_chair"])

    with pytest.raises(EventRefused, match="minutes have been approved"):
        events.cancel_event(draft, by=people["lead"], reason="It never was.")


def test_without_minutes_there_is_nothing_to_approve(meeting, draft, people):
    minutes.save_minutes(draft, by=people["official"], text=" ")

    with pytest.raises(MinutesRefused, match="no minutes to approve"):
        minutes.approve_minutes(meeting, by=people["group_chair"])


def test_cancelled_meeting_keeps_its_minutes(draft, people):
    cancelled = events.cancel_event(draft, by=people["lead"], reason="Nobody came.")

    for call in (
        lambda: minutes.save_minutes(cancelled, by=people["lead"], text="No."),
        lambda: minutes.approve_minutes(cancelled, by=people["group_chair"]),
        lambda: minutes.reopen_minutes(cancelled, by=people["group_chair"], reason="No."),
    ):
        with pytest.raises(MinutesRefused, match="cancelled"):
            call()


def test_event_form_changes_no_minutes(client, draft, people):
    client.force_login(people["official"])
    page = client.get(event_url(draft, "event_edit"))
    given = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}

    answer = client.post(
        event_url(draft, "event_edit"),
        given | {"starts_at": "2026-05-04T11:00", "title": "Renamed", "minutes": "Replaced."},
    )

    draft.refresh_from_db()
    assert (answer.status_code, draft.title, draft.minutes) == (302, "Renamed", TEXT)


@pytest.mark.slow
def test_new_minutes_file_withdraws_older_one(client, people, meeting):
    client.force_login(people["official"])
    url = event_url(meeting, "minutes_edit")

    client.post(url, {"minutes": "", "version": "1", "minutes_upload": upload(PDF, "a.pdf")})
    client.post(url, {"minutes": "", "version": "2", "minutes_upload": upload(PDF, "b.pdf")})

    meeting.refresh_from_db()
    assert (meeting.minutes_file.name, meeting.minutes_state) == ("b.pdf", "draft")
    assert set(StoredFile.objects.values_list("name", "state")) == {("a.pdf", "withdrawn"), ("b.pdf", "used")}


def test_invalid_minutes_file_is_refused(client, people, meeting):
    client.force_login(people["official"])

    given = {"minutes": TEXT, "version": "1", "minutes_upload": upload(b"MZ\x90", "a.pdf")}
    page = client.post(event_url(meeting, "minutes_edit"), given)

    assert "minutes_upload" in page.context["form"].errors
    meeting.refresh_from_db()
    assert meeting.minutes == ""


@pytest.mark.parametrize(
    "change",
    [
        "minutes = 'Rewritten.'",
        "minutes_file_id = NULL, minutes = ''",
        "minutes_state = ''",
        "minutes_approved_at = NULL, minutes_approved_by_id = NULL",
    ],
)
def test_database_refuses_to_change_approved_minutes(draft, people, change):
    minutes.approve_minutes(draft, by=people["group_chair"])

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE cities_event SET {change} WHERE id = {draft.pk}")


# ---- the pilot, and minutes of before


def test_requirement_that_was_met_stays_met(city, draft, people):
    Event.objects.update(starts_at=clock.now())
    steps = [
        lambda: minutes.approve_minutes(draft, by=people["group_chair"]),
        lambda: minutes.reopen_minutes(draft, by=people["group_chair"], reason="A name is wrong."),
        lambda: minutes.save_minutes(draft, by=people["group_secretary"], text="Corrected."),
    ]
    met = [is_met(city, people)]
    for step in steps:
        step()
        met.append(is_met(city, people))

    assert met == [True] * 4


def is_met(city, people):
    return first_meeting(type(city).objects.get(pk=city.pk), people["lead"]).met


def test_stored_minutes_become_approved_without_a_record_of_it(client, city, meeting, people):
    group, cancelled_at = meeting.body, clock.now()
    with_text = EventFactory(city=None, body=group, minutes=TEXT)
    gone = EventFactory(city=city, minutes=TEXT, cancelled_at=cancelled_at, cancelled_reason="No room.")
    with triggers.triggers_dropped():
        Event.objects.update(minutes_state="")
    Event.objects.filter(pk=with_text.pk).update(starts_at=clock.now())
    migration = importlib.import_module("cities.migrations.0014_stored_minutes_are_approved")

    migration.approve(apps, _editor())
    migration.forget(apps, _editor())

    states = dict(Event.objects.values_list("pk", "minutes_state"))
    assert states == {with_text.pk: "approved", gone.pk: "approved", meeting.pk: ""}
    client.force_login(people["viewer"])
    assert "Approval not recorded." in client.get(event_url(with_text)).content.decode()
    assert is_met(city, people)
    assert minutes.reopen_minutes(with_text, by=people["group_chair"], reason="A name.").minutes_state == "draft"


def _editor():
    return type("Editor", (), {"connection": connection})


def test_body_of_a_meeting_with_minutes_stays(draft, people, client, city):
    """Else a lead official could approve them as those of an event without a body."""
    lead = people["lead"]
    with pytest.raises(InputRefused):
        events.save_event(draft, by=lead, fields={"body": None}, version=draft.version)
    event = EventFactory(city=city, title="A talk", published_at=clock.now())
    event = minutes.save_minutes(event, by=lead, text=TEXT)
    with pytest.raises(InputRefused):
        events.save_event(event, by=lead, fields={"body": draft.body}, version=event.version)
    client.force_login(lead)
    data = event_data(title="A talk", body=draft.body_id, version=event.version)
    page = client.post(reverse("cities:event_edit", args=[event.pk]), data)
    assert "body" in page.context["form"].errors
    assert Event.objects.get(pk=event.pk).body is None
