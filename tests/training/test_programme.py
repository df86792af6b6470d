from datetime import UTC, datetime

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import clock
from epi_site.demo.bench.forms import fields_of
from tests.factories import OrganisationFactory, SessionFactory, ThemeFactory, TrainingWeekFactory, member
from training.models import Speaker
from training.selectors import programme


@pytest.fixture
def week(db):
    return TrainingWeekFactory(title="Training week", slug="week", published_at=clock.now())


def at(day, hour):
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def test_programme_is_grouped_by_local_day_and_sorted_by_time(week):
    SessionFactory(week=week, title="Evening", starts_at=at(11, 17))
    SessionFactory(week=week, title="Morning", starts_at=at(11, 7))
    SessionFactory(week=week, title="After midnight there", starts_at=at(11, 23))

    days = programme(week)

    assert [(day.number, [slot.session.title for slot in day.slots]) for day in days] == [
        (1, ["Morning", "Evening"]),
        (2, ["After midnight there"]),
    ]
    assert (days[0].slots[0].begins_words, days[0].slots[0].ends_words) == ("09:00", "10:00")


def test_week_page_shows_session_room_theme_and_speaker(week, client):
    session = SessionFactory(
        week=week, title="A meeting at the counter", room="Room 2", theme=ThemeFactory(name="Work")
    )
    speaker = Speaker.objects.create(
        name="Nadia Ferreira", kind="business", organisation=OrganisationFactory(name="Firm")
    )
    session.speakers.add(speaker)

    text = client.get(week.get_absolute_url()).content.decode()

    for words in ("A meeting at the counter", "Room 2", "Work", "Workshop", "English", "Nadia Ferreira", "Firm"):
        assert words in text


@pytest.mark.parametrize("sessions", [1, 5])
def test_programme_costs_the_same_for_one_session_or_five(week, client, sessions, django_assert_num_queries):
    for session in SessionFactory.create_batch(sessions, week=week):
        organisation = OrganisationFactory()
        session.speakers.add(Speaker.objects.create(name="Somebody", kind="lecturer", organisation=organisation))

    client.get("/about/")  # reads the installation
    with django_assert_num_queries(5):  # version, week, sessions, speakers, organisations
        client.get(week.get_absolute_url())


@pytest.mark.parametrize("weeks", [1, 5])
def test_list_costs_the_same_for_one_week_or_five(db, client, weeks, django_assert_num_queries):
    for n in range(weeks):
        SessionFactory.create_batch(2, week=TrainingWeekFactory(slug=f"week-{n}-of-list", published_at=clock.now()))

    client.get("/about/")  # reads the installation
    with django_assert_num_queries(3):  # version, count, page
        response = client.get(reverse("training:week_list"))

    assert [week.session_count for week in response.context["object_list"]] == [2] * weeks


def test_draft_week_is_visible_to_trainer_and_coordinator_only(everyone, client):
    draft = TrainingWeekFactory(title="Not yet announced", slug="draft")
    seen = {}
    for role in ("official", "partner", "trainer", "coordinator"):
        client.force_login(everyone[role])
        listed = "Not yet announced" in client.get(reverse("training:week_list")).content.decode()
        seen[role] = (listed, client.get(draft.get_absolute_url()).status_code)

    assert seen == {
        "official": (False, 404),
        "partner": (False, 404),
        "trainer": (True, 200),
        "coordinator": (True, 200),
    }


def test_empty_week_and_empty_list_have_text(week, client):
    assert "The programme is being prepared" in client.get(week.get_absolute_url()).content.decode()
    week.delete()
    assert "No training weeks have been announced" in client.get(reverse("training:week_list")).content.decode()


def test_trainer_changes_session_in_admin(client, week):
    session = SessionFactory(week=week, title="Morning", starts_at=at(11, 7))
    client.force_login(member(BodyKind.NETWORK_OFFICE, Role.TRAINER))
    url = reverse("admin:training_session_change", args=[session.pk])
    form_data = fields_of(client.get(url).content.decode())

    client.post(url, form_data | {"title": "Late morning"})

    session.refresh_from_db()
    assert session.title == "Late morning"
    assert reverse("admin:index") in client.get(reverse("training:week_list")).content.decode()
    assert client.get(reverse("admin:cities_theme_changelist")).status_code == 404


def test_partner_gets_404_in_admin(client, week):
    client.force_login(member(BodyKind.NETWORK_OFFICE, Role.PARTNER))

    assert client.get(reverse("admin:training_session_changelist")).status_code == 404
