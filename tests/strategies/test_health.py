"""Health of actions: the SQL and Python computations agree, and the reason names the figures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import example, given
from hypothesis import strategies as st

from core import clock
from strategies.enums import Health, ImplementationStage
from strategies.models import Action, ActionUpdate, Milestone, MilestoneDropped, MilestoneReached
from strategies.models.health import (
    HealthInputs,
    explain,
    health_inputs,
    health_of,
    health_reason,
)
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    BudgetLineFactory,
    CityFactory,
    CityPeriodFactory,
    MilestoneFactory,
    MilestoneReachedFactory,
    PersonFactory,
    ReportingPeriodFactory,
    UserFactory,
)
from tests.factories.figures import refresh
from tests.proofs import examples

TODAY = date(2026, 11, 23)
NEAR = st.integers(-200, 200)


@st.composite
def plans(draw):
    """Draw an action as plain data, with dates as days from today."""
    start = draw(NEAR)
    update = st.fixed_dictionaries(
        {
            "day": st.integers(-200, 0),
            "stage": st.sampled_from(ImplementationStage.values),
            "progress": st.none() | st.integers(0, 100),
            "is_withdrawn": st.booleans(),
        }
    )
    updates = draw(st.lists(update, max_size=4))
    milestone = st.fixed_dictionaries(
        {
            "due": NEAR,
            "weight": st.integers(1, 5),
            "is_withdrawn": st.booleans(),
            "by": st.none() | st.integers(0, 3),
            "dropped_by": st.none() | st.integers(0, 3),
        }
    )
    return {
        "start": start,
        "end": start + draw(st.integers(0, 300)),
        "has_responsible": draw(st.booleans()),
        "updates": updates,
        "milestones": draw(st.lists(milestone, max_size=4)),
    }


def day(offset):
    return TODAY + timedelta(days=offset)


def store(plan, shared_data):
    """Store the plan as rows without the services, so that any history is possible."""
    action = ActionFactory(
        objective=shared_data.objective,
        starts_on=day(plan["start"]),
        ends_on=day(plan["end"]),
        responsible=shared_data.person if plan["has_responsible"] else None,
    )
    withdrawn = {"withdrawn_at": clock.now(), "withdrawn_reason": "x"}
    updates = [
        ActionUpdate.objects.create(
            action=action,
            city_period=shared_data.city_period,
            author=shared_data.author,
            date=day(row["day"]),
            text="x",
            language="en",
            stage=row["stage"],
            progress=row["progress"],
            **(withdrawn if row["is_withdrawn"] else {}),
        )
        for row in plan["updates"]
    ]
    for planned in plan["milestones"]:
        milestone = Milestone.objects.create(
            action=action,
            title="x",
            due_on=day(planned["due"]),
            weight=planned["weight"],
            withdrawn_at=clock.now() if planned["is_withdrawn"] else None,
        )
        if planned["by"] is not None and planned["by"] < len(updates):
            MilestoneReached.objects.create(update=updates[planned["by"]], milestone=milestone)
        if planned["dropped_by"] is not None and planned["dropped_by"] < len(updates):
            MilestoneDropped.objects.create(update=updates[planned["dropped_by"]], milestone=milestone)
    refresh([action.pk])
    return action


def percentage(part: int, whole: int) -> int:
    """Return the share in per cent, rounded halves up; 100 only for the whole and 0 only for nothing."""
    rounded = (200 * part + whole) // (2 * whole)
    return rounded if part in (0, whole) else min(max(rounded, 1), 99)


def progress_of(milestones: list[tuple[int, bool]], stage: str | None, stated: int | None) -> int:
    """Return progress in per cent: by weight of ``milestones`` (weight, reached), else as last stated in an update."""
    whole = sum(weight for weight, _reached in milestones)
    if stage == ImplementationStage.COMPLETED:
        return 100
    if whole:
        return percentage(sum(weight for weight, reached in milestones if reached), whole)
    return stated or 0


def expected_of(starts_on: date, ends_on: date, today: date) -> int:
    if ends_on <= today:
        return 100
    if starts_on >= today:
        return 0
    return percentage((today - starts_on).days, (ends_on - starts_on).days)


def expected_inputs(plan):
    """Return the expected health inputs, computed from the plain data in Python."""
    active = [(row["day"], index, row) for index, row in enumerate(plan["updates"]) if not row["is_withdrawn"]]
    newest = max(active, key=lambda row: row[:2])[2] if active else None
    with_progress = [row for row in active if row[2]["progress"] is not None]
    stated = max(with_progress, key=lambda row: row[:2])[2]["progress"] if with_progress else None
    active_indexes = {index for _day, index, _row in active}
    active_milestones = [row for row in plan["milestones"] if not row["is_withdrawn"]]
    milestones = [
        (row, row["by"] in active_indexes)
        for row in active_milestones
        if row["by"] in active_indexes or row["dropped_by"] not in active_indexes
    ]
    open_due_days = [row["due"] for row, is_reached in milestones if not is_reached]
    stage = newest["stage"] if newest else None
    return HealthInputs(
        stage=stage,
        starts_on=day(plan["start"]),
        ends_on=day(plan["end"]),
        next_milestone_on=day(min(open_due_days)) if open_due_days else None,
        last_update_on=day(newest["day"]) if newest else None,
        progress=progress_of([(row["weight"], is_reached) for row, is_reached in milestones], stage, stated),
        expected=expected_of(day(plan["start"]), day(plan["end"]), TODAY),
        has_responsible=plan["has_responsible"],
        today=TODAY,
        milestones=len(active_milestones),
        milestones_reached=sum(is_reached for _row, is_reached in milestones),
    )


@pytest.fixture
def shared_data(city):
    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    return SimpleNamespace(
        city_period=city_period, objective=action.objective, person=PersonFactory(), author=UserFactory()
    )


def boundary_plans():
    """Return plans for the day before, on and after each threshold of the rules."""
    ongoing = {"stage": "ongoing", "progress": 80, "is_withdrawn": False}
    with_responsible = {"has_responsible": True, "milestones": []}
    stale = [
        {"start": -100, "end": 300, "updates": [ongoing | {"day": day}]} | with_responsible for day in (-91, -90, -89)
    ]
    ending = [{"start": -10, "end": end, "updates": [ongoing | {"day": -1}]} | with_responsible for end in (-1, 0, 1)]
    starting = [{"start": start, "end": 50, "updates": []} | with_responsible for start in (-1, 0, 1)]
    due = {"weight": 1, "is_withdrawn": False, "by": None, "dropped_by": None}
    milestone_due = [
        {"start": -1, "end": 300, "has_responsible": True, "updates": [], "milestones": [due | {"due": day}]}
        for day in (-1, 0, 1)
    ]
    behind = [
        {"start": -50, "end": 50, "updates": [ongoing | {"day": 0, "progress": done}]} | with_responsible
        for done in (34, 35, 36)
    ]
    paused = [
        {"start": -300, "end": -1, "updates": [ongoing | {"day": -200, "stage": "paused"}], "has_responsible": False}
        | {"milestones": [due | {"due": -5}]}
    ]
    dropped = [
        {"start": -300, "end": 300, "updates": [ongoing | {"day": -1, "stage": stage}], "has_responsible": True}
        | {"milestones": [due | {"due": -5, "dropped_by": 0}, due | {"due": -9, "by": 0, "dropped_by": 0}]}
        for stage in ("completed", "ongoing")
    ]
    return [*stale, *ending, *starting, *milestone_due, *behind, *paused, *dropped]


@pytest.mark.prove
@pytest.mark.slow
@example(boundary_plans())
@examples(few=20, many=2_000)
@given(st.lists(plans(), min_size=1, max_size=6))
def test_sql_and_python_agree(shared_data, all_plans):
    with transaction.atomic():
        stored = {store(plan, shared_data).pk: plan for plan in all_plans}

        rows = list(Action.objects.filter(pk__in=stored).with_health(TODAY))

        transaction.set_rollback(True)
    expected = {pk: expected_inputs(plan) for pk, plan in stored.items()}
    assert {row.pk: health_inputs(row) for row in rows} == expected
    assert {row.pk: row.health for row in rows} == {pk: health_of(facts) for pk, facts in expected.items()}
    assert all(health_reason(row) for row in rows)


FACTS = HealthInputs(
    stage="ongoing",
    starts_on=TODAY - timedelta(days=100),
    ends_on=TODAY + timedelta(days=100),
    next_milestone_on=None,
    last_update_on=TODAY - timedelta(days=1),
    progress=50,
    expected=50,
    has_responsible=True,
    today=TODAY,
)


@pytest.mark.parametrize(
    "changes, health, words",
    [
        ({}, Health.ON_TRACK, "Progress is 50%, expected by now 50%."),
        ({"stage": "cancelled", "ends_on": day(-5)}, Health.CANCELLED, "Reported as cancelled on 22 November 2026."),
        ({"stage": "completed", "ends_on": day(-5)}, Health.DONE, "Reported as completed on 22 November 2026."),
        (
            {"stage": "completed", "milestones": 3, "milestones_reached": 2},
            Health.DONE,
            "Reported as completed on 22 November 2026. 2 of 3 milestones reached.",
        ),
        (
            {"stage": "completed", "milestones": 3, "milestones_reached": 3},
            Health.DONE,
            "Reported as completed on 22 November 2026.",
        ),
        (
            {"stage": "paused", "ends_on": day(-5), "next_milestone_on": day(-9), "last_update_on": day(-95)},
            Health.PAUSED,
            "Paused. Last update on 20 August 2026.",
        ),
        ({"stage": None, "starts_on": day(1), "last_update_on": None}, Health.NOT_STARTED, "24 November 2026"),
        ({"stage": "planned", "starts_on": day(1)}, Health.NOT_STARTED, "Starts on 24 November 2026."),
        ({"stage": "ongoing", "starts_on": day(1)}, Health.ON_TRACK, "Progress"),
        ({"stage": None, "starts_on": TODAY, "last_update_on": None}, Health.ON_TRACK, "Progress"),
        ({"ends_on": TODAY}, Health.ON_TRACK, "Progress"),
        ({"ends_on": day(-1)}, Health.LATE, "1 day ago. Progress is 50%"),
        ({"ends_on": day(-12)}, Health.LATE, "12 days ago. Progress is 50%"),
        ({"next_milestone_on": TODAY}, Health.ON_TRACK, "Progress"),
        ({"next_milestone_on": day(-1)}, Health.LATE, "A milestone was due on 22 November 2026, 1 day ago."),
        ({"last_update_on": day(-89)}, Health.ON_TRACK, "Progress"),
        ({"last_update_on": day(-90)}, Health.STALE, "90 days ago"),
        ({"last_update_on": None}, Health.STALE, "No update since the start on 15 August 2026, 100 days ago."),
        ({"last_update_on": day(-95), "starts_on": day(-80)}, Health.ON_TRACK, "Progress"),
        ({"progress": 36}, Health.ON_TRACK, "36%"),
        ({"progress": 35}, Health.AT_RISK, "Progress is 35%, expected by now 50%."),
        ({"has_responsible": False}, Health.AT_RISK, "No responsible person. Progress is 50%, expected 50%."),
        ({"has_responsible": False, "progress": 0}, Health.AT_RISK, "Progress is 0%, expected by now 50%."),
    ],
)
def test_health_follows_the_first_matching_rule(changes, health, words):
    facts = FACTS._replace(**changes)

    assert health_of(facts) == health
    assert words in explain(facts)


@pytest.mark.parametrize(
    "milestones, stage, stated, progress",
    [
        ([(1, True), (2, False)], "ongoing", 90, 33),
        ([(1, True), (2, False)], "completed", None, 100),
        ([(1, True), (1, True), (1, False)], "ongoing", None, 67),
        ([(1, True), (7, False)], "ongoing", None, 13),
        ([(3, True)], None, None, 100),
        ([], "completed", 40, 100),
        ([], "ongoing", 40, 40),
        ([], None, None, 0),
    ],
)
def test_progress_is_computed_from_milestones_when_present(milestones, stage, stated, progress):
    assert progress_of(milestones, stage, stated) == progress


@pytest.mark.parametrize("today, expected", [(0, 0), (1, 10), (9, 90), (10, 100), (11, 100), (-1, 0)])
def test_expected_progress_is_linear(today, expected):
    assert expected_of(day(0), day(10), day(today)) == expected


@pytest.mark.django_db
def test_progress_in_sql_is_rounded_like_python():
    action = ActionFactory()
    reached = MilestoneFactory.create_batch(3, action=action)[:2]
    update = ActionUpdateFactory(action=action)
    for milestone in reached:
        MilestoneReachedFactory(milestone=milestone, update=update)

    assert Action.objects.with_health().get(pk=action.pk).progress == 67


@pytest.mark.parametrize(
    "hour, healths",
    [
        (12, {"Europe/Riga": "on_track", "America/New_York": "on_track"}),
        (23, {"Europe/Riga": "late", "America/New_York": "on_track"}),
    ],
)
@pytest.mark.django_db
def test_today_depends_on_the_timezone_of_the_city(hour, healths):
    """At 23:00 UTC on the last day it is already the next day in Riga, but not in New York."""
    with clock.at(datetime(2026, 11, 23, hour, tzinfo=UTC)):
        for zone in healths:
            action = ActionFactory(
                city=CityFactory(timezone=zone), ends_on=TODAY, starts_on=day(-10), responsible=PersonFactory()
            )
            ActionUpdateFactory(action=action, date=TODAY, progress=100)

        rows = Action.objects.with_related().with_health()

        assert {row.city.timezone: row.health for row in rows} == healths
        assert {row.local_today == row.city.today for row in rows} == {True}


@pytest.mark.django_db
def test_money_counts_active_budget_lines_and_updates_once(city):
    action = ActionFactory(city=city)
    MilestoneFactory.create_batch(2, action=action)
    BudgetLineFactory.create_batch(2, action=action, amount="100.50")
    BudgetLineFactory(action=action, amount="7", withdrawn_at=clock.now())
    for spent in ("10", "-2.25", None):
        ActionUpdateFactory(action=action, spent=spent, spent_reason="Refund.")
    ActionUpdateFactory(action=action, spent="900", withdrawn_at=clock.now(), withdrawn_reason="Wrong.")

    row = Action.objects.with_health().with_money().get()

    assert (row.budget_total, row.spent_total) == (Decimal("201"), Decimal("7.75"))


@pytest.mark.django_db
def test_health_and_money_can_exclude_later_periods(city):
    now, later = CityPeriodFactory(city=city), CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1))
    action = ActionFactory(city=city)
    milestone = MilestoneFactory(action=action)
    ActionUpdateFactory(action=action, city_period=now, spent=1, date=clock.today() - timedelta(days=3))
    update = ActionUpdateFactory(action=action, city_period=later, stage="completed", spent=2)
    MilestoneReachedFactory(update=update, milestone=milestone)

    then = Action.objects.with_health_inputs(clock.today(), now.period).with_money(upto=now.period).get()
    today = Action.objects.with_health().with_money().get()

    assert (then.current_stage, then.progress, then.spent_total) == ("ongoing", 0, 1)
    assert (today.current_stage, today.progress, today.spent_total) == ("completed", 100, 3)


@pytest.mark.parametrize("row_count", [1, 5])
@pytest.mark.django_db
def test_action_list_with_health_is_one_query(city, row_count, django_assert_num_queries):
    for action in ActionFactory.create_batch(row_count, city=city, responsible=PersonFactory()):
        ActionUpdateFactory.create_batch(2, action=action)
        MilestoneFactory(action=action)

    with django_assert_num_queries(1):
        rows = list(Action.objects.for_list_page())
        cells = [(row.city.name, row.owner, row.responsible.name, health_reason(row)) for row in rows]

    assert len(cells) == row_count
