from datetime import UTC, datetime

import pytest
from django.urls import reverse

from cities.enums import BodyKind, EventKind
from cities.exceptions import EventRefused, PermissionRefused
from cities.models import Attendance, Event, StoredFile
from cities.services import events, files
from core.exceptions import EditConflict
from tests.factories import BodyFactory, EventFactory, PersonFactory

from .pictures import PDF, bytes_of, upload

PROGRAMME = "09:00 The main actions of the pilot"


@pytest.fixture
def event(city):
    return EventFactory(
        city=city,
        title="Kick-off",
        kind=EventKind.KICK_OFF,
        location="Town hall",
        programme=PROGRAMME,
        minutes="We agreed.",
        decisions="Begin.",
    )


def page_of(event, name="event_detail"):
    return reverse(f"cities:{name}", args=[event.pk])


def typed(**change):
    given = {
        "kind": "meeting",
        "body": "",
        "title": "First meeting",
        "starts_at": "2026-07-01T10:00",
        "ends_at": "",
        "location": "Room 4",
        "link": "",
        "programme": "",
        "minutes": "",
        "decisions": "",
        "documentation": "",
        "version": "1",
    }
    return given | change


# ---- who reads what


@pytest.mark.parametrize("role", ["other_official", "former", "superuser", "data_protection"])
def test_unpublished_event_is_not_there_for_outsiders(client, everyone, event, role):
    client.force_login(everyone[role])

    assert client.get(page_of(event)).status_code == 404


def test_stranger_is_asked_to_sign_in_for_what_is_not_published(client, event):
    there = client.get(page_of(event))
    not_there = client.get(reverse("cities:event_detail", args=[event.pk + 1000]))

    assert there.status_code == not_there.status_code == 302


def test_public_reads_date_place_and_programme_alone(client, everyone, event):
    events.record_attendance(event, by=everyone["official"], guests=[("Residents", 3)])
    events.publish_event(event, by=everyone["lead"])

    page = client.get(page_of(event)).content.decode()

    assert PROGRAMME in page
    assert "Town hall" in page
    for hidden in ("We agreed.", "Begin.", "Residents", "in all"):
        assert hidden not in page


@pytest.mark.parametrize(
    "role,names", [("viewer", True), ("partner", False), ("scientific", False), ("coordinator", True)]
)
def test_network_reads_the_minutes_and_the_city_who_came(client, everyone, event, role, names):
    events.record_attendance(event, by=everyone["official"], persons=[PersonFactory(name="Somebody Who Came")])
    client.force_login(everyone[role])

    page = client.get(page_of(event)).content.decode()

    assert "We agreed." in page
    assert "1 person in all" in page
    assert ("Somebody Who Came" in page) == names


def test_times_are_those_of_the_city(client, everyone, event):
    Event.objects.update(starts_at=datetime(2026, 7, 1, 8, tzinfo=UTC))
    client.force_login(everyone["viewer"])

    assert "10:00" in client.get(page_of(event)).content.decode()


def test_minutes_as_a_file_are_read_by_those_who_read_the_minutes(client, everyone, event):
    stored = files.store_upload(upload(PDF, "minutes.pdf"), by=everyone["official"])
    events.save_event(event, by=everyone["official"], fields={}, minutes_file=stored)
    events.publish_event(event, by=everyone["lead"])
    address = reverse("cities:file", args=[stored.uuid])

    seen = {}
    for role in ("viewer", "partner", "other_official", "former", "superuser"):
        client.force_login(everyone[role])
        response = client.get(address)
        seen[role] = response.status_code, bytes_of(response) == PDF

    found, hidden = (200, True), (404, False)
    assert seen == {
        "viewer": found,
        "partner": found,
        "other_official": hidden,
        "former": hidden,
        "superuser": hidden,
    }


@pytest.mark.parametrize("role", list(range(16)))
def test_list_and_rule_agree_on_who_sees_which_events_and_files(everyone, event, other_city, role):
    user = list(everyone.values())[role]
    EventFactory(city=other_city)
    EventFactory(city=None, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=other_city))
    stored = files.store_upload(upload(PDF), by=everyone["official"])
    events.save_event(event, by=everyone["official"], fields={}, minutes_file=stored)

    for model, name in ((Event, "event"), (StoredFile, "storedfile")):
        listed = set(model.objects.visible_to(user))
        assert listed == {row for row in model.objects.all() if user.has_perm(f"cities.view_{name}", row)}


# ---- making and changing


def test_official_makes_an_event_in_the_time_of_the_city(client, everyone, city):
    client.force_login(everyone["official"])
    address = reverse("cities:event_create", args=[city.slug])

    assert client.get(address, {"kind": "kick_off"}).context["form"].initial["kind"] == "kick_off"
    client.post(address, typed())

    event = Event.objects.get()
    assert event.starts_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert event.city == city
    assert event.history.get().history_user == everyone["official"]


@pytest.mark.parametrize("role", ["viewer", "expert", "partner", "coordinator", "superuser", "other_official"])
def test_others_make_none(client, everyone, city, role):
    client.force_login(everyone[role])
    address = reverse("cities:event_create", args=[city.slug])

    assert client.get(address).status_code == 403
    assert client.post(address, typed()).status_code == 403
    assert not Event.objects.exists()


def test_stranger_makes_none(client, city):
    response = client.post(reverse("cities:event_create", args=[city.slug]), typed())

    assert response["Location"].startswith(reverse("account_login"))


def test_body_of_another_city_is_no_choice(client, everyone, city, other_city):
    client.force_login(everyone["official"])
    elsewhere = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=other_city)

    page = client.post(reverse("cities:event_create", args=[city.slug]), typed(body=elsewhere.pk))

    assert "body" in page.context["form"].errors
    with pytest.raises(EventRefused, match="same city"):
        events.save_event(
            None,
            by=everyone["official"],
            city=city,
            fields={"title": "x", "kind": "meeting", "starts_at": datetime(2026, 1, 1, tzinfo=UTC), "body": elsewhere},
        )


def test_end_before_the_beginning_is_refused(client, everyone, city):
    client.force_login(everyone["official"])

    page = client.post(reverse("cities:event_create", args=[city.slug]), typed(ends_at="2026-07-01T09:00"))

    assert "ends_at" in page.context["form"].errors


def test_event_is_changed_with_its_minutes_as_a_file(client, everyone, event):
    client.force_login(everyone["official"])
    address = page_of(event, "event_edit")
    first = typed(kind="kick_off", minutes_upload=upload(PDF, "a.pdf"))

    assert client.get(address).status_code == 200
    client.post(address, first)
    client.post(address, first | {"version": "2", "minutes_upload": upload(PDF, "b.pdf")})

    event.refresh_from_db()
    assert event.title == "First meeting"
    assert event.minutes_file.name == "b.pdf"
    assert set(StoredFile.objects.values_list("name", "state")) == {("a.pdf", "withdrawn"), ("b.pdf", "used")}


def test_bad_file_is_told_and_nothing_is_saved(client, everyone, event):
    client.force_login(everyone["official"])

    page = client.post(page_of(event, "event_edit"), typed(minutes_upload=upload(b"MZ\x90", "a.pdf")))

    assert "minutes_upload" in page.context["form"].errors
    event.refresh_from_db()
    assert event.title == "Kick-off"


def test_second_of_two_people_sees_both_versions(client, everyone, event):
    client.force_login(everyone["official"])
    events.save_event(event, by=everyone["lead"], fields={"title": "Theirs"}, version=1)

    page = client.post(page_of(event, "event_edit"), typed(title="Mine"))

    assert "Mine" in page.content.decode()
    assert "Theirs" in page.content.decode()
    with pytest.raises(EditConflict):
        events.save_event(event, by=everyone["official"], fields={"title": "Mine"}, version=1)


def test_page_tells_what_the_service_refuses(client, everyone, event, monkeypatch):
    def refuse(*args, **kwargs):
        raise EventRefused

    monkeypatch.setattr(events, "save_event", refuse)
    client.force_login(everyone["official"])

    page = client.post(page_of(event, "event_edit"), typed())

    assert "cannot be published yet" in page.content.decode()


@pytest.mark.parametrize("name", ["event_edit", "event_attendance"])
def test_reader_does_not_change(client, everyone, event, name):
    client.force_login(everyone["viewer"])

    assert client.get(page_of(event, name)).status_code == 403


def test_service_asks_the_rules(everyone, event):
    with pytest.raises(PermissionRefused):
        events.save_event(event, by=everyone["coordinator"], fields={"title": "x"})
    with pytest.raises(PermissionRefused):
        events.publish_event(event, by=everyone["official"])
    with pytest.raises(PermissionRefused):
        events.record_attendance(event, by=everyone["viewer"])


# ---- publishing


def test_lead_publishes_and_the_public_finds_it(client, everyone, event):
    client.force_login(everyone["official"])
    assert client.post(page_of(event, "event_publish")).status_code == 403
    client.force_login(everyone["lead"])
    client.post(page_of(event, "event_publish"))
    twice = client.post(page_of(event, "event_publish"), follow=True)
    client.logout()

    assert "published already" in twice.content.decode()
    assert client.get(page_of(event)).status_code == 200
    assert "Kick-off" in client.get(reverse("cities:city_detail", args=[event.city.slug])).content.decode()


@pytest.mark.parametrize(
    "missing,says", [({"location": "", "link": ""}, "takes place"), ({"programme": " "}, "programme")]
)
def test_kick_off_needs_place_and_programme(everyone, event, missing, says):
    events.save_event(event, by=everyone["official"], fields=missing)

    with pytest.raises(EventRefused, match=says):
        events.publish_event(event, by=everyone["lead"])


def test_command_makes_events_without_a_user(event, city):
    made = events.save_event(
        None, by=None, city=city, fields={"title": "x", "kind": "meeting", "starts_at": event.starts_at}
    )

    assert events.publish_event(made, by=None).published_at is not None


# ---- attendance


def test_attendance_is_typed_and_shown_again(client, everyone, event):
    client.force_login(everyone["official"])
    address = page_of(event, "event_attendance")
    expert = everyone["expert"].person

    typed_in = {"persons": [expert.pk], "guests": "Residents of the district, 24\nPress: 2\n", "version": event.version}
    client.post(address, typed_in)
    form = client.get(address).context["form"]

    assert (form.initial["persons"], form.initial["guests"]) == ([expert.pk], "Residents of the district, 24\nPress, 2")
    assert "27 people in all" in client.get(page_of(event)).content.decode()
    assert everyone["other_official"].person not in form.fields["persons"].queryset


def test_attendance_is_written_by_difference_with_history(everyone, event):
    expert, viewer, lead = (everyone[role].person for role in ("expert", "viewer", "lead"))
    by = everyone["official"]
    events.record_attendance(event, by=by, persons=[expert, viewer], guests=[("Press", 2), ("Residents", 9)])
    kept = event.attendances.get(person=expert)

    events.record_attendance(event, by=by, persons=[expert, lead], guests=[("Press", 3), ("Press", 1)])

    rows = event.attendances.order_by("label", "person__name")
    assert {(row.person, row.label, row.count) for row in rows} == {
        (expert, "", 1),
        (lead, "", 1),
        (None, "Press", 4),
    }
    assert event.attendances.get(person=expert).pk == kept.pk
    told = Attendance.history.filter(event_id=event.pk).values_list("history_type", flat=True)
    assert sorted(told) == ["+"] * 5 + ["-"] * 2 + ["~"]
    assert set(Attendance.history.values_list("history_user", flat=True)) == {by.pk}


def test_second_who_records_attendance_sees_both_versions(client, everyone, event):
    client.force_login(everyone["official"])
    address = page_of(event, "event_attendance")
    read = client.get(address).context["form"].initial["version"]
    events.record_attendance(event, by=everyone["lead"], persons=[everyone["expert"].person], version=read)
    mine = {"persons": [everyone["viewer"].person.pk], "guests": "Press, 2", "version": read}

    page = client.post(address, mine)

    assert [(row.label, row.theirs, row.yours) for row in page.context["form"].differences] == [
        ("Members who came", everyone["expert"].person.name, everyone["viewer"].person.name),
        ("Guests", "", "Press, 2"),
    ]
    assert [row.person for row in event.attendances.all()] == [everyone["expert"].person]
    client.post(address, mine | {"version": page.context["form"]["version"].value()})
    assert {row.person for row in event.attendances.all()} == {everyone["viewer"].person, None}


@pytest.mark.parametrize("role,reads", [("lead", True), ("official", False), ("coordinator", False)])
def test_replaced_minutes_stay_readable_for_the_lead(client, everyone, event, role, reads):
    for name in ("a.pdf", "b.pdf"):
        stored = files.store_upload(upload(PDF, name), by=everyone["official"])
        events.save_event(event, by=everyone["official"], fields={}, minutes_file=stored)
        event.refresh_from_db()
    replaced = reverse("cities:file", args=[StoredFile.objects.get(name="a.pdf").uuid])
    client.force_login(everyone[role])

    page = client.get(page_of(event)).content.decode()

    assert (replaced in page) is reads
    answer = client.get(replaced)
    assert answer.status_code == (200 if reads else 404)
    assert (bytes_of(answer) == PDF) is reads


def test_attendance_needs_numbers(client, everyone, event):
    client.force_login(everyone["official"])

    page = client.post(page_of(event, "event_attendance"), {"guests": "many residents"})

    assert "guests" in page.context["form"].errors


def test_member_who_left_stays_on_the_list(client, everyone, event):
    former = everyone["former"].person
    events.record_attendance(event, by=everyone["official"], persons=[former])
    client.force_login(everyone["official"])

    offered = client.get(page_of(event, "event_attendance")).context["form"].fields["persons"].queryset

    assert former in offered
