"""Periodic tasks: periods open and reminders are sent once for each city and day, in its morning."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.enums import MailState
from accounts.models import Mail
from accounts.tasks import delete_old_mails
from core import clock
from epi_site.celery import app
from strategies import tasks
from strategies.models import CityPeriod, Reminder, ReminderDay
from strategies.services import reminders
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityFactory,
    CityPeriodFactory,
    MilestoneFactory,
    PersonFactory,
    ReportingPeriodFactory,
    UserFactory,
    member,
)
from tests.factories.figures import refresh

from .helpers import an_official

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def _fixed_morning():
    with clock.at(MORNING):
        yield


@pytest.fixture
def owner(city):
    from cities.enums import BodyKind, Role

    return member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, user=UserFactory(language="en"))


def action_on_track(city, person, **fields):
    """Return an action that causes no reminder."""
    fields = {"starts_on": TODAY - timedelta(days=20), "ends_on": TODAY + timedelta(days=200)} | fields
    action = ActionFactory(city=city, responsible=person, **fields)
    ActionUpdateFactory(action=action, date=TODAY, progress=100)
    return action


def recipients():
    return list(Mail.objects.order_by("recipient").values_list("recipient", flat=True))


def test_scheduled_tasks_are_registered(settings):
    app.loader.import_default_modules()

    ours = {name for name in settings.CELERY_BEAT_SCHEDULE if name.startswith("strategies.")}
    assert ours == {
        "strategies.tasks.delete_old_reminder_days",
        "strategies.tasks.open_due_periods",
        "strategies.tasks.send_due_reminders",
    }
    assert ours <= set(app.tasks)


@pytest.mark.usefixtures("_fixed_morning")
def test_due_period_opens_once(city):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")

    for _again in range(2):
        tasks.open_due_periods()

    assert CityPeriod.objects.get().state == "open"
    assert city_period.transitions.count() == 1


@pytest.mark.usefixtures("_fixed_morning")
def test_action_on_track_sends_no_reminder(city, owner):
    action_on_track(city, owner.person)

    tasks.send_due_reminders()

    assert (recipients(), ReminderDay.objects.get().day) == ([], TODAY)


@pytest.mark.usefixtures("_fixed_morning")
def test_one_email_names_each_reminder_once(city, owner):
    for due, title in ((5, "Soon"), (-2, "Overdue"), (30, "Far")):
        MilestoneFactory(action=action_on_track(city, owner.person, title=title), due_on=TODAY + timedelta(days=due))
    stale = ActionFactory(city=city, responsible=owner.person, title="Silent", starts_on=date(2026, 1, 1))
    stale.ends_on = TODAY + timedelta(days=200)
    stale.save()

    for _again in range(3):
        tasks.send_due_reminders()

    mail = Mail.objects.get()
    assert mail.recipient == owner.email
    assert mail.subject == "Overdue: a milestone was due on 21 Nov 2026, and 2 more reminders"
    assert "Soon: the next due date is 28 November 2026." in mail.body
    assert "Overdue: A milestone was due on 21 November 2026, 2 days ago." in mail.body
    assert "Silent: No update since the start" in mail.body
    assert "Far" not in mail.body
    assert Reminder.objects.filter(person=owner.person).count() == 3


@pytest.mark.usefixtures("_fixed_morning")
@pytest.mark.parametrize(
    "days, subject",
    [
        (5, "Mentors: a milestone is due on 28 Nov 2026"),
        (-2, "Mentors: a milestone was due on 21 Nov 2026"),
    ],
)
def test_reminder_subject_names_the_action_and_the_milestone_due_date(city, owner, days, subject):
    MilestoneFactory(action=action_on_track(city, owner.person, title="Mentors"), due_on=TODAY + timedelta(days=days))

    tasks.send_due_reminders()

    assert Mail.objects.get().subject == subject


@pytest.mark.usefixtures("_fixed_morning")
@pytest.mark.parametrize(
    "days, subject", [(5, "Mentors is due by 28 Nov 2026"), (-2, "Mentors was due on 21 Nov 2026")]
)
def test_reminder_subject_names_the_action_and_its_end(city, owner, days, subject):
    action_on_track(city, owner.person, title="Mentors", ends_on=TODAY + timedelta(days=days))

    tasks.send_due_reminders()

    assert Mail.objects.get().subject == subject


@pytest.mark.usefixtures("_fixed_morning")
def test_reminder_subject_of_a_stale_action_names_it(city, owner):
    dates = {"starts_on": date(2026, 1, 1), "ends_on": TODAY + timedelta(days=200)}
    ActionFactory(city=city, responsible=owner.person, title="Mentors", **dates)

    tasks.send_due_reminders()

    assert Mail.objects.get().subject == "Mentors needs an update"


def test_reminder_is_repeated_only_with_a_new_date(city, owner):
    with clock.at(MORNING):
        milestone = MilestoneFactory(action=action_on_track(city, owner.person), due_on=TODAY + timedelta(days=5))
        tasks.send_due_reminders()
    with clock.at(MORNING + timedelta(days=1)):
        tasks.send_due_reminders()
        assert len(recipients()) == 1
    milestone.due_on += timedelta(days=1)
    milestone.save()
    refresh([milestone.action_id])
    with clock.at(MORNING + timedelta(days=2)):
        tasks.send_due_reminders()

    assert len(recipients()) == 2


@pytest.mark.usefixtures("_fixed_morning")
def test_deputies_are_reminded_without_a_responsible_person(city, owner):
    deputy, stranger = PersonFactory(), PersonFactory()
    late = {"ends_on": TODAY - timedelta(days=3)}
    for responsible in (None, owner.person):
        action_on_track(city, responsible, **late).deputies.add(owner.person, deputy, stranger)

    tasks.send_due_reminders()

    assert recipients() == [owner.email]


@pytest.mark.usefixtures("_fixed_morning")
def test_former_members_and_inactive_accounts_are_not_reminded(city, owner):
    action_on_track(city, PersonFactory(), ends_on=TODAY - timedelta(days=3))
    action_on_track(city, owner.person, ends_on=TODAY - timedelta(days=3))
    owner.is_active = False
    owner.save()

    tasks.send_due_reminders()

    assert recipients() == []


@pytest.mark.usefixtures("_fixed_morning")
def test_lead_official_is_reminded_to_submit(city, lead, official):
    lead.language = "en"
    lead.save()
    over = ReportingPeriodFactory(starts_on=date(2026, 7, 1), due_on=date(2026, 10, 15), name="Over")
    near = ReportingPeriodFactory(starts_on=date(2026, 4, 1), due_on=TODAY + timedelta(days=7), name="Near")
    CityPeriodFactory(city=city, period=over)
    CityPeriodFactory(city=city, period=near, to_state="returned")
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-3), to_state="accepted")

    tasks.send_due_reminders()

    mail = Mail.objects.exclude(key__contains="period-").get()
    assert (mail.recipient, mail.subject) == (
        lead.email,
        "The report for Over was due on 15 Oct 2026, and 1 more reminder",
    )
    assert "The report for Over was due on 15 October 2026. Submit it as soon as possible." in mail.body
    assert "The report for Near is due on 30 November 2026." in mail.body


@pytest.mark.usefixtures("_fixed_morning")
def test_reminder_subject_of_a_period_says_by_which_day_to_submit(city, lead):
    lead.language = "en"
    lead.save()
    near = ReportingPeriodFactory(starts_on=date(2026, 4, 1), due_on=TODAY + timedelta(days=7), name="Near")
    CityPeriodFactory(city=city, period=near)

    tasks.send_due_reminders()

    assert Mail.objects.exclude(key__contains="period-").get().subject == "Submit the report for Near by 30 Nov 2026"


def test_reminders_are_sent_in_the_morning_of_each_timezone():
    riga, lisbon = CityFactory(timezone="Europe/Riga"), CityFactory(timezone="Europe/Lisbon")
    with clock.at(datetime(2026, 11, 23, 5, 30, tzinfo=UTC)):  # half past seven in Riga, half past five in Lisbon
        tasks.send_due_reminders()
        assert {row.city for row in ReminderDay.objects.all()} == {riga}
    with clock.at(datetime(2026, 11, 23, 7, tzinfo=UTC)):
        tasks.send_due_reminders()
        assert {row.city for row in ReminderDay.objects.all()} == {riga, lisbon}


@pytest.mark.usefixtures("_fixed_morning")
def test_person_in_two_cities_gets_one_email_a_day(city, other_city, owner):
    from cities.enums import BodyKind, Role

    member(BodyKind.EXPERT_GROUP, Role.MEMBER, other_city, user=owner)
    for each_city in (city, other_city):
        action_on_track(each_city, owner.person, ends_on=TODAY - timedelta(days=3))

    tasks.send_due_reminders()
    assert (recipients(), Reminder.objects.count()) == ([owner.email], 1)

    with clock.at(MORNING + timedelta(days=1)):
        tasks.send_due_reminders()
    assert (len(recipients()), Reminder.objects.count()) == (2, 2)


@pytest.mark.usefixtures("_fixed_morning")
def test_day_handled_by_another_worker_is_skipped(city, owner):
    action_on_track(city, owner.person, ends_on=TODAY - timedelta(days=3))
    ReminderDay.objects.create(city=city, day=TODAY)

    reminders.remind_city(city)

    assert recipients() == []


@pytest.mark.usefixtures("_fixed_morning")
def test_failed_email_is_retried_on_the_next_run(city, owner, monkeypatch):
    """A failure rolls back the reminders of the city; the next run sends them."""
    action_on_track(city, owner.person, ends_on=TODAY - timedelta(days=3))

    def fail(*args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(reminders, "notify", fail)
        with pytest.raises(MemoryError):
            tasks.send_due_reminders()
    tasks.send_due_reminders()

    assert (recipients(), ReminderDay.objects.count()) == ([owner.email], 1)


# ---- retention


def test_reminder_is_not_repeated_after_its_email_and_day_are_deleted(city, owner):
    with clock.at(MORNING):
        action_on_track(city, owner.person, ends_on=TODAY - timedelta(days=3))
        tasks.send_due_reminders()
        Mail.objects.update(state=MailState.SENT, sent_at=MORNING)
    with clock.at(MORNING + timedelta(days=800)):
        delete_old_mails()
        tasks.delete_old_reminder_days()
        left = Mail.objects.count(), ReminderDay.objects.count()
        tasks.send_due_reminders()

    assert left == (0, 0)
    assert (recipients(), Reminder.objects.count()) == ([], 1)


def test_days_of_reminders_are_deleted_after_a_month(city):
    with clock.at(MORNING):
        for age in (29, 31):
            ReminderDay.objects.create(city=city, day=TODAY - timedelta(days=age))

        tasks.delete_old_reminder_days()

    assert ReminderDay.objects.get().day == TODAY - timedelta(days=29)
