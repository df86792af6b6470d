"""Reminders: once for each city and day, in the city's morning, to the right people."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Mail
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

from .helpers import an_official

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def _in_the_morning():
    with clock.at(MORNING):
        yield


@pytest.fixture
def owner(city):
    from cities.enums import BodyKind, Role

    return member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, user=UserFactory(language="en"))


def healthy(city, person, **fields):
    """An action with no reminder due."""
    fields = {"starts_on": TODAY - timedelta(days=20), "ends_on": TODAY + timedelta(days=200)} | fields
    action = ActionFactory(city=city, responsible=person, **fields)
    ActionUpdateFactory(action=action, date=TODAY, progress=100)
    return action


def recipients():
    return list(Mail.objects.order_by("recipient").values_list("recipient", flat=True))


def test_tasks_have_the_names_that_beat_rings(settings):
    app.loader.import_default_modules()

    ours = {name for name in settings.CELERY_BEAT_SCHEDULE if name.startswith("strategies.")}
    assert ours == {"strategies.tasks.open_due_periods", "strategies.tasks.send_due_reminders"}
    assert ours <= set(app.tasks)


@pytest.mark.usefixtures("_in_the_morning")
def test_due_period_opens_once(city):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")

    for _again in range(2):
        tasks.open_due_periods()

    assert CityPeriod.objects.get().state == "open"
    assert city_period.moves.count() == 1


@pytest.mark.usefixtures("_in_the_morning")
def test_quiet_actions_remind_nobody(city, owner):
    healthy(city, owner.person)

    tasks.send_due_reminders()

    assert (recipients(), ReminderDay.objects.get().day) == ([], TODAY)


@pytest.mark.usefixtures("_in_the_morning")
def test_one_letter_names_everything_once(city, owner):
    for due, title in ((5, "Soon"), (-2, "Overdue"), (30, "Far")):
        MilestoneFactory(action=healthy(city, owner.person, title=title), due_on=TODAY + timedelta(days=due))
    silent = ActionFactory(city=city, responsible=owner.person, title="Silent", starts_on=date(2026, 1, 1))
    silent.ends_on = TODAY + timedelta(days=200)
    silent.save()

    for _again in range(3):
        tasks.send_due_reminders()

    mail = Mail.objects.get()
    assert (mail.recipient, mail.subject) == (owner.email, "Overdue was due on 21 Nov 2026, and 2 more things")
    assert "Soon: the next date is 28 November 2026." in mail.body
    assert "Overdue: A milestone was due on 21 November 2026, 2 days ago." in mail.body
    assert "Silent: No update since the start" in mail.body
    assert "Far" not in mail.body
    assert Reminder.objects.filter(person=owner.person).count() == 3


@pytest.mark.usefixtures("_in_the_morning")
@pytest.mark.parametrize(
    "days, subject", [(5, "Mentors is due by 28 Nov 2026"), (-2, "Mentors was due on 21 Nov 2026")]
)
def test_subject_says_what_and_by_when(city, owner, days, subject):
    MilestoneFactory(action=healthy(city, owner.person, title="Mentors"), due_on=TODAY + timedelta(days=days))

    tasks.send_due_reminders()

    assert Mail.objects.get().subject == subject


@pytest.mark.usefixtures("_in_the_morning")
def test_subject_of_a_silent_action_names_it(city, owner):
    dates = {"starts_on": date(2026, 1, 1), "ends_on": TODAY + timedelta(days=200)}
    ActionFactory(city=city, responsible=owner.person, title="Mentors", **dates)

    tasks.send_due_reminders()

    assert Mail.objects.get().subject == "Mentors waits for an update"


def test_thing_is_named_again_only_with_a_new_date(city, owner):
    with clock.at(MORNING):
        milestone = MilestoneFactory(action=healthy(city, owner.person), due_on=TODAY + timedelta(days=5))
        tasks.send_due_reminders()
    with clock.at(MORNING + timedelta(days=1)):
        tasks.send_due_reminders()
        assert len(recipients()) == 1
    milestone.due_on += timedelta(days=1)
    milestone.save()
    with clock.at(MORNING + timedelta(days=2)):
        tasks.send_due_reminders()

    assert len(recipients()) == 2


@pytest.mark.usefixtures("_in_the_morning")
def test_deputies_are_reminded_where_nobody_is_responsible(city, owner):
    deputy, stranger = PersonFactory(), PersonFactory()
    late = {"ends_on": TODAY - timedelta(days=3)}
    for responsible in (None, owner.person):
        healthy(city, responsible, **late).deputies.add(owner.person, deputy, stranger)

    tasks.send_due_reminders()

    assert recipients() == [owner.email]


@pytest.mark.usefixtures("_in_the_morning")
def test_former_members_and_closed_accounts_are_left_alone(city, owner):
    healthy(city, PersonFactory(), ends_on=TODAY - timedelta(days=3))
    healthy(city, owner.person, ends_on=TODAY - timedelta(days=3))
    owner.is_active = False
    owner.save()

    tasks.send_due_reminders()

    assert recipients() == []


@pytest.mark.usefixtures("_in_the_morning")
def test_lead_is_reminded_to_hand_in(city, lead, official):
    lead.language = "en"
    lead.save()
    over = ReportingPeriodFactory(starts_on=date(2026, 7, 1), due_on=date(2026, 10, 15), name="Over")
    near = ReportingPeriodFactory(starts_on=date(2026, 4, 1), due_on=TODAY + timedelta(days=7), name="Near")
    CityPeriodFactory(city=city, period=over)
    CityPeriodFactory(city=city, period=near, to_state="returned")
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-3), to_state="accepted")

    tasks.send_due_reminders()

    mail = Mail.objects.exclude(key__contains="period-").get()
    assert (mail.recipient, mail.subject) == (lead.email, "Submit Over by 15 Oct 2026, and 1 more thing")
    assert "Over is to be submitted by 15 October 2026." in mail.body
    assert "Near is to be submitted by 30 November 2026." in mail.body


def test_morning_comes_to_each_city_in_its_own_time():
    riga, lisbon = CityFactory(timezone="Europe/Riga"), CityFactory(timezone="Europe/Lisbon")
    with clock.at(datetime(2026, 11, 23, 5, 30, tzinfo=UTC)):  # half past seven in Riga, half past five in Lisbon
        tasks.send_due_reminders()
        assert {row.city for row in ReminderDay.objects.all()} == {riga}
    with clock.at(datetime(2026, 11, 23, 7, tzinfo=UTC)):
        tasks.send_due_reminders()
        assert {row.city for row in ReminderDay.objects.all()} == {riga, lisbon}


@pytest.mark.usefixtures("_in_the_morning")
def test_person_of_two_cities_gets_one_letter_a_day(city, other_city, owner):
    from cities.enums import BodyKind, Role

    member(BodyKind.EXPERT_GROUP, Role.MEMBER, other_city, user=owner)
    for place in (city, other_city):
        healthy(place, owner.person, ends_on=TODAY - timedelta(days=3))

    tasks.send_due_reminders()
    assert (recipients(), Reminder.objects.count()) == ([owner.email], 1)

    with clock.at(MORNING + timedelta(days=1)):
        tasks.send_due_reminders()
    assert (len(recipients()), Reminder.objects.count()) == (2, 2)


@pytest.mark.usefixtures("_in_the_morning")
def test_day_that_a_twin_has_taken_is_left_alone(city, owner):
    healthy(city, owner.person, ends_on=TODAY - timedelta(days=3))
    ReminderDay.objects.create(city=city, day=TODAY)

    reminders.remind_city(city)

    assert recipients() == []


@pytest.mark.usefixtures("_in_the_morning")
def test_letter_that_fails_leaves_the_day_open(city, owner, monkeypatch):
    """If a worker dies in the middle, nobody is reminded; the next run starts again."""
    healthy(city, owner.person, ends_on=TODAY - timedelta(days=3))

    def die(*args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(reminders, "notify", die)
        with pytest.raises(MemoryError):
            tasks.send_due_reminders()
    tasks.send_due_reminders()

    assert (recipients(), ReminderDay.objects.count()) == ([owner.email], 1)
