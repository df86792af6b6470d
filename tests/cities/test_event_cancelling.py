"""Events are cancelled with a reason, or withdrawn while they are drafts."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Mail
from cities.enums import BodyKind
from cities.exceptions import EventRefused
from cities.models import Attendance
from cities.services import events
from core import clock
from core.exceptions import PermissionRefused
from core.text_limits import MAX_GUEST_GROUPS

from .test_events import event_url


@pytest.fixture
def ahead(city, event):
    """Return a published event that lies ahead."""
    event.starts_at, event.published_at = clock.now() + timedelta(days=9), clock.now()
    event.save()
    return event


def test_published_event_is_cancelled_with_a_reason_and_emails(client, everyone, ahead):
    client.force_login(everyone["lead"])
    Mail.objects.all().delete()
    page = client.get(event_url(ahead, "event_cancel")).content.decode()
    assert ("Cancel event" in page, "get an email" in page, ahead.title in page) == (True, True, True)
    assert ("Keep event" in page, ">Cancel<" in page) == (True, False)  # two buttons with one word would confuse
    assert "reason" in client.post(event_url(ahead, "event_cancel"), {"reason": ""}).context["form"].errors

    client.post(event_url(ahead, "event_cancel"), {"reason": "The hall is closed."})

    ahead.refresh_from_db()
    assert (ahead.state, ahead.cancelled_reason) == ("cancelled", "The hall is closed.")
    assert (ahead.history.first().history_user, ahead.history.first().history_change_reason) == (
        everyone["lead"],
        "The hall is closed.",
    )
    invited = {everyone[role].email for role in ("viewer", "expert", "local_committee", "official")}
    assert set(Mail.objects.values_list("recipient", flat=True)) == invited
    mail = Mail.objects.first()
    assert ("Kick-off" in mail.subject, "The hall is closed." in mail.body) == (True, True)
    client.logout()
    assert "The hall is closed." in client.get(event_url(ahead)).content.decode()


def test_emails_of_a_meeting_go_to_its_body_only(everyone, ahead, city):
    ahead.body = city.bodies.get(kind=BodyKind.EXPERT_GROUP)
    ahead.save()
    Mail.objects.all().delete()

    events.cancel_event(ahead, by=everyone["lead"], reason="No room.")

    assert [mail.recipient for mail in Mail.objects.all()] == [everyone["expert"].email]


def test_past_event_is_cancelled_without_emails(everyone, event):
    event.published_at = clock.now()
    event.save()
    Mail.objects.all().delete()

    events.cancel_event(event, by=everyone["lead"], reason="Nobody came.")

    assert Mail.objects.count() == 0


def test_draft_is_withdrawn_and_seen_by_officials_only(client, everyone, event):
    Mail.objects.all().delete()
    events.cancel_event(event, by=everyone["official"], reason="Planned twice.")

    assert (event.__class__.objects.get().state, Mail.objects.count()) == ("withdrawn", 0)
    for role, status in (("official", 200), ("lead", 200), ("viewer", 404), ("coordinator", 404), ("partner", 404)):
        client.force_login(everyone[role])
        assert client.get(event_url(event)).status_code == status, role
        assert (event.title in client.get(event.city.get_absolute_url()).content.decode()) is (status == 200)


@pytest.mark.parametrize("role", ["viewer", "expert", "coordinator", "other_official", "superuser", "official"])
def test_only_the_lead_cancels_a_published_event(everyone, ahead, role):
    with pytest.raises(PermissionRefused):
        events.cancel_event(ahead, by=everyone[role], reason="No.")


def test_cancelled_event_stays_as_it_is(everyone, ahead):
    events.cancel_event(ahead, by=everyone["lead"], reason="No room.")

    for again in (
        lambda: events.cancel_event(ahead, by=everyone["lead"], reason="Again."),
        lambda: events.publish_event(ahead, by=everyone["lead"]),
        lambda: events.save_event(ahead, by=everyone["lead"], fields={"title": "Other"}),
        lambda: events.record_attendance(ahead, by=everyone["lead"], guests=[("Guests", 4)]),
    ):
        with pytest.raises(EventRefused, match=r"has (already )?been cancelled"):
            again()


def test_event_that_took_place_is_not_cancelled(everyone, ahead):
    Attendance.objects.create(event=ahead, label="Guests", count=4)

    with pytest.raises(EventRefused, match="attendance has been recorded"):
        events.cancel_event(ahead, by=everyone["lead"], reason="No room.")


@pytest.mark.parametrize("change", ["cancelled_at = NULL", "title = 'Other'"])
def test_database_refuses_changes_of_a_cancelled_event(everyone, ahead, change):
    events.cancel_event(ahead, by=everyone["lead"], reason="No room.")

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE cities_event SET {change}")
    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cities_event")


def test_service_asks_for_a_reason_and_for_numbers_that_can_be(everyone, ahead, event):
    with pytest.raises(EventRefused, match="Give a reason"):
        events.cancel_event(ahead, by=everyone["lead"], reason=" ")
    with pytest.raises(EventRefused, match="0 or higher"):
        events.record_attendance(event, by=everyone["official"], guests=[("Residents", -1)])
    many = [(f"Group {number}", 1) for number in range(MAX_GUEST_GROUPS + 1)]
    with pytest.raises(EventRefused, match="groups"):
        events.record_attendance(event, by=everyone["official"], guests=many)
