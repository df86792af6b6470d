"""Periods: created for every city, changed by recorded moves, frozen when submitted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import translation

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core import clock
from core.exceptions import EditConflict
from strategies.enums import NEEDS_TEXT, TRANSITIONS, PeriodState
from strategies.exceptions import (
    InputRefused,
    OwnMunicipality,
    PeriodLocked,
    PermissionRefused,
    ReasonMissing,
    StrategyError,
    TransitionNotAllowed,
)
from strategies.models import CityPeriod, PeriodComment, PeriodMove, ReportingPeriod
from strategies.services import periods, updates
from strategies.services.period_assignment import assign_period
from strategies.signals import period_state_changed
from tests.factories import (
    ActionFactory,
    CityFactory,
    CityPeriodFactory,
    MilestoneFactory,
    PersonFactory,
    ReportingPeriodFactory,
    member,
)

from .helpers import an_official, update_input

pytestmark = pytest.mark.django_db
QUARTER = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 3, 31), "opens_on": date(2027, 1, 1)}
QUARTER |= {"due_on": date(2027, 4, 15)}


@pytest.fixture
def official(city):
    return an_official(city)


def perform(verb, city_period, lead, coordinator):
    """Perform the verb as a user who is allowed to."""
    return {
        "open": lambda: periods.open_period(city_period, by=coordinator),
        "submit": lambda: periods.submit_period(city_period, by=lead),
        "return": lambda: periods.return_period(city_period, by=coordinator, comments="More, please."),
        "accept": lambda: periods.accept_period(city_period, by=coordinator),
        "publish": lambda: periods.publish_period(city_period, by=lead),
        "reopen": lambda: periods.reopen_period(city_period, by=coordinator, reason="A digit too many."),
    }[verb]()


@pytest.mark.parametrize("verb", TRANSITIONS)
@pytest.mark.parametrize("state", PeriodState.values)
def test_each_verb_follows_the_transitions(city, lead, coordinator, verb, state):
    city_period = CityPeriodFactory(city=city, to_state=state)
    move_count, revision = city_period.move_count, city_period.revision
    sources, target = TRANSITIONS[verb]

    if state in sources:
        perform(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        move = city_period.moves.last()
        assert (city_period.state, city_period.move_count) == (target, move_count + 1)
        assert city_period.revision == revision + (verb in NEEDS_TEXT)
        assert (move.verb, move.from_state, move.to_state, move.revision) == (verb, state, target, revision)
    else:
        with pytest.raises(TransitionNotAllowed):
            perform(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        assert (city_period.state, city_period.move_count) == (state, move_count)


def test_resubmission_creates_revision_two_and_keeps_the_first(city, official, lead, coordinator):
    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    update = updates.log_update(
        action, by=official, data=update_input("We met.", milestones=[MilestoneFactory(action=action)])
    )
    first = periods.submit_period(city_period, by=lead)
    before = first.snapshot

    with pytest.raises(PeriodLocked):
        updates.change_update(update, by=official, data=update_input("Changed."), version=update.version)
    periods.return_period(city_period, by=coordinator, comments="More, please.")
    updates.change_update(update, by=official, data=update_input("We met twice."), version=update.version)
    second = periods.submit_period(city_period, by=lead)

    first.refresh_from_db()
    assert first.snapshot == before
    assert [first.contents["actions"][0]["updates"][0]["text"], first.contents["revision"]] == ["We met.", 1]
    assert [second.contents["actions"][0]["updates"][0]["text"], second.number] == ["We met twice.", 2]
    assert [row.progress for row in (first.actions.get(), second.actions.get())] == [100, 0]


def test_who_clicked_and_who_answers_are_both_kept(city, lead, coordinator):
    city_period = CityPeriodFactory(city=city)
    head = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city).person

    periods.submit_period(city_period, by=lead, on_behalf_of=head)

    move = city_period.moves.last()
    assert (move.by, move.on_behalf_of) == (lead, head)


def test_submission_on_behalf_of_an_outsider_is_refused(city, lead):
    city_period = CityPeriodFactory(city=city)

    with pytest.raises(InputRefused) as refused:
        periods.submit_period(city_period, by=lead, on_behalf_of=PersonFactory())

    assert set(refused.value.errors) == {"on_behalf_of"}
    assert PeriodMove.objects.filter(verb="submit").count() == 0


@pytest.mark.parametrize("verb", ["return", "reopen"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_return_and_reopen_need_a_reason(city, coordinator, verb, text):
    city_period = CityPeriodFactory(city=city, to_state="submitted")
    service = {"return": periods.return_period, "reopen": periods.reopen_period}[verb]

    with pytest.raises(ReasonMissing):
        service(city_period, by=coordinator, **{"comments" if verb == "return" else "reason": text})


ALLOWED = {
    "open": {"coordinator"},
    "submit": {"lead"},
    "return": {"coordinator"},
    "accept": {"coordinator"},
    "publish": {"lead"},
    "reopen": {"coordinator"},
}


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_verbs_are_limited_to_their_roles(everyone, city, verb):
    state = sorted(TRANSITIONS[verb][0])[0]
    allowed = set()
    for number, (role, user) in enumerate(everyone.items()):
        if role == "public":
            continue
        city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=number), to_state=state)
        try:
            perform(verb, city_period, user, user)
            allowed.add(role)
        except PermissionRefused:
            pass

    assert allowed == ALLOWED[verb]


def test_coordinator_cannot_decide_on_own_municipality(city):
    own = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    for decide in (
        lambda: periods.accept_period(city_period, by=own),
        lambda: periods.return_period(city_period, by=own, comments="No."),
    ):
        with pytest.raises(OwnMunicipality):
            decide()


def test_signal_sends_the_move_and_the_revision(city, lead):
    received = []

    def receiver(sender, city_period, move, revision, **kwargs):
        received.append((sender, city_period.state, move.verb, revision))

    period_state_changed.connect(receiver)
    try:
        revision = periods.submit_period(CityPeriodFactory(city=city), by=lead)
    finally:
        period_state_changed.disconnect(receiver)

    assert received == [(CityPeriod, "submitted", "submit", revision)]


def test_failing_period_does_not_stop_others_from_opening(city, other_city, monkeypatch):
    first, second = (CityPeriodFactory(city=each_city, to_state="scheduled") for each_city in (city, other_city))
    original = periods.open_period

    def break_for_the_first(city_period):
        if city_period.pk == first.pk:
            raise ZeroDivisionError
        return original(city_period)

    monkeypatch.setattr(periods, "open_period", break_for_the_first)

    with pytest.raises(ZeroDivisionError):
        periods.open_due_periods()

    assert CityPeriod.objects.get(pk=first.pk).state == PeriodState.SCHEDULED
    assert CityPeriod.objects.get(pk=second.pk).state == PeriodState.OPEN


# ---- emails


def test_emails_go_to_people_with_the_next_task(city, official, lead, coordinator):
    member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)  # may not accept it
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    recipients = {}
    for verb in ("open", "submit", "return", "submit", "accept"):
        Mail.objects.all().delete()
        perform(verb, city_period, lead, coordinator)
        recipients[verb] = set(Mail.objects.values_list("recipient", flat=True))
    Mail.objects.all().delete()
    periods.request_reopen(city_period, by=lead, reason="A digit too many.")

    city_emails = {lead.email, official.email}
    assert recipients == {
        "open": city_emails,
        "submit": {coordinator.email},
        "return": city_emails,
        "accept": {lead.email},
    }
    mail = Mail.objects.get(recipient=coordinator.email)
    assert Mail.objects.count() == 2
    assert "A digit too many." in mail.body
    assert city_period.get_absolute_url() in mail.body


def test_email_is_in_the_language_of_the_recipient(city, lead, coordinator):
    lead.language = "en"
    lead.save()
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    with translation.override("sv"):
        periods.reopen_period(city_period, by=coordinator, reason="Fel siffra.")

    mail = Mail.objects.get(recipient=lead.email)
    assert (mail.language, mail.subject) == ("en", f"{city_period.period.name} of Linköping is open again")


# ---- comments and narrative


def test_expert_group_comments_before_submission_and_endorses_once(everyone, city):
    city_period = CityPeriodFactory(city=city)
    expert = everyone["expert"]

    comment = periods.comment_period(city_period, by=expert, text=" Add the figures. ")
    first = periods.endorse_period(city_period, by=expert)
    again = periods.endorse_period(city_period, by=expert, text="Yes.")
    periods.submit_period(city_period, by=everyone["lead"])

    assert (comment.text, comment.revision, again) == ("Add the figures.", 1, first)
    for late_call in (
        lambda: periods.comment_period(city_period, by=expert, text="Late."),
        lambda: periods.endorse_period(city_period, by=expert),
    ):
        with pytest.raises(TransitionNotAllowed, match="expert group"):
            late_call()
    with pytest.raises(PermissionRefused):
        periods.comment_period(city_period, by=everyone["lead"], text="Mine.")


def test_comment_needs_text(everyone, city):
    with pytest.raises(ReasonMissing):
        periods.comment_period(CityPeriodFactory(city=city), by=everyone["expert"], text=" ")


def test_reopen_request_for_an_open_period_is_refused(city, lead):
    with pytest.raises(TransitionNotAllowed, match="without asking"):
        periods.request_reopen(CityPeriodFactory(city=city), by=lead, reason="x")
    assert PeriodComment.objects.count() == 0


def test_narrative_with_stale_version_raises_edit_conflict(city, lead, official):
    city_period = CityPeriodFactory(city=city)
    narrative = periods.save_narrative(city_period, by=lead, text="One.", language="en")

    periods.save_narrative(city_period, by=official, text="Two.", language="en", version=narrative.version)

    for stale in (narrative.version, None):
        with pytest.raises(EditConflict) as refused:
            periods.save_narrative(city_period, by=lead, text="Mine.", language="en", version=stale)
        assert refused.value.current.text == "Two."
    assert [(row.text, row.history_user) for row in narrative.history.all()] == [("Two.", official), ("One.", lead)]


def test_narrative_of_a_locked_period_cannot_be_saved(city, lead):
    city_period = CityPeriodFactory(city=city, to_state="accepted")

    with pytest.raises(PeriodLocked):
        periods.save_narrative(city_period, by=lead, text="No.", language="en")


# ---- reporting periods of the network


def test_new_period_is_scheduled_in_every_city(city, other_city, coordinator):
    period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)

    rows = CityPeriod.objects.filter(period=period)
    assert {(row.city, row.state) for row in rows} == {(city, "scheduled"), (other_city, "scheduled")}


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"ends_on": date(2026, 12, 1)}, "ends_on"),
        ({"opens_on": date(2027, 5, 1)}, "opens_on"),
        ({"due_on": date(2027, 3, 1)}, "due_on"),
        ({"starts_on": date(2026, 12, 31)}, "starts_on"),
        ({"name": "Q4 2026"}, "name"),
    ],
)
def test_period_dates_and_name_are_validated(coordinator, changes, field):
    ReportingPeriodFactory(starts_on=date(2026, 10, 1))

    with pytest.raises(InputRefused) as refused:
        periods.create_period(**({"name": "Q1 2027"} | QUARTER | changes), by=coordinator)

    assert field in refused.value.errors


def test_period_days_cannot_change_after_a_city_has_started(city, coordinator, lead):
    period = CityPeriodFactory(city=city).period
    period.due_on += timedelta(days=3)
    periods.save_period(period, by=coordinator)
    period.starts_on += timedelta(days=1)

    with pytest.raises(InputRefused, match="begun to report"):
        periods.save_period(period, by=coordinator)
    with pytest.raises(PermissionRefused):
        periods.save_period(period, by=lead)


def test_period_opens_on_its_day_in_the_timezone_of_the_city(coordinator):
    riga, lisbon = CityFactory(timezone="Europe/Riga"), CityFactory(timezone="Europe/Lisbon")
    with clock.at(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)):  # New Year in Riga, not yet in Lisbon
        period = periods.create_period(name="Q1 2027", by=coordinator, **QUARTER)

        opened = periods.open_due_periods()
        again = periods.open_due_periods()

        assert ([row.city for row in opened], again) == ([riga], [])
        with pytest.raises(StrategyError, match="opens later"):
            periods.open_period(CityPeriod.objects.get(city=lisbon))
    move = PeriodMove.objects.get()
    assert (move.verb, move.by, move.city_period.period) == ("open", None, period)


def test_period_opened_by_another_worker_is_skipped(city, coordinator, monkeypatch):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    opened = periods.open_period

    def open_after_other_worker(row):
        opened(city_period, by=coordinator)
        return opened(row)

    monkeypatch.setattr(periods, "open_period", open_after_other_worker)

    assert periods.open_due_periods() == []
    assert PeriodMove.objects.count() == 1


# ---- period assignment


def test_date_is_assigned_to_its_period(city):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))

    assert assign_period(city, clock.today()) == (now, False)
    assert assign_period(city, before.period.ends_on) == (before, False)


def test_date_in_a_locked_period_is_assigned_to_the_next_unlocked_one(city):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="published")
    CityPeriodFactory(city=city, to_state="submitted")
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state="scheduled")

    assert assign_period(city, clock.today()) == (later, True)
    assert assign_period(city, clock.today() - timedelta(days=92)) == (later, True)


def test_next_period_is_created_when_missing(city, other_city):
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(starts_on=date(2026, 10, 1)), to_state="accepted")

    with clock.at(datetime(2026, 11, 23, tzinfo=UTC)):
        city_period, is_late = assign_period(city, date(2026, 11, 23))

    period = city_period.period
    assert is_late is True
    assert (period.name, period.starts_on, period.ends_on) == ("2027 Q1", date(2027, 1, 1), date(2027, 3, 31))
    assert (period.opens_on, period.due_on) == (date(2027, 1, 1), date(2027, 4, 15))
    assert CityPeriod.objects.filter(period=period, state="scheduled").count() == 2
    assert last.period != period


def test_new_city_gets_its_period_when_assigned(city):
    period = ReportingPeriodFactory()

    assert assign_period(city, clock.today()) == (CityPeriod.objects.get(city=city, period=period), False)


def test_first_period_is_the_quarter_of_the_date(city):
    city_period, is_late = assign_period(city, date(2026, 11, 23))

    assert (city_period.period.name, is_late) == ("2026 Q4", False)
    assert city_period.period.due_on == date(2027, 1, 30)


def test_periods_are_created_up_to_the_date(city):
    ReportingPeriodFactory(starts_on=date(2026, 1, 1))

    city_period, is_late = assign_period(city, date(2026, 11, 23))

    assert (city_period.period.name, is_late) == ("2026 Q4", False)
    assert ReportingPeriod.objects.count() == 4


@pytest.mark.parametrize(
    "starts_on, ends_on, name",
    [
        (date(2026, 1, 15), date(2026, 2, 14), "2026-02-15 – 2026-03-14"),
        (date(2026, 1, 1), date(2026, 12, 31), "2027-01-01 – 2027-12-31"),
    ],
)
def test_next_period_has_the_length_of_the_previous_one(starts_on, ends_on, name):
    ReportingPeriodFactory(starts_on=starts_on, ends_on=ends_on)

    assert periods.ensure_next_period(ends_on).name == name


def test_next_period_name_avoids_an_existing_name():
    ReportingPeriodFactory(starts_on=date(2026, 7, 1), name="2026 Q4")

    assert periods.ensure_next_period(date(2026, 7, 1)).name == "2026-10-01 – 2026-12-31"


def test_chosen_period_is_accepted_or_refused_with_a_message(city, other_city):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))
    locked = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state="submitted")

    assert assign_period(city, before.period.ends_on, before) == (before, False)
    assert assign_period(city, before.period.ends_on, now) == (now, True)
    with pytest.raises(InputRefused, match="ended on"):
        assign_period(city, clock.today(), before)
    with pytest.raises(InputRefused, match="this city"):
        assign_period(city, clock.today(), CityPeriodFactory(city=other_city))
    with pytest.raises(PeriodLocked):
        assign_period(city, clock.today(), locked)


def test_period_assignment_gives_up_when_no_unlocked_period_exists(city, monkeypatch):
    CityPeriodFactory(city=city, to_state="submitted")
    monkeypatch.setattr("strategies.services.period_assignment._create_periods", lambda day, attempt: None)

    with pytest.raises(PeriodLocked):
        assign_period(city, clock.today())


# ---- concurrency


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_update_during_a_submission_is_logged_in_the_next_period(city, official, lead):
    """The update waits for the commit, is refused by the lock, and is logged in the next period."""
    from threading import Event as Flag
    from threading import Thread

    from django.db import connections, transaction

    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    has_submitted, logged = Flag(), []

    def log():
        has_submitted.wait(10)
        try:
            logged.append(updates.log_update(action, by=official, data=update_input("At the same moment.")))
        finally:
            connections.close_all()

    thread = Thread(target=log)
    thread.start()
    with transaction.atomic():
        revision = periods.submit_period(city_period, by=lead)
        has_submitted.set()
        thread.join(1)  # it waits for the locked row
    thread.join(10)

    assert (logged[0].city_period.period.starts_on > city_period.period.starts_on, logged[0].is_reported_late) == (
        True,
        True,
    )
    assert revision.contents["actions"][0]["updates"] == []
