"""Periods: created for every city, a row for each move, frozen when submitted."""

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

from .helpers import an_official, told

pytestmark = pytest.mark.django_db
QUARTER = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 3, 31), "opens_on": date(2027, 1, 1)}
QUARTER |= {"due_on": date(2027, 4, 15)}


@pytest.fixture
def official(city):
    return an_official(city)


def act(verb, city_period, lead, coordinator):
    """Make the move ``verb`` as a user who may make it."""
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
def test_each_verb_leads_where_the_table_says_and_nowhere_else(city, lead, coordinator, verb, state):
    city_period = CityPeriodFactory(city=city, to_state=state)
    moved, revision = city_period.move_count, city_period.revision
    sources, target = TRANSITIONS[verb]

    if state in sources:
        act(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        move = city_period.moves.last()
        assert (city_period.state, city_period.move_count) == (target, moved + 1)
        assert city_period.revision == revision + (verb in NEEDS_TEXT)
        assert (move.verb, move.from_state, move.to_state, move.revision) == (verb, state, target, revision)
    else:
        with pytest.raises(TransitionNotAllowed):
            act(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        assert (city_period.state, city_period.move_count) == (state, moved)


def test_submission_freezes_and_the_next_is_revision_two(city, official, lead, coordinator):
    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    update = updates.log_update(action, by=official, data=told("We met.", milestones=[MilestoneFactory(action=action)]))
    first = periods.submit_period(city_period, by=lead)
    before = first.snapshot

    with pytest.raises(PeriodLocked):
        updates.change_update(update, by=official, data=told("Changed."), version=update.version)
    periods.return_period(city_period, by=coordinator, comments="More, please.")
    updates.change_update(update, by=official, data=told("We met twice."), version=update.version)
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


def test_somebody_from_outside_cannot_answer_for_it(city, lead):
    city_period = CityPeriodFactory(city=city)

    with pytest.raises(InputRefused) as refused:
        periods.submit_period(city_period, by=lead, on_behalf_of=PersonFactory())

    assert set(refused.value.errors) == {"on_behalf_of"}
    assert PeriodMove.objects.filter(verb="submit").count() == 0


@pytest.mark.parametrize("verb", ["return", "reopen"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_going_back_needs_a_reason(city, coordinator, verb, text):
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
def test_only_these_roles_move_a_period(everyone, city, verb):
    state = sorted(TRANSITIONS[verb][0])[0]
    moved = set()
    for number, (role, user) in enumerate(everyone.items()):
        if role == "public":
            continue
        city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=number), to_state=state)
        try:
            act(verb, city_period, user, user)
            moved.add(role)
        except PermissionRefused:
            pass

    assert moved == ALLOWED[verb]


def test_coordinators_do_not_decide_on_their_own_municipality(city):
    own = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    for decide in (
        lambda: periods.accept_period(city_period, by=own),
        lambda: periods.return_period(city_period, by=own, comments="No."),
    ):
        with pytest.raises(OwnMunicipality):
            decide()


def test_signal_tells_the_move_and_what_was_frozen(city, lead):
    heard = []

    def listen(sender, city_period, move, revision, **kwargs):
        heard.append((sender, city_period.state, move.verb, revision))

    period_state_changed.connect(listen)
    try:
        revision = periods.submit_period(CityPeriodFactory(city=city), by=lead)
    finally:
        period_state_changed.disconnect(listen)

    assert heard == [(CityPeriod, "submitted", "submit", revision)]


def test_one_that_breaks_keeps_no_other_from_opening(city, other_city, monkeypatch):
    first, second = (CityPeriodFactory(city=place, to_state="scheduled") for place in (city, other_city))
    real = periods.open_period

    def break_for_the_first(city_period):
        if city_period.pk == first.pk:
            raise ZeroDivisionError
        return real(city_period)

    monkeypatch.setattr(periods, "open_period", break_for_the_first)

    with pytest.raises(ZeroDivisionError):
        periods.open_due_periods()

    assert CityPeriod.objects.get(pk=first.pk).state == PeriodState.SCHEDULED
    assert CityPeriod.objects.get(pk=second.pk).state == PeriodState.OPEN


# ---- emails


def test_letters_go_to_who_has_something_to_do(city, official, lead, coordinator):
    member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)  # may not accept it
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    told_to = {}
    for verb in ("open", "submit", "return", "submit", "accept"):
        Mail.objects.all().delete()
        act(verb, city_period, lead, coordinator)
        told_to[verb] = set(Mail.objects.values_list("recipient", flat=True))
    Mail.objects.all().delete()
    periods.request_reopen(city_period, by=lead, reason="A digit too many.")

    both = {lead.email, official.email}
    assert told_to == {"open": both, "submit": {coordinator.email}, "return": both, "accept": {lead.email}}
    letter = Mail.objects.get(recipient=coordinator.email)
    assert Mail.objects.count() == 2
    assert "A digit too many." in letter.body
    assert city_period.get_absolute_url() in letter.body


def test_letter_is_in_the_reader_s_language(city, lead, coordinator):
    lead.language = "en"
    lead.save()
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    with translation.override("sv"):
        periods.reopen_period(city_period, by=coordinator, reason="Fel siffra.")

    mail = Mail.objects.get(recipient=lead.email)
    assert (mail.language, mail.subject) == ("en", f"{city_period.period.name} of Linköping is open again")


# ---- comments


def test_expert_group_speaks_before_submission_and_endorses_once(everyone, city):
    city_period = CityPeriodFactory(city=city)
    expert = everyone["expert"]

    comment = periods.comment_period(city_period, by=expert, text=" Add the figures. ")
    first = periods.endorse_period(city_period, by=expert)
    again = periods.endorse_period(city_period, by=expert, text="Yes.")
    periods.submit_period(city_period, by=everyone["lead"])

    assert (comment.text, comment.revision, again) == ("Add the figures.", 1, first)
    for late in (
        lambda: periods.comment_period(city_period, by=expert, text="Late."),
        lambda: periods.endorse_period(city_period, by=expert),
    ):
        with pytest.raises(TransitionNotAllowed, match="expert group"):
            late()
    with pytest.raises(PermissionRefused):
        periods.comment_period(city_period, by=everyone["lead"], text="Mine.")


def test_comment_needs_text(everyone, city):
    with pytest.raises(ReasonMissing):
        periods.comment_period(CityPeriodFactory(city=city), by=everyone["expert"], text=" ")


def test_open_period_needs_no_asking(city, lead):
    with pytest.raises(TransitionNotAllowed, match="without asking"):
        periods.request_reopen(CityPeriodFactory(city=city), by=lead, reason="x")
    assert PeriodComment.objects.count() == 0


def test_narrative_keeps_both_versions_apart(city, lead, official):
    city_period = CityPeriodFactory(city=city)
    narrative = periods.save_narrative(city_period, by=lead, text="One.", language="en")

    periods.save_narrative(city_period, by=official, text="Two.", language="en", version=narrative.version)

    for stale in (narrative.version, None):
        with pytest.raises(EditConflict) as refused:
            periods.save_narrative(city_period, by=lead, text="Mine.", language="en", version=stale)
        assert refused.value.current.text == "Two."
    assert [(row.text, row.history_user) for row in narrative.history.all()] == [("Two.", official), ("One.", lead)]


def test_narrative_of_a_locked_period_stays(city, lead):
    city_period = CityPeriodFactory(city=city, to_state="accepted")

    with pytest.raises(PeriodLocked):
        periods.save_narrative(city_period, by=lead, text="No.", language="en")


# ---- the network's periods


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
def test_dates_of_a_period_are_checked(coordinator, changes, field):
    ReportingPeriodFactory(starts_on=date(2026, 10, 1))

    with pytest.raises(InputRefused) as refused:
        periods.create_period(**({"name": "Q1 2027"} | QUARTER | changes), by=coordinator)

    assert field in refused.value.errors


def test_days_stay_once_a_city_has_begun(city, coordinator, lead):
    period = CityPeriodFactory(city=city).period
    period.due_on += timedelta(days=3)
    periods.save_period(period, by=coordinator)
    period.starts_on += timedelta(days=1)

    with pytest.raises(InputRefused, match="begun to report"):
        periods.save_period(period, by=coordinator)
    with pytest.raises(PermissionRefused):
        periods.save_period(period, by=lead)


def test_period_opens_on_its_day_in_the_city_and_not_before(coordinator):
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


def test_twin_that_opens_first_is_no_error(city, coordinator, monkeypatch):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    opened = periods.open_period

    def late(row):
        opened(city_period, by=coordinator)
        return opened(row)

    monkeypatch.setattr(periods, "open_period", late)

    assert periods.open_due_periods() == []
    assert PeriodMove.objects.count() == 1


# ---- which period


def test_date_falls_into_its_period(city):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))

    assert assign_period(city, clock.today()) == (now, False)
    assert assign_period(city, before.period.ends_on) == (before, False)


def test_date_in_a_locked_period_goes_into_the_next_that_is_not(city):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="published")
    CityPeriodFactory(city=city, to_state="submitted")
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state="scheduled")

    assert assign_period(city, clock.today()) == (later, True)
    assert assign_period(city, clock.today() - timedelta(days=92)) == (later, True)


def test_next_period_is_made_where_there_is_none(city, other_city):
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(starts_on=date(2026, 10, 1)), to_state="accepted")

    with clock.at(datetime(2026, 11, 23, tzinfo=UTC)):
        city_period, is_late = assign_period(city, date(2026, 11, 23))

    period = city_period.period
    assert is_late is True
    assert (period.name, period.starts_on, period.ends_on) == ("2027 Q1", date(2027, 1, 1), date(2027, 3, 31))
    assert (period.opens_on, period.due_on) == (date(2027, 1, 1), date(2027, 4, 15))
    assert CityPeriod.objects.filter(period=period, state="scheduled").count() == 2
    assert last.period != period


def test_city_that_came_later_has_its_period(city):
    period = ReportingPeriodFactory()

    assert assign_period(city, clock.today()) == (CityPeriod.objects.get(city=city, period=period), False)


def test_network_without_periods_takes_the_quarter_of_the_day(city):
    city_period, is_late = assign_period(city, date(2026, 11, 23))

    assert (city_period.period.name, is_late) == ("2026 Q4", False)
    assert city_period.period.due_on == date(2027, 1, 30)


def test_periods_are_made_until_the_day_is_reached(city):
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
def test_next_period_is_as_long_as_the_last(starts_on, ends_on, name):
    ReportingPeriodFactory(starts_on=starts_on, ends_on=ends_on)

    assert periods.ensure_next_period(ends_on).name == name


def test_name_that_is_taken_is_not_used_again():
    ReportingPeriodFactory(starts_on=date(2026, 7, 1), name="2026 Q4")

    assert periods.ensure_next_period(date(2026, 7, 1)).name == "2026-10-01 – 2026-12-31"


def test_chosen_period_is_taken_or_refused_with_a_sentence(city, other_city):
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


def test_endless_locking_ends(city, monkeypatch):
    CityPeriodFactory(city=city, to_state="submitted")
    monkeypatch.setattr("strategies.services.period_assignment._create_periods", lambda day, attempt: None)

    with pytest.raises(PeriodLocked):
        assign_period(city, clock.today())


# ---- two at once


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_update_that_meets_a_submission_goes_into_the_next_period(city, official, lead):
    """The update waits for the submission's commit, is refused by the lock, and goes into the next period."""
    from threading import Event as Flag
    from threading import Thread

    from django.db import connections, transaction

    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    has_submitted, made = Flag(), []

    def log():
        has_submitted.wait(10)
        try:
            made.append(updates.log_update(action, by=official, data=told("At the same moment.")))
        finally:
            connections.close_all()

    thread = Thread(target=log)
    thread.start()
    with transaction.atomic():
        revision = periods.submit_period(city_period, by=lead)
        has_submitted.set()
        thread.join(1)  # it waits for our row lock
    thread.join(10)

    assert (made[0].city_period.period.starts_on > city_period.period.starts_on, made[0].is_reported_late) == (
        True,
        True,
    )
    assert revision.contents["actions"][0]["updates"] == []
