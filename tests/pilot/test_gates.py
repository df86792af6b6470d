"""Gates: the requirements of each pilot phase, computed from bodies, events and plans, and their waivers."""

from datetime import UTC, datetime, timedelta

import pytest

from cities.enums import BodyKind, EventKind, Role, Seat
from cities.models import Attendance, City
from core import clock
from pilot import gate_checks, gates
from pilot.enums import PhaseKind
from pilot.gates import CheckResult, check_gate, check_gates, register_check
from pilot.models import GateWaiver
from pilot.services import phases
from strategies.exceptions import AlreadyWithdrawn, InputRefused, PermissionRefused, ReasonMissing
from strategies.models import PriorityArea, SwotItem
from tests.factories import (
    ActionFactory,
    BodyFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    EventFactory,
    IndicatorFactory,
    MembershipFactory,
    OrganisationFactory,
    PilotPhaseFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    move_to,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fixed_date():
    with clock.at(NOW):
        yield


def check_result(city, key):
    """Return the result of the check for the current data."""
    fresh = City.objects.get(pk=city.pk)
    check = next(row.check for rows in gates.GATES.values() for row in rows if row.key == key)
    return check(fresh)


def met_and_reason(city, key):
    result = check_result(city, key)
    assert result.url.startswith("/")
    return result.met, result.reason


def test_expert_group_needs_three_seats_and_a_chair(city):
    assert met_and_reason(city, "expert_group_seats") == (False, "The body does not exist yet.")
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    MembershipFactory(body=group, role=Role.MEMBER, seat=Seat.MUNICIPAL_OFFICIAL)
    ended = MembershipFactory(body=group, role=Role.CHAIR, seat=Seat.TECHNICAL_PARTNER, valid_to="2025-01-01")

    missing_seats = met_and_reason(city, "expert_group_seats")
    assert missing_seats == (False, "Still to find: technical partner, selected expert.")
    assert met_and_reason(city, "expert_group_chair") == (False, "It has no chair yet.")
    ended.valid_to = None
    ended.save()
    MembershipFactory(body=group, role=Role.MEMBER, seat=Seat.SELECTED_EXPERT)
    assert met_and_reason(city, "expert_group_seats") == (True, "Each of these seats is taken.")
    assert met_and_reason(city, "expert_group_chair") == (True, "It has a chair.")


def test_first_meeting_needs_a_past_event_with_minutes(city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    EventFactory(body=group, city=None, starts_at=NOW + timedelta(days=3), minutes="Planned.")

    assert met_and_reason(city, "first_meeting") == (False, "It has not met yet.")
    event = EventFactory(body=group, city=None, starts_at=NOW - timedelta(days=3))
    assert met_and_reason(city, "first_meeting") == (False, "It met on 20 November 2026, but there are no minutes yet.")
    event.minutes = "We agreed."
    event.save()
    assert met_and_reason(city, "first_meeting") == (True, "It met on 20 November 2026; the minutes are there.")


def test_strategy_needs_adoption_swot_items_and_an_area(city):
    assert met_and_reason(city, "strategy_adopted") == (False, "There is no strategy yet.")
    assert met_and_reason(city, "swot_and_area") == (False, "There is no strategy yet.")
    strategy = StrategyFactory(city=city)
    assert met_and_reason(city, "strategy_adopted") == (False, "The strategy is a draft.")
    assert met_and_reason(city, "swot_and_area")[0] is False
    SwotItem.objects.create(strategy=strategy, kind="strength", text="x")
    assert met_and_reason(city, "swot_and_area") == (False, "The strategy has no priority area yet.")
    PriorityArea.objects.create(strategy=strategy, code="A", title="x")
    strategy.status, strategy.adopted_on = "adopted", "2026-10-01"
    strategy.save()
    assert met_and_reason(city, "strategy_adopted") == (True, "Adopted on 1 October 2026.")
    assert met_and_reason(city, "swot_and_area") == (True, "Both are there.")


def test_expert_group_needs_a_meeting_in_every_period_of_the_pilot(city):
    assert met_and_reason(city, "met_in_every_period") == (None, "No period of the pilot is over yet.")
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
    assert met_and_reason(city, "met_in_every_period") == (True, "It met in all 2 periods so far.")


def test_kick_off_needs_date_place_programme_attendance_and_documentation(city):
    action = ActionFactory(city=city, code="A1", title="Homework cafés")
    keys = ["kick_off_planned", "programme_names_actions", "kick_off_attended", "kick_off_documented"]
    assert {met_and_reason(city, key) for key in keys} == {(False, "There is no kick-off event yet.")}
    event = EventFactory(city=city, kind=EventKind.KICK_OFF, starts_at=NOW + timedelta(days=1))
    assert [check_result(city, key).met for key in keys] == [False, False, None, None]

    event.location, event.programme = "Town hall", "Welcome, and A10 with coffee."
    event.save()
    assert met_and_reason(city, "kick_off_planned") == (True, "On 24 November 2026, Town hall.")
    assert met_and_reason(city, "programme_names_actions") == (False, "The programme names no action of the pilot.")
    for words in ("We present A1.", "We present the HOMEWORK CAFÉS."):
        event.programme = words
        event.save()
        assert met_and_reason(city, "programme_names_actions") == (True, f"It names {action.title}.")

    with clock.at(NOW + timedelta(days=2)):
        assert [check_result(city, key).met for key in keys[2:]] == [False, False]
        Attendance.objects.create(event=event, label="Guests", count=40)
        event.documentation = "Forty people came."
        event.save()
        assert [check_result(city, key).met for key in keys] == [True] * 4


def test_pact_needs_a_committee_with_municipal_and_private_seats(city):
    committee = BodyFactory(kind=BodyKind.LOCAL_COMMITTEE, city=city)
    MembershipFactory(body=committee, role=Role.MEMBER, seat=Seat.MUNICIPAL)
    assert met_and_reason(city, "committee_seats") == (False, "Still to find: private.")
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
        f"Without an indicator that has baseline and target: {names} and 2 more.",
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
    assert met_and_reason(city, "last_period_accepted") == (None, "No period is over yet.")
    last = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="scheduled")
    assert met_and_reason(city, "last_period_accepted") == (
        False,
        f"{last.period.name} is scheduled, not yet accepted.",
    )
    move_to(last, "published")
    assert met_and_reason(city, "last_period_accepted") == (True, f"{last.period.name} is published.")


# ---- gates with registered checks and waivers


def test_registered_check_decides_whether_the_gate_is_met(city, monkeypatch):
    monkeypatch.setattr(gates, "GATES", {kind: [] for kind in PhaseKind.values})
    phase = PilotPhaseFactory(city=city, kind="pact")
    is_met = []

    for _twice in range(2):
        register_check("pact", "mine", "Mine", lambda city: CheckResult(bool(is_met), "Because."), is_completion=True)

    assert [(row.key, row.state, row.is_completion) for row in check_gate(phase)] == [("mine", "not_met", True)]
    is_met.append(1)
    assert [(row.state, row.reason, row.url) for row in check_gate(phase)] == [("met", "Because.", "")]


def test_requirement_is_waived_and_the_waiver_withdrawn(city, everyone):
    phase = PilotPhaseFactory(city=city)
    by = everyone["coordinator"]
    waiver = phases.waive_requirement(phase, "first_meeting", by=by, reason="Met before the pilot.")

    row = next(row for row in check_gate(phase) if row.key == "first_meeting")
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

    with django_assert_max_num_queries(14):
        rows = check_gates(City.objects.get(pk=city.pk))

    assert [phase.kind for phase, _rows in rows] == PhaseKind.values
    assert [gate[0].waiver.by for _phase, gate in rows] == [coordinator] * 3
    assert gate_checks.GateData.of(city) is gate_checks.GateData.of(city)
