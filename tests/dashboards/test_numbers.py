"""Compare every number of the dashboards with a second computation in plain Python over the stored rows."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cities.models import TargetGroup
from core import clock
from dashboards.selectors.actions import ActionRows, healths_of
from dashboards.selectors.network import Dashboard
from dashboards.selectors.scope import Basis, scope_for
from pilot.models import PilotPhase
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    Milestone,
    MilestoneReached,
    PeriodRevision,
    PeriodTransition,
)
from strategies.services import periods
from strategies.services.updates import UpdateInput, log_update

UNDER_WAY, NEEDING_ATTENTION = {"on_track", "late", "stale", "at_risk"}, {"late", "stale", "at_risk"}


def live_action(action, today, upto):
    """Return health, progress, spent and budget of an action, without updates of periods after ``upto``."""
    known_updates = [row for row in ActionUpdate.objects.all() if row.city_period.period.starts_on <= upto.starts_on]
    updates = [row for row in known_updates if row.action_id == action.pk and not row.withdrawn_at]
    updates.sort(key=lambda row: (row.date, row.pk))
    newest = updates[-1] if updates else None
    milestones = [row for row in Milestone.objects.all() if row.action_id == action.pk]
    reached = {row.milestone_id for row in MilestoneReached.objects.all() if row.update_id in {u.pk for u in updates}}
    total_weight = sum(row.weight for row in milestones)
    reported = [row.progress for row in updates if row.progress is not None]
    progress = reported[-1] if reported else 0
    if total_weight:
        progress = sum(row.weight for row in milestones if row.pk in reached) * 100 // total_weight
    if newest and newest.stage == "completed":
        progress = 100
    open_due_dates = [row.due_on for row in milestones if row.pk not in reached]
    last_update_on = max((row.date for row in updates), default=action.starts_on)
    duration, elapsed = (action.ends_on - action.starts_on).days, (today - action.starts_on).days
    expected = 100 if today >= action.ends_on else max(0, elapsed * 100 // duration)
    if newest and newest.stage == "cancelled":
        health = "cancelled"
    elif newest and newest.stage == "completed":
        health = "done"
    elif newest and newest.stage == "paused":
        health = "paused"
    elif action.starts_on > today and (newest is None or newest.stage == "planned"):
        health = "not_started"
    elif action.ends_on < today or (open_due_dates and min(open_due_dates) < today):
        health = "late"
    elif (today - max(last_update_on, action.starts_on)).days >= 90:
        health = "stale"
    elif action.responsible_id is None or expected - progress >= 15:
        health = "at_risk"
    else:
        health = "on_track"
    spent = sum((row.spent for row in updates if row.spent), Decimal(0))
    budget = sum((row.amount for row in BudgetLine.objects.all() if row.action_id == action.pk), Decimal(0))
    return health, progress, spent, budget


def update_of(**fields):
    return UpdateInput(date=clock.today(), text="Later.", stage="ongoing", language="en", **fields)


def frozen_contents(city_period):
    """Return the snapshot of the newest accepted revision, else of the newest one, else None."""
    moves = [row for row in PeriodTransition.objects.all() if row.city_period_id == city_period.pk]
    accepted = {row.revision for row in moves if row.verb == "accept"}
    revisions = [row for row in PeriodRevision.objects.all() if row.city_period_id == city_period.pk]
    candidates = [row for row in revisions if row.number in accepted] or revisions
    return json.loads(max(candidates, key=lambda row: row.number).snapshot) if candidates else None


def expected_figures(city_data, period):
    contents = frozen_contents(city_data.city_period(period))
    if contents:
        rows = [
            (row["health"], row["progress"], Decimal(row["spent"]), Decimal(row["budget"]))
            for row in contents["actions"]
        ]
        updates = sum(len(row["updates"]) for row in contents["actions"])
    else:
        today = min(clock.now().astimezone(ZoneInfo(city_data.city.timezone)).date(), period.ends_on)
        actions = [row for row in Action.objects.all() if row.strategy.city_id == city_data.city.pk]
        rows = [live_action(row, today, period) for row in actions if row.withdrawn_at is None]
        updates = sum(row.city_period_id == city_data.city_period(period).pk for row in ActionUpdate.objects.all())
    running = [progress for health, progress, _spent, _budget in rows if health != "cancelled"]
    return {
        "health": Counter(health for health, *_rest in rows),
        "progress": int(Decimal(sum(running)) / len(running) + Decimal("0.5")),
        "spent": sum(spent for *_rest, spent, _budget in rows),
        "budget": sum(budget for *_rest, budget in rows),
        "updates": updates,
    }


@pytest.mark.parametrize("period_name", ["past", "present"])
def test_numbers_of_every_city_equal_second_computation(network, partner, period_name):
    period = getattr(network, period_name)
    expected = {city_data.city.name: expected_figures(city_data, period) for city_data in network.cities.values()}

    dashboard = Dashboard(scope_for(partner, starts_on=period.starts_on.isoformat()))

    found = {
        row.city.name: {
            "health": Counter({health: n for health, n in row.health.items() if n}),
            "progress": row.progress,
            "spent": row.spent,
            "budget": row.budget,
            "updates": row.updates,
        }
        for row in dashboard.cities
    }
    assert found == {name: row | {"health": Counter(row["health"])} for name, row in expected.items()}
    counts = [row["health"] for row in expected.values()]
    assert dashboard.under_way == sum(n for row in counts for health, n in row.items() if health in UNDER_WAY)
    assert dashboard.needing_attention == sum(
        n for row in counts for health, n in row.items() if health in NEEDING_ATTENTION
    )
    assert dashboard.actions == sum(sum(row.values()) for row in counts)
    assert dashboard.updates == sum(row["updates"] for row in expected.values())


@pytest.mark.slow
@pytest.mark.parametrize("period_name", ["past", "present"])
def test_action_lists_are_as_long_as_the_numbers_say(network, partner, period_name):
    view = scope_for(partner, starts_on=getattr(network, period_name).starts_on.isoformat())
    dashboard = Dashboard(view)

    for filter_value, number in (
        ("under_way", dashboard.under_way),
        ("attention", dashboard.needing_attention),
        ("", dashboard.actions),
    ):
        lines = ActionRows(view, healths_of(filter_value))

        assert len(lines) == len(lines[0:1000]) == number
        assert [line for n in range(0, number, 3) for line in lines[n : n + 3]] == lines[0:1000]


def test_progress_has_point_for_each_reported_and_present_period(network, partner):
    view = scope_for(partner)

    shown = Dashboard(view)
    points = shown.progress(shown.cities)

    expected = []
    for city_data in network.cities.values():
        contents = frozen_contents(city_data.city_period(network.past))
        accepted = any(
            move.verb == "accept"
            for move in PeriodTransition.objects.filter(city_period=city_data.city_period(network.past))
        )
        if contents and accepted:
            figures = expected_figures(city_data, network.past)
            expected.append((city_data.city.name, network.past.name, figures["progress"], False))
        figures = expected_figures(city_data, network.present)
        is_open = frozen_contents(city_data.city_period(network.present)) is None
        expected.append((city_data.city.name, network.present.name, figures["progress"], is_open))
    found = [(point.city.name, point.period.name, point.progress, point.is_open) for point in points]
    assert sorted(found) == sorted(expected)


def test_city_records_have_expected_basis_and_revision(network, partner):
    past, present = (scope_for(partner, starts_on=row.starts_on.isoformat()) for row in (network.past, network.present))

    assert [(row.basis, row.revision) for row in past.city_records] == [
        (Basis.PUBLISHED, 2),
        (Basis.SUBMITTED, 1),
        (Basis.OPEN, None),
    ]
    assert [(row.basis, row.revision) for row in present.city_records] == [
        (Basis.OPEN, None),
        (Basis.OPEN, None),
        (Basis.ACCEPTED, 1),
    ]
    assert present.is_current
    assert [row.is_reported for row in present.city_records] == [False, False, True]


def test_open_past_period_excludes_later_updates(network, partner):
    riga = network.cities["riga"]
    filters = {"starts_on": network.past.starts_on.isoformat(), "city": riga.city}

    before = Dashboard(scope_for(partner, **filters)).cities[0]
    periods.reopen_period(riga.city_period(network.present), by=network.coordinator, reason="A figure was wrong.")
    log_update(riga.actions[0], by=riga.lead, data=update_of(spent=Decimal("5.00")))
    after = Dashboard(scope_for(partner, **filters)).cities[0]

    assert before.record.is_live
    assert (before.updates, before.spent) == (4, Decimal("12.25"))
    assert (before.health, before.progress, before.spent) == (after.health, after.progress, after.spent)


def test_later_plan_change_does_not_change_accepted_period(network, partner):
    filters = {"starts_on": network.past.starts_on.isoformat()}
    before = [(row.city.name, row.health, row.budget) for row in Dashboard(scope_for(partner, **filters)).cities]

    for action in network.cities["linkoping"].actions[:3]:
        action.ends_on = date(2031, 1, 1)
        action.withdrawn_at, action.withdrawn_reason = clock.now(), "Not needed."
        action.save()
        BudgetLine.objects.filter(action=action).update(amount=5)

    assert [
        (row.city.name, row.health, row.budget) for row in Dashboard(scope_for(partner, **filters)).cities
    ] == before


def test_filters_limit_cities_and_actions(network, partner):
    by_country = Dashboard(scope_for(partner, country="PL"))
    by_theme = Dashboard(scope_for(partner, theme="theme-of-riga"))

    group = TargetGroup.objects.create(code="newcomers", name="Newcomers")
    for city_data in network.cities.values():
        city_data.actions[0].target_groups.add(group)
    by_group = Dashboard(scope_for(partner, group="newcomers"))
    PilotPhase.objects.filter(city__slug="riga").update(actual_start=clock.today(), actual_end=None)
    phase = PilotPhase.objects.get(city__slug="riga").kind
    PilotPhase.objects.exclude(city__slug="riga").update(actual_start=None)
    by_phase = Dashboard(scope_for(partner, phase=phase))

    assert [row.city.name for row in by_country.cities] == ["Lublin"]
    assert {row.city.name: row.actions for row in by_group.cities} == {"Linköping": 1, "Lublin": 1, "Riga": 1}
    assert [row.city.name for row in by_phase.cities] == ["Riga"]
    assert {row.city.name: row.actions for row in by_theme.cities} == {"Linköping": 0, "Lublin": 0, "Riga": 4}
