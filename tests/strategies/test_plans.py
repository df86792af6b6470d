"""Plans: changed with history, adopted, published and withdrawn; dates of phases; completeness."""

from datetime import date
from decimal import Decimal

import pytest

from cities.enums import BodyKind, Role
from cities.services.memberships import hand_over
from core import clock
from core.exceptions import EditConflict, InputRefused, PermissionRefused, ReasonMissing
from pilot.models import PilotPhase
from pilot.services import phases
from strategies.exceptions import AlreadyWithdrawn, StrategyError
from strategies.models import (
    Action,
    ActionUpdate,
    Indicator,
    Milestone,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)
from strategies.selectors.completeness import completeness
from strategies.selectors.history import history_of
from strategies.services import periods, plans, updates
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MilestoneFactory,
    MilestoneReachedFactory,
    ObjectiveFactory,
    PersonFactory,
    PilotPhaseFactory,
    PriorityAreaFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    member,
)
from tests.factories.figures import refresh

from .helpers import an_official, days, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def strategy(city):
    return StrategyFactory(city=city)


@pytest.fixture
def action(city):
    return ActionFactory(city=city)


def test_save_with_stale_version_raises_edit_conflict(action, official, lead):
    plans.save_part(action, by=official, version=1, fields={"title": "One"})

    with pytest.raises(EditConflict) as refused:
        plans.save_part(action, by=lead, version=1, fields={"title": "Two"})

    action.refresh_from_db()
    assert (refused.value.current, action.title, action.version) == (action, "One", 2)
    assert action.history.first().history_user == official


def test_new_action_is_saved_with_its_deputies(city, official):
    objective = ObjectiveFactory(area__strategy=StrategyFactory(city=city))
    person = PersonFactory()
    new = Action(objective=objective)
    fields = {"code": "X1", "title": "New", "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}

    action = plans.save_part(new, by=official, fields=fields, m2m={"deputies": [person]})

    assert (action.version, list(action.deputies.all())) == (1, [person])
    assert {row.history_user for row in action.history.all()} == {official}


def test_user_without_permission_cannot_add_or_change_parts(action, everyone):
    swot = SwotItem(strategy=action.strategy)

    for role in ("other_official", "expert", "coordinator", "superuser", "former"):
        with pytest.raises(PermissionRefused):
            plans.save_part(swot, by=everyone[role], fields={"kind": "strength", "text": "x"})
        with pytest.raises(PermissionRefused):
            plans.save_part(action, by=everyone[role], version=1, fields={"title": "x"})


def test_invalid_input_is_reported_by_field(action, official):
    with pytest.raises(InputRefused) as refused:
        plans.save_part(action, by=official, version=1, fields={"title": "", "ends_on": date(2000, 1, 1)})

    assert {"title"} <= set(refused.value.errors)
    with pytest.raises(InputRefused) as refused:
        plans.save_part(action, by=official, version=1, fields={"ends_on": date(2000, 1, 1)})
    assert set(refused.value.errors) == {"ends_on"}


def test_services_refuse_what_forms_show_at_fields(action, official):
    both = {"objective": action.objective, "action": action, "no_baseline_reason": ""}
    years = {"year_from": 2028, "year_to": 2026}

    with pytest.raises(InputRefused) as of_indicator:
        plans.save_part(IndicatorFactory(strategy=action.strategy), by=official, version=1, fields=both)
    with pytest.raises(InputRefused) as of_strategy:
        plans.save_part(action.strategy, by=official, version=1, fields=years)

    assert set(of_indicator.value.errors) == {"action", "no_baseline_reason"}
    assert set(of_strategy.value.errors) == {"year_to"}


def test_target_change_of_an_indicator_with_values_needs_a_reason(action, official):
    indicator = IndicatorFactory(strategy=action.strategy, target=5)
    plans.save_part(indicator, by=official, version=1, fields={"target": 6})
    IndicatorValueFactory(indicator=indicator)

    for given, missing in (
        ({}, {"cause", "reason"}),
        ({"reason": "Why."}, {"cause"}),
        ({"cause": "means"}, {"reason"}),
    ):
        with pytest.raises(InputRefused) as refused:
            plans.save_part(indicator, by=official, version=2, fields={"target": 7}, **given)
        assert set(refused.value.errors) == missing
    plans.save_part(indicator, by=official, version=2, fields={"target": 6, "name": "Other"})
    plans.save_part(
        indicator, by=official, version=3, fields={"target": 7}, cause="decision", reason="The council raised it."
    )

    assert history_of(indicator)[0].reason == "Decision by the city: The council raised it."
    assert Indicator.objects.get().target == 7


def test_weight_change_of_a_reached_milestone_needs_a_reason(action, official):
    milestone = MilestoneFactory(action=action)
    plans.save_part(milestone, by=official, fields={"weight": 2})
    MilestoneReachedFactory(update=ActionUpdateFactory(action=action), milestone=milestone)

    with pytest.raises(InputRefused):
        plans.save_part(milestone, by=official, fields={"weight": 3})
    plans.save_part(milestone, by=official, fields={"weight": 3}, cause="evidence", reason="Larger than thought.")

    assert Milestone.objects.get().weight == 3


@pytest.mark.parametrize(
    "changes", [{"unit": "per cent"}, {"direction": "down"}, {"across_periods": "sum"}, {"counts_people": True}]
)
def test_definition_change_of_an_indicator_with_values_needs_a_reason(action, official, changes):
    indicator = IndicatorFactory(strategy=action.strategy)
    IndicatorValueFactory(indicator=indicator)

    with pytest.raises(InputRefused) as refused:
        plans.save_part(indicator, by=official, version=1, fields=changes)
    plans.save_part(indicator, by=official, version=1, fields=changes, cause="method", reason="Counted anew.")

    assert set(refused.value.errors) == {"cause", "reason"}
    assert history_of(indicator)[0].reason.endswith(": Counted anew.")


def test_withdrawal_of_an_indicator_with_values_needs_a_reason(action, official):
    indicator = IndicatorFactory(strategy=action.strategy)
    IndicatorValueFactory(indicator=indicator)

    with pytest.raises(ReasonMissing):
        plans.withdraw_part(indicator, by=official, reason=" ")
    plans.withdraw_part(indicator, by=official, reason="Nobody counts it any more.")

    assert history_of(indicator)[0].reason == "Nobody counts it any more."


def test_strategy_is_adopted_then_published_with_its_actions(strategy, city, lead, official):
    action, withdrawn = ActionFactory(city=city), ActionFactory(city=city)
    plans.withdraw_part(withdrawn, by=lead, reason="Merged.")

    with pytest.raises(StrategyError, match="cannot be published"):
        plans.publish_strategy(strategy, by=lead)
    with pytest.raises(StrategyError, match="Publish the strategy first"):
        plans.publish_action(action, by=lead)
    with pytest.raises(InputRefused, match="future"):
        plans.adopt_strategy(strategy, by=lead, on=city.today + days(1))
    with pytest.raises(PermissionRefused):
        plans.adopt_strategy(strategy, by=official, on=city.today)
    plans.adopt_strategy(strategy, by=lead, on=city.today)
    published = plans.publish_strategy(strategy, by=lead)
    with pytest.raises(StrategyError, match="already been published"):
        plans.publish_strategy(strategy, by=lead)

    action.refresh_from_db()
    assert (published.published_at is not None, published.adopted_on) == (True, city.today)
    assert action.published_at is not None
    assert list(Action.objects.filter(published_at=None)) == [withdrawn]
    new = ActionFactory(city=city)
    assert plans.publish_action(new, by=lead).published_at is not None
    with pytest.raises(StrategyError, match="already been published"):
        plans.publish_action(new, by=lead)
    with pytest.raises(AlreadyWithdrawn):
        plans.publish_action(withdrawn, by=lead)


def test_action_is_withdrawn_once_with_a_reason(action, official):
    with pytest.raises(ReasonMissing):
        plans.withdraw_part(action, by=official, reason="")
    plans.withdraw_part(action, by=official, reason="Merged.")
    with pytest.raises(AlreadyWithdrawn):
        plans.withdraw_part(action, by=official, reason="Again.")


def test_parts_in_use_cannot_be_withdrawn(action, official, everyone):
    swot = SwotItem.objects.create(strategy=action.strategy, kind="strength", text="x")
    risk = Risk.objects.create(strategy=action.strategy, text="x")
    reached, free = MilestoneFactory.create_batch(2, action=action)
    spent, unspent = BudgetLineFactory.create_batch(2, action=action)
    update = ActionUpdateFactory(action=action, spent=1, budget_line=spent)
    MilestoneReachedFactory(update=update, milestone=reached)

    with pytest.raises(ReasonMissing):
        plans.withdraw_part(free, by=official)
    plans.withdraw_part(free, by=official, reason="It was part of the other.")
    other_milestone = MilestoneFactory(action=ActionFactory(city=action.city))
    for part in (swot, risk, other_milestone, unspent, IndicatorFactory(strategy=action.strategy)):
        assert plans.withdraw_part(part, by=official).withdrawn_at
        with pytest.raises(AlreadyWithdrawn):
            plans.withdraw_part(part, by=official)
    for part, words in ((reached, "reports this milestone as reached"), (spent, "has been spent")):
        with pytest.raises(StrategyError, match=words):
            plans.withdraw_part(part, by=official)
    with pytest.raises(PermissionRefused):
        plans.withdraw_part(reached, by=everyone["other_official"])


# ---- phases


@pytest.fixture
def phase(city):
    return PilotPhaseFactory(city=city)


def test_phase_dates_are_set_by_lead_official_and_coordinator(everyone, phase):
    day = phase.city.today
    for role in ("lead", "coordinator"):
        phase = phases.set_dates(phase, by=everyone[role], version=phase.version, actual_start=day)
    for role in ("official", "partner", "superuser"):
        with pytest.raises(PermissionRefused):
            phases.set_dates(phase, by=everyone[role], actual_start=day)
    with pytest.raises(EditConflict):
        phases.set_dates(phase, by=everyone["lead"], version=1, actual_start=None)

    assert (phase.version, phase.actual_start, phase.planned_end) == (3, day, date(2026, 12, 31))


@pytest.mark.parametrize(
    "dates, field",
    [
        ({"planned_end": date(2025, 1, 1)}, "planned_end"),
        ({"actual_end": date(2026, 2, 1)}, "actual_start"),
        ({"actual_start": date(2026, 3, 1), "actual_end": date(2026, 2, 1)}, "actual_end"),
        ({"actual_start": date(2100, 1, 1)}, "actual_start"),
    ],
)
def test_phase_dates_are_validated(lead, phase, dates, field):
    with pytest.raises(InputRefused) as refused:
        phases.set_dates(phase, by=lead, **dates)

    assert set(refused.value.errors) == {field}


def test_phase_is_created_once_by_coordinator_or_lead_official(city, coordinator, official, lead):
    dates = {"planned_start": date(2026, 1, 1), "planned_end": date(2026, 6, 30)}

    phases.create_phase(city, "pact", by=coordinator, **dates)
    phases.create_phase(city, "kick_off", by=lead, **dates)

    assert {row.kind for row in PilotPhase.objects.all()} == {"pact", "kick_off"}
    with pytest.raises(PermissionRefused):
        phases.create_phase(city, "coordination", by=official, **dates)
    with pytest.raises(StrategyError, match="already has dates"):
        phases.create_phase(city, "pact", by=lead, **dates)


# ---- handover


def test_handover_reassigns_the_actions_of_the_city(city, other_city, official, lead):
    leaving, new = official.person, member(BodyKind.CITY_OFFICE, Role.VIEWER, city).person
    mine, deputy_only, both = ActionFactory.create_batch(3, city=city)
    elsewhere = ActionFactory(city=other_city, responsible=leaving)
    Action.objects.filter(pk=mine.pk).update(responsible=leaving)
    Action.objects.filter(pk=both.pk).update(responsible=new)
    for action in (deputy_only, both):
        action.deputies.add(leaving)

    hand_over(leaving.memberships.get(), to=new, by=lead)

    mine.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (mine.responsible, elsewhere.responsible) == (new, leaving)
    assert (list(deputy_only.deputies.all()), list(both.deputies.all())) == ([new], [])
    assert mine.history.first().history_user == lead


def test_handover_in_the_network_office_reassigns_no_actions(city, coordinator):
    other = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
    action = ActionFactory(city=city, responsible=coordinator.person)

    hand_over(coordinator.person.memberships.get(), to=PersonFactory(), by=other)

    action.refresh_from_db()
    assert action.responsible == coordinator.person


# ---- completeness


def test_completeness_lists_missing_items(city, official, lead, everyone):
    city_period = CityPeriodFactory(city=city)
    reported = ActionFactory(city=city, responsible=official.person)
    unreported = ActionFactory(city=city)
    ActionFactory(city=city, starts_on=city_period.period.ends_on + days(1))
    ActionFactory(city=city, withdrawn_at=clock.now(), withdrawn_reason="x")
    indicator = IndicatorFactory(strategy=reported.strategy)
    updates.log_update(reported, by=official, data=update_input())

    before = completeness(city_period)
    periods.save_narrative(city_period, by=lead, text="Good.", language="en")
    periods.endorse_period(city_period, by=everyone["expert"])
    updates.log_update(unreported, by=official, data=update_input(values={indicator: Decimal(1)}))
    Action.objects.filter(pk=unreported.pk).update(responsible=official.person)
    refresh([unreported.pk])
    after = completeness(city_period)

    assert (before.done_count, before.total, before.is_complete) == (1, 4, False)
    assert [(row.kind, row.pk) for row in before.missing] == [
        ("action", unreported.pk),
        ("owner", unreported.pk),
        ("indicator", indicator.pk),
        ("narrative", None),
        ("endorsement", None),
    ]
    assert all(row.url for row in before.missing)
    assert (after.done_count, after.is_complete, after.missing, after.is_endorsed) == (4, True, [], True)


@pytest.mark.parametrize(
    "state, is_said", [("open", True), ("returned", True), ("submitted", False), ("published", False)]
)
def test_period_can_be_submitted_without_endorsement_only_before_it_is(city_period, state, is_said):
    city_period.state = state

    text = next(row.text for row in completeness(city_period).missing if row.kind == "endorsement")

    assert ("can submit without" in text) == is_said


@pytest.mark.parametrize("stage, is_due", [("completed", False), ("cancelled", False), ("ongoing", True)])
def test_action_ended_in_an_earlier_period_is_not_required(city, stage, is_due):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))
    action = ActionFactory(city=city)
    ActionUpdateFactory(action=action, city_period=before, stage=stage, date=before.period.ends_on)

    assert completeness(now).actions == int(is_due)


@pytest.mark.parametrize("starts_on, is_due", [(date(2026, 7, 1), False), (date(2026, 10, 1), True)])
def test_yearly_value_is_required_in_the_last_period_of_the_year(city, starts_on, is_due):
    city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(starts_on=starts_on))
    IndicatorFactory(strategy=StrategyFactory(city=city), frequency="year")

    assert completeness(city_period).indicators == int(is_due)


@pytest.mark.parametrize("count", [1, 5])
def test_completeness_query_count_is_constant(city, count, django_assert_num_queries):
    city_period = CityPeriodFactory(city=city)
    ActionFactory.create_batch(count, city=city)
    IndicatorFactory.create_batch(count, strategy=Strategy.objects.get())

    with django_assert_num_queries(5):  # one for recommendations
        assert completeness(city_period).actions == count
    assert ActionUpdate.objects.count() == 0


# ---- the same code saved at the same moment


@pytest.fixture
def _check_before_the_other_commits(monkeypatch):
    """Let the first check pass, as it does before the transaction of another user is committed."""
    answers, check = iter([False]), plans.validate
    monkeypatch.setattr(plans, "validate", lambda row: check(row) if next(answers, True) else None)


@pytest.mark.usefixtures("_check_before_the_other_commits")
def test_code_taken_meanwhile_is_refused_in_words(strategy, lead):
    taken = PriorityAreaFactory(strategy=strategy)
    fields = {"code": taken.code, "title": "Same code", "theme": taken.theme}

    with pytest.raises(InputRefused) as refused:
        plans.save_part(PriorityArea(strategy=strategy), by=lead, fields=fields)

    assert refused.value.errors
    assert strategy.areas.count() == 1


def test_other_constraint_broken_meanwhile_is_refused_in_words(strategy, lead, monkeypatch):
    taken = PriorityAreaFactory(strategy=strategy)
    monkeypatch.setattr(plans, "validate", lambda row: None)
    fields = {"code": taken.code, "title": "Same code", "theme": taken.theme}

    with pytest.raises(StrategyError, match="just saved"):
        plans.save_part(PriorityArea(strategy=strategy), by=lead, fields=fields)


def test_strategy_is_not_adopted_in_a_mistyped_year(city, lead):
    strategy = StrategyFactory(city=city, status="draft", adopted_on=None)

    with pytest.raises(InputRefused, match="year"):
        plans.adopt_strategy(strategy, by=lead, on=date(206, 5, 1))
