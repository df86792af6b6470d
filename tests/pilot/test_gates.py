"""Gates: the requirements of each pilot phase, computed from bodies, events and plans, and their waivers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from cities.enums import BodyKind, EventKind, Role, Seat
from cities.models import Attendance, City, Event
from core import clock
from core.exceptions import InputRefused, PermissionRefused, ReasonMissing
from pilot import gate_checks, gates
from pilot.enums import PhaseKind
from pilot.gates import CheckResult, check_gate, check_gates, register_check
from pilot.models import GateWaiver
from pilot.services import phases
from reports.services import reports
from strategies.exceptions import AlreadyWithdrawn
from strategies.models import PriorityArea, SwotItem
from tests.factories import (
    ActionFactory,
    BodyFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    EvaluationFactory,
    EventFactory,
    IndicatorFactory,
    MembershipFactory,
    ObjectiveFactory,
    OrganisationFactory,
    PilotPhaseFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    member,
    move_to,
)
from tests.reports.accepted_city import accepted_city

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fixed_date():
    with clock.at(NOW):
        yield


def check_result(city, key, reader=None):
    """Return the result of the check for the current data, by default as a viewer of the city reads it."""
    fresh, reader = City.objects.get(pk=city.pk), reader or member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    check = next(row.check for rows in gates.GATES.values() for row in rows if row.key == key)
    return check(fresh, reader)


def met_and_reason(city, key, reader=None):
    result = check_result(city, key, reader)
    assert result.url.startswith("/")
    return result.met, result.reason


def test_expert_group_needs_three_seats_and_a_chair(city):
    assert met_and_reason(city, "expert_group_seats") == (False, "The body has not been set up yet.")
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    MembershipFactory(body=group, role=Role.MEMBER, seat=Seat.MUNICIPAL_OFFICIAL)
    ended = MembershipFactory(body=group, role=Role.CHAIR, seat=Seat.TECHNICAL_PARTNER, valid_to="2025-01-01")

    missing_seats = met_and_reason(city, "expert_group_seats")
    assert missing_seats == (False, "Vacant seats: technical partner, selected expert.")
    assert met_and_reason(city, "expert_group_chair") == (False, "The expert group has no chair yet.")
    ended.valid_to = None
    ended.save()
    MembershipFactory(body=group, role=Role.MEMBER, seat=Seat.SELECTED_EXPERT)
    assert met_and_reason(city, "expert_group_seats") == (True, "All of these seats are filled.")
    assert met_and_reason(city, "expert_group_chair") == (True, "The expert group has a chair.")


def test_first_meeting_needs_a_past_event_with_minutes(city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    EventFactory(body=group, city=None, starts_at=NOW + timedelta(days=3), minutes="Planned.")

    assert met_and_reason(city, "first_meeting") == (False, "The expert group has not met yet.")
    event = EventFactory(body=group, city=None, starts_at=NOW - timedelta(days=3))
    assert met_and_reason(city, "first_meeting") == (
        False,
        "The group met on 20 November 2026, but there are no minutes yet.",
    )
    event.minutes = "We agreed."
    event.save()
    assert met_and_reason(city, "first_meeting") == (
        True,
        "The group met on 20 November 2026 and the minutes have been added.",
    )


def test_strategy_needs_adoption_swot_items_and_an_area(city):
    assert met_and_reason(city, "strategy_adopted") == (False, "There is no adopted strategy yet.")
    assert met_and_reason(city, "swot_and_area") == (
        False,
        "No strategy has both a SWOT analysis and a priority area yet.",
    )
    strategy = StrategyFactory(city=city)
    assert met_and_reason(city, "strategy_adopted") == (False, "The strategy is a draft.")
    assert met_and_reason(city, "swot_and_area")[0] is False
    SwotItem.objects.create(strategy=strategy, kind="strength", text="x")
    assert met_and_reason(city, "swot_and_area") == (False, "The strategy has no priority area yet.")
    PriorityArea.objects.create(strategy=strategy, code="A", title="x")
    strategy.status, strategy.adopted_on = "adopted", "2026-10-01"
    strategy.save()
    assert met_and_reason(city, "strategy_adopted") == (True, "Adopted on 1 October 2026.")
    assert met_and_reason(city, "swot_and_area") == (True, "The SWOT analysis and a priority area have been added.")


def test_expert_group_needs_a_meeting_in_every_period_of_the_pilot(city):
    assert met_and_reason(city, "met_in_every_period") == (None, "No pilot period has ended yet.")
    first, second = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-2, -1))
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-9))  # before the pilot
    assert check_result(city, "met_in_every_period").met is None
    PilotPhaseFactory(city=city)
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)

    def meet(period):
        EventFactory(body=group, city=None, starts_at=datetime.combine(period.starts_on, NOW.timetz()))

    meet(first.period)
    assert met_and_reason(city, "met_in_every_period") == (False, f"No meeting in {second.period.name}.")
    meet(second.period)
    assert met_and_reason(city, "met_in_every_period") == (True, "The group has met in all 2 periods so far.")


def test_kick_off_needs_date_place_programme_attendance_and_documentation(city):
    action = ActionFactory(city=city, code="A1", title="Homework cafés")
    keys = ["kick_off_planned", "programme_names_actions", "kick_off_attended", "kick_off_documented"]
    assert {met_and_reason(city, key) for key in keys} == {(False, "No kick-off has been added yet.")}
    event = EventFactory(city=city, kind=EventKind.KICK_OFF, starts_at=NOW + timedelta(days=1))
    assert {met_and_reason(city, key) for key in keys} == {(False, "The kick-off has not been published yet.")}
    event.published_at = NOW
    event.save()
    assert [check_result(city, key).met for key in keys] == [False, False, None, None]

    event.location, event.programme = "Town hall", "Welcome, and A10 with coffee."
    event.save()
    assert met_and_reason(city, "kick_off_planned") == (True, "On 24 November 2026, Town hall.")
    assert met_and_reason(city, "programme_names_actions") == (False, "The programme does not name any pilot action.")
    for words in ("We present A1.", "We present the HOMEWORK CAFÉS."):
        event.programme = words
        event.save()
        assert met_and_reason(city, "programme_names_actions") == (True, f"The programme names {action.title}.")

    with clock.at(NOW + timedelta(days=2)):
        assert [check_result(city, key).met for key in keys[2:]] == [False, False]
        Attendance.objects.create(event=event, label="Guests", count=40)
        event.documentation = "Forty people came."
        event.save()
        assert [check_result(city, key).met for key in keys] == [True] * 4


@pytest.fixture
def held_kick_off(city):
    """Return a published kick-off that meets all four requirements."""
    ActionFactory(city=city, code="A1")
    event = EventFactory(
        city=city,
        kind=EventKind.KICK_OFF,
        starts_at=NOW - timedelta(days=1),
        location="Town hall",
        programme="We present A1.",
        documentation="Forty people came.",
        published_at=NOW - timedelta(days=9),
    )
    Attendance.objects.create(event=event, label="Guests", count=40)
    return event


KICK_OFF_KEYS = ["kick_off_planned", "programme_names_actions", "kick_off_attended", "kick_off_documented"]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"published_at": NOW},
        {"cancelled_at": NOW, "cancelled_reason": "No room."},
        {"published_at": NOW, "cancelled_at": NOW, "cancelled_reason": "No room."},
    ],
    ids=["draft", "published", "withdrawn", "cancelled"],
)
@pytest.mark.parametrize("days", [-5, 5])
def test_another_kick_off_does_not_unmeet_requirements(city, held_kick_off, state, days):
    assert [check_result(city, key).met for key in KICK_OFF_KEYS] == [True] * 4
    EventFactory(city=city, kind=EventKind.KICK_OFF, starts_at=NOW + timedelta(days=days), **state)

    assert [check_result(city, key).met for key in KICK_OFF_KEYS] == [True] * 4
    assert check_result(city, "kick_off_planned").url.endswith(f"/{held_kick_off.pk}/")


def test_cancelled_events_count_for_nothing(city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    cancelled = {"published_at": NOW, "cancelled_at": NOW, "cancelled_reason": "No room."}
    EventFactory(body=group, starts_at=NOW - timedelta(days=1), minutes="We met.", **cancelled)
    EventFactory(city=city, kind=EventKind.KICK_OFF, location="Town hall", programme="A1", **cancelled)

    assert met_and_reason(city, "first_meeting") == (False, "The expert group has not met yet.")
    assert met_and_reason(city, "kick_off_planned") == (False, "No kick-off has been added yet.")


def test_pact_needs_a_committee_with_municipal_and_private_seats(city):
    committee = BodyFactory(kind=BodyKind.LOCAL_COMMITTEE, city=city)
    MembershipFactory(body=committee, role=Role.MEMBER, seat=Seat.MUNICIPAL)
    assert met_and_reason(city, "committee_seats") == (False, "Vacant seats: private.")
    MembershipFactory(body=committee, role=Role.MEMBER, seat=Seat.PRIVATE)
    assert check_result(city, "committee_seats").met is True


def test_every_pilot_action_needs_owner_budget_and_indicator(city):
    keys = ["actions_owned", "actions_budgeted", "actions_measured"]
    assert {met_and_reason(city, key) for key in keys} == {(False, "The pilot has no actions yet.")}
    actions = ActionFactory.create_batch(5, city=city)
    ActionFactory(city=city, is_pilot=False)
    names = ", ".join(action.title for action in sorted(actions, key=lambda action: action.code_sort)[:3])
    shown = [check_result(city, key).reason for key in keys]
    assert shown == [
        f"Without an owner: {names} and 2 more.",
        f"Without a budget: {names} and 2 more.",
        f"Without an indicator that has a baseline and a target: {names} and 2 more.",
    ]
    owner = OrganisationFactory()
    for action in actions:
        action.owner = owner
        action.save()
        BudgetLineFactory(action=action)
        IndicatorFactory(strategy=action.strategy, action=action, target=1, baseline=0)
    actions[0].budget_lines.update(withdrawn_at=NOW)
    actions[0].budget_status = "none_needed"
    actions[0].save()
    assert [check_result(city, key).met for key in keys] == [True] * 3


def test_last_period_needs_acceptance(city):
    assert met_and_reason(city, "last_period_accepted") == (None, "No period has ended yet.")
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="scheduled")
    assert met_and_reason(city, "last_period_accepted") == (
        False,
        f"{last.period.name} is scheduled, but not accepted yet.",
    )
    move_to(last, "published")
    assert met_and_reason(city, "last_period_accepted") == (True, f"{last.period.name} is published.")


# ---- reasons and links for readers with fewer rights


def results_for(city, reader):
    """Return met and reason of each check. Each link must lead to a page that the reader can open, or to sign-in."""
    client = Client()
    if reader.is_authenticated:
        client.force_login(reader)
    keys = [row.key for rows in gates.GATES.values() for row in rows]
    results = {key: check_result(city, key, reader) for key in keys}
    answers = {key: client.get(result.url).status_code for key, result in results.items()}
    assert {key for key, answer in answers.items() if answer not in {200, 302}} == set()
    return {key: (result.met, result.reason) for key, result in results.items()}


def readers():
    return [AnonymousUser(), member(BodyKind.NETWORK_OFFICE, Role.PARTNER)]


SECRET = "Wintergarten"
ACTION_CHECKS = {"actions_owned", "actions_budgeted", "actions_measured"}


def _secret_events(city):
    """Create an unpublished meeting with minutes, and an unpublished kick-off that names an action."""
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    EventFactory(body=group, city=None, starts_at=NOW - timedelta(days=3), minutes=SECRET)
    programme = f"We present the {SECRET} homework."
    EventFactory(city=city, kind=EventKind.KICK_OFF, starts_at=NOW, location=SECRET, programme=programme)


@pytest.mark.slow
def test_draft_plan_is_in_no_reason_for_the_public_and_partners(city):
    strategy = StrategyFactory(city=city)
    public_and_partner = readers()
    before = {str(reader): results_for(city, reader) for reader in public_and_partner}
    ActionFactory(
        objective=ObjectiveFactory(area__strategy=strategy),
        title=f"{SECRET} homework",
        owner=None,
        budget_status="unknown",
    )

    for reader in public_and_partner:
        after = results_for(city, reader)
        assert SECRET not in str(after)
        assert after["strategy_adopted"] == (False, "There is no adopted strategy yet.")
        assert {key for key in after if after[key] != before[str(reader)][key]} <= ACTION_CHECKS

    assert SECRET in str(results_for(city, member(BodyKind.CITY_OFFICE, Role.VIEWER, city)))


@pytest.mark.slow
def test_words_of_unpublished_events_and_actions_are_hidden_from_the_public(city):
    strategy = StrategyFactory(city=city, published=True, adopted_on="2026-10-01")
    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy), title=f"{SECRET} homework", code="A1")
    _secret_events(city)

    public, partner = (results_for(city, reader) for reader in readers())

    assert SECRET not in str(public)
    assert "20 November" not in str(public)
    assert public["first_meeting"] == (True, "The group has met and the minutes have been added.")
    assert public["kick_off_planned"] == (False, "No kick-off has been added yet.")
    assert partner["kick_off_planned"] == (False, "The kick-off has not been published yet.")
    assert {key: met for key, (met, _reason) in public.items()} == {key: met for key, (met, _words) in partner.items()}


@pytest.mark.slow
def test_published_kick_off_names_only_published_actions_for_the_public(city):
    strategy = StrategyFactory(city=city, published=True)
    published = ActionFactory(
        objective=ObjectiveFactory(area__strategy=strategy), title="Homework cafés", published=True
    )
    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy), title=SECRET)
    _secret_events(city)
    Event.objects.filter(kind=EventKind.KICK_OFF).update(
        published_at=NOW, location="Town hall", programme=f"{published.title} and {SECRET}"
    )

    public = results_for(city, AnonymousUser())

    assert public["kick_off_planned"] == (True, "On 23 November 2026, Town hall.")
    assert public["programme_names_actions"] == (True, "The programme names Homework cafés.")


@pytest.mark.slow
def test_hidden_evaluation_and_period_are_in_no_reason_for_the_public(city):
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="accepted")
    EvaluationFactory(strategy=StrategyFactory(city=city, published=True), round__name=SECRET)

    public, partner = (results_for(city, reader) for reader in readers())

    assert SECRET not in str(public)
    assert public["last_period_accepted"] == (True, "The period report has been accepted.")
    assert public["evaluation_published"] == (False, "No evaluation has been published yet.")
    assert partner["last_period_accepted"] == (True, f"{last.period.name} is accepted.")


def test_number_of_a_hidden_report_is_in_no_reason_for_the_public(city):
    data = accepted_city(city)
    report = reports.issue_report(kind="city_period", city=city, period=data.period, by=data.coordinator)

    public, partner = (met_and_reason(city, "report_issued", reader) for reader in readers())

    assert public == (True, "A report on the city has been issued.")
    assert report.number in partner[1]


# ---- gates with registered checks and waivers


def test_registered_check_decides_whether_the_gate_is_met(city, monkeypatch):
    monkeypatch.setattr(gates, "GATES", {kind: [] for kind in PhaseKind.values})
    phase = PilotPhaseFactory(city=city, kind="pact")
    is_met = []

    for _twice in range(2):
        register_check(
            "pact", "mine", "Mine", lambda city, reader: CheckResult(bool(is_met), "Because."), is_completion=True
        )

    assert [(row.key, row.state, row.is_completion) for row in check_gate(phase, AnonymousUser())] == [
        ("mine", "not_met", True)
    ]
    is_met.append(1)
    assert [(row.state, row.reason, row.url) for row in check_gate(phase, AnonymousUser())] == [("met", "Because.", "")]


def test_requirement_is_waived_and_the_waiver_withdrawn(city, everyone):
    phase = PilotPhaseFactory(city=city)
    by = everyone["coordinator"]
    waiver = phases.waive_requirement(phase, "first_meeting", by=by, reason="Met before the pilot.")

    row = next(row for row in check_gate(phase, by) if row.key == "first_meeting")
    assert (row.state, row.waiver, row.met) == ("waived", waiver, False)
    for key, reason, error in (
        ("first_meeting", "Again.", InputRefused),
        ("nonsense", "x", InputRefused),
        ("swot_and_area", " ", ReasonMissing),
    ):
        with pytest.raises(error):
            phases.waive_requirement(phase, key, by=by, reason=reason)
    for role in ("lead", "partner", "superuser"):
        with pytest.raises(PermissionRefused):
            phases.waive_requirement(phase, "swot_and_area", by=everyone[role], reason="x")
        with pytest.raises(PermissionRefused):
            phases.withdraw_waiver(waiver, by=everyone[role])
    phases.withdraw_waiver(waiver, by=by)
    with pytest.raises(AlreadyWithdrawn):
        phases.withdraw_waiver(waiver, by=by)
    phases.waive_requirement(phase, "first_meeting", by=by, reason="Once more.")
    assert GateWaiver.objects.count() == 2


def test_gates_of_a_city_have_a_query_limit(city, coordinator, django_assert_max_num_queries):
    for kind in reversed(PhaseKind.values):
        phase = PilotPhaseFactory(city=city, kind=kind)
        key = gates.GATES[kind][0].key
        phases.waive_requirement(phase, key, by=coordinator, reason="x")
    ActionFactory.create_batch(3, city=city)

    with django_assert_max_num_queries(16):
        rows = check_gates(City.objects.get(pk=city.pk), coordinator)

    assert [phase.kind for phase, _rows in rows] == PhaseKind.values
    assert [gate[0].waiver.by for _phase, gate in rows] == [coordinator] * 3
    assert gate_checks.GateData.of(city, coordinator) is gate_checks.GateData.of(city, coordinator)
