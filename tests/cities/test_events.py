from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, EventKind
from cities.exceptions import EventRefused
from cities.models import Attendance, Event, StoredFile
from cities.services import events, files, minutes
from core import locales
from core.exceptions import EditConflict, InputRefused, PermissionRefused
from tests.factories import BodyFactory, EventFactory, PersonFactory

from .conftest import PROGRAMME
from .pictures import PDF, bytes_of, upload


def event_url(event, name="event_detail"):
    return reverse(f"cities:{name}", args=[event.pk])


def event_data(**change):
    given = {
        "kind": "meeting",
        "body": "",
        "title": "First meeting",
        "starts_at": "2026-07-01T10:00",
        "ends_at": "",
        "location": "Room 4",
        "link": "",
        "programme": "",
        "decisions": "",
        "documentation": "",
        "version": "1",
    }
    return given | change


def test_service_refuses_an_event_that_ends_before_it_starts(everyone, event):
    with pytest.raises(InputRefused) as refused:
        events.save_event(event, by=everyone["official"], fields={"ends_at": event.starts_at - timedelta(hours=1)})

    assert set(refused.value.errors) == {"ends_at"}


@pytest.mark.parametrize("programme, is_ready", [("", False), (PROGRAMME, True)])
def test_page_says_what_a_kick_off_needs_before_it_is_published(client, everyone, city, programme, is_ready):
    kick_off = EventFactory(city=city, kind=EventKind.KICK_OFF, location="Town hall", programme=programme)
    client.force_login(everyone["lead"])

    page = client.get(event_url(kick_off)).content.decode()

    assert (event_url(kick_off, "event_publish") in page) is is_ready
    assert ("Enter the programme first." in page) is not is_ready


# ---- visibility


@pytest.mark.parametrize("role", ["other_official", "former", "superuser", "data_protection"])
def test_unpublished_event_is_404_for_outsiders(client, everyone, event, role):
    client.force_login(everyone[role])

    assert client.get(event_url(event)).status_code == 404


def test_unpublished_event_redirects_anonymous_visitor_to_sign_in(client, event):
    unpublished = client.get(event_url(event))
    missing = client.get(reverse("cities:event_detail", args=[event.pk + 1000]))

    assert unpublished.status_code == missing.status_code == 302


def test_public_sees_place_and_programme_only(client, everyone, event):
    events.record_attendance(event, by=everyone["official"], guests=[("Residents", 3)])
    events.publish_event(event, by=everyone["lead"])

    page = client.get(event_url(event)).content.decode()

    assert PROGRAMME in page
    assert "Town hall" in page
    for hidden in ("We agreed.", "Begin.", "Residents", "in all"):
        assert hidden not in page


@pytest.mark.parametrize(
    "role,is_named", [("viewer", True), ("partner", False), ("scientific", False), ("coordinator", True)]
)
def test_network_sees_minutes_and_city_sees_attendance(client, everyone, event, role, is_named):
    events.record_attendance(event, by=everyone["official"], persons=[PersonFactory(name="Somebody Who Came")])
    client.force_login(everyone[role])

    page = client.get(event_url(event)).content.decode()

    assert "We agreed." in page
    assert "1 person in total" in page
    assert ("Somebody Who Came" in page) == is_named


def test_event_times_are_in_time_zone_of_city(client, everyone, event):
    Event.objects.update(starts_at=datetime(2026, 7, 1, 8, tzinfo=UTC))
    client.force_login(everyone["viewer"])

    assert "10:00" in client.get(event_url(event)).content.decode()


def test_minutes_file_is_visible_to_readers_of_minutes(client, everyone, event):
    stored = files.store_upload(upload(PDF, "minutes.pdf"), by=everyone["official"])
    minutes.save_minutes(event, by=everyone["official"], text="", minutes_file=stored)
    events.publish_event(event, by=everyone["lead"])
    url = reverse("cities:file", args=[stored.uuid])

    seen = {}
    for role in ("viewer", "partner", "other_official", "former", "superuser"):
        client.force_login(everyone[role])
        response = client.get(url)
        seen[role] = response.status_code, bytes_of(response) == PDF

    visible, not_found = (200, True), (404, False)
    assert seen == {
        "viewer": visible,
        "partner": visible,
        "other_official": not_found,
        "former": not_found,
        "superuser": not_found,
    }


@pytest.mark.slow
@pytest.mark.parametrize("role", list(range(16)))
def test_visible_to_and_view_permission_agree(everyone, event, other_city, role):
    user = list(everyone.values())[role]
    EventFactory(city=other_city)
    EventFactory(city=None, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=other_city))
    stored = files.store_upload(upload(PDF), by=everyone["official"])
    minutes.save_minutes(event, by=everyone["official"], text="", minutes_file=stored)

    for model, name in ((Event, "event"), (StoredFile, "storedfile")):
        listed = set(model.objects.visible_to(user))
        assert listed == {row for row in model.objects.all() if user.has_perm(f"cities.view_{name}", row)}


# ---- creating and editing


def test_official_creates_event_in_time_zone_of_city(client, everyone, city):
    client.force_login(everyone["official"])
    url = reverse("cities:event_create", args=[city.slug])

    assert client.get(url, {"kind": "kick_off"}).context["form"].initial["kind"] == "kick_off"
    client.post(url, event_data())

    event = Event.objects.get()
    assert event.starts_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert event.city == city
    assert event.history.get().history_user == everyone["official"]


@pytest.mark.parametrize("role", ["viewer", "expert", "partner", "coordinator", "superuser", "other_official"])
def test_event_create_is_403_for_other_roles(client, everyone, city, role):
    client.force_login(everyone[role])
    url = reverse("cities:event_create", args=[city.slug])

    assert client.get(url).status_code == 403
    assert client.post(url, event_data()).status_code == 403
    assert not Event.objects.exists()


def test_event_create_redirects_anonymous_visitor_to_sign_in(client, city):
    response = client.post(reverse("cities:event_create", args=[city.slug]), event_data())

    assert response["Location"].startswith(reverse("account_login"))


def test_body_of_other_city_is_refused(client, everyone, city, other_city):
    client.force_login(everyone["official"])
    other_body = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=other_city)

    page = client.post(reverse("cities:event_create", args=[city.slug]), event_data(body=other_body.pk))

    assert "body" in page.context["form"].errors
    with pytest.raises(EventRefused, match="same city"):
        events.save_event(
            None,
            by=everyone["official"],
            city=city,
            fields={"title": "x", "kind": "meeting", "starts_at": datetime(2026, 1, 1, tzinfo=UTC), "body": other_body},
        )


def test_event_that_ends_before_start_is_refused(client, everyone, city):
    client.force_login(everyone["official"])

    page = client.post(reverse("cities:event_create", args=[city.slug]), event_data(ends_at="2026-07-01T09:00"))

    assert "ends_at" in page.context["form"].errors


def test_edit_conflict_shows_both_versions(client, everyone, event):
    client.force_login(everyone["official"])
    events.save_event(event, by=everyone["lead"], fields={"title": "Theirs"}, version=1)

    page = client.post(event_url(event, "event_edit"), event_data(title="Mine"))

    assert "Mine" in page.content.decode()
    assert "Theirs" in page.content.decode()
    with pytest.raises(EditConflict):
        events.save_event(event, by=everyone["official"], fields={"title": "Mine"}, version=1)


def test_event_edit_shows_error_of_service(client, everyone, event, monkeypatch):
    def refuse(*args, **kwargs):
        raise EventRefused

    monkeypatch.setattr(events, "save_event", refuse)
    client.force_login(everyone["official"])

    page = client.post(event_url(event, "event_edit"), event_data())

    assert "cannot be published yet" in page.content.decode()


@pytest.mark.parametrize("name", ["event_edit", "event_attendance"])
def test_event_edit_pages_are_403_for_viewer(client, everyone, event, name):
    client.force_login(everyone["viewer"])

    assert client.get(event_url(event, name)).status_code == 403


def test_event_services_check_permissions(everyone, event):
    with pytest.raises(PermissionRefused):
        events.save_event(event, by=everyone["coordinator"], fields={"title": "x"})
    with pytest.raises(PermissionRefused):
        events.publish_event(event, by=everyone["official"])
    with pytest.raises(PermissionRefused):
        events.record_attendance(event, by=everyone["viewer"])


# ---- publishing


def test_lead_publishes_event_once(client, everyone, event):
    client.force_login(everyone["official"])
    assert client.post(event_url(event, "event_publish")).status_code == 403
    client.force_login(everyone["lead"])
    client.post(event_url(event, "event_publish"))
    twice = client.post(event_url(event, "event_publish"), follow=True)
    client.logout()

    assert "already been published" in twice.content.decode()
    assert client.get(event_url(event)).status_code == 200
    assert "Kick-off" in client.get(reverse("cities:city_detail", args=[event.city.slug])).content.decode()


@pytest.mark.parametrize(
    "missing,message", [({"location": "", "link": ""}, "location of the kick-off"), ({"programme": " "}, "programme")]
)
def test_kick_off_without_place_or_programme_is_not_published(everyone, event, missing, message):
    events.save_event(event, by=everyone["official"], fields=missing)

    with pytest.raises(EventRefused, match=message):
        events.publish_event(event, by=everyone["lead"])


# ---- attendance


def test_attendance_is_saved_and_shown_in_form(client, everyone, event):
    client.force_login(everyone["official"])
    url = event_url(event, "event_attendance")
    expert = everyone["expert"].person

    attendance_data = {
        "persons": [expert.pk],
        "guests": "Residents of the district, 24\nPress: 2\n",
        "version": event.version,
    }
    client.post(url, attendance_data)
    form = client.get(url).context["form"]

    assert (form.initial["persons"], form.initial["guests"]) == ([expert.pk], "Residents of the district, 24\nPress, 2")
    assert "27 people in total" in client.get(event_url(event)).content.decode()
    assert everyone["other_official"].person not in form.fields["persons"].queryset


def test_attendance_saves_differences_with_history(everyone, event):
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
    history_types = Attendance.history.filter(event_id=event.pk).values_list("history_type", flat=True)
    assert sorted(history_types) == ["+"] * 5 + ["-"] * 2 + ["~"]
    assert set(Attendance.history.values_list("history_user", flat=True)) == {by.pk}


def test_attendance_conflict_shows_both_versions(client, everyone, event):
    client.force_login(everyone["official"])
    url = event_url(event, "event_attendance")
    read_version = client.get(url).context["form"].initial["version"]
    events.record_attendance(event, by=everyone["lead"], persons=[everyone["expert"].person], version=read_version)
    mine = {"persons": [everyone["viewer"].person.pk], "guests": "Press, 2", "version": read_version}

    page = client.post(url, mine)

    assert [(row.label, row.theirs, row.yours) for row in page.context["form"].differences] == [
        ("Members present", everyone["expert"].person.name, everyone["viewer"].person.name),
        ("Guests", "", "Press, 2"),
    ]
    assert [row.person for row in event.attendances.all()] == [everyone["expert"].person]
    client.post(url, mine | {"version": page.context["form"]["version"].value()})
    assert {row.person for row in event.attendances.all()} == {everyone["viewer"].person, None}


@pytest.mark.slow
@pytest.mark.parametrize("role,is_visible", [("lead", True), ("official", False), ("coordinator", False)])
def test_replaced_minutes_are_visible_to_lead_only(client, everyone, event, role, is_visible):
    for name in ("a.pdf", "b.pdf"):
        stored = files.store_upload(upload(PDF, name), by=everyone["official"])
        minutes.save_minutes(event, by=everyone["official"], text="", minutes_file=stored)
        event.refresh_from_db()
    replaced = reverse("cities:file", args=[StoredFile.objects.get(name="a.pdf").uuid])
    client.force_login(everyone[role])

    page = client.get(event_url(event)).content.decode()

    assert (replaced in page) is is_visible
    response = client.get(replaced)
    assert response.status_code == (200 if is_visible else 404)
    assert (bytes_of(response) == PDF) is is_visible


@pytest.mark.parametrize(
    "line, label, count",
    [
        ("Residents of the district, 1 500", "Residents of the district", 1500),
        ("Residents, 1.500", "Residents", 1500),
        ("Residents: 1,500", "Residents", 1500),
        ("Group 1, 24", "Group 1", 24),
        ("Press 2", "Press", 2),
    ],
)
def test_guests_are_counted_as_typed_and_shown(client, everyone, event, line, label, count):
    client.force_login(everyone["official"])

    sent = {"guests": line, "version": event.version}
    page = client.post(event_url(event, "event_attendance"), sent, follow=True)

    row = event.attendances.get()
    assert (row.label, row.count) == (label, count)
    assert f"{label}: {locales.number(count)}." in page.content.decode()


@pytest.mark.parametrize("line", ["Residents, -3", "Residents \N{MINUS SIGN}3", "Residents, 1,5", "Residents 1 500"])
def test_guests_with_other_numbers_are_refused(client, everyone, event, line):
    client.force_login(everyone["official"])

    page = client.post(event_url(event, "event_attendance"), {"guests": line, "version": event.version})

    assert "guests" in page.context["form"].errors
    assert not event.attendances.exists()


def test_guests_without_number_are_refused(client, everyone, event):
    client.force_login(everyone["official"])

    page = client.post(event_url(event, "event_attendance"), {"guests": "many residents"})

    assert "guests" in page.context["form"].errors


def test_former_member_who_attended_stays_in_choices(client, everyone, event):
    former = everyone["former"].person
    events.record_attendance(event, by=everyone["official"], persons=[former])
    client.force_login(everyone["official"])

    choices = client.get(event_url(event, "event_attendance")).context["form"].fields["persons"].queryset

    assert former in choices
