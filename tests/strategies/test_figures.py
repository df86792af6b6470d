"""The stored figures of actions are those of the full computation after any services, and on any day."""

import importlib
import inspect
import pkgutil
from datetime import date, timedelta
from decimal import Decimal
from operator import itemgetter

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F, Value
from hypothesis import Phase, example, given
from hypothesis import strategies as st

import strategies.services
from cities.enums import BodyKind, Role
from core import nightly
from core.exceptions import UserFacingError
from strategies.enums import Health
from strategies.models import Action, ActionFigures, ActionUpdate, Milestone
from strategies.models.computation import ALWAYS, with_responsible
from strategies.models.health import health_inputs, health_of
from strategies.models.responsible import has_responsible
from strategies.selectors.actions import set_live_figures
from strategies.selectors.figures import FIELDS, actions_with_wrong_figures
from tests.factories import (
    ActionFactory,
    BodyFactory,
    CityFactory,
    MembershipFactory,
    PersonFactory,
    ReportingPeriodFactory,
)
from tests.factories.figures import refresh
from tests.proofs import examples

from .figure_steps import (
    EVERYTHING_ELSE,
    STEPS,
    NothingToChange,
    add_action,
    change_action,
    end_membership,
    log_update,
    make_shared_data,
)
from .test_health import progress_of

pytestmark = pytest.mark.django_db
ALL_STEPS = [step for found in STEPS.values() for step in found]
HISTORIES = st.lists(
    st.tuples(st.sampled_from(ALL_STEPS), st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=9
)
EVERY_STEP = [(step, a, b) for step in ALL_STEPS for a, b in ((0, 0), (1, 3), (6, 10))]
DAY = timedelta(days=1)


# ---- any services


@pytest.mark.prove
@pytest.mark.slow
def test_figures_are_those_of_the_full_computation_after_any_history(city):
    shared_data, done = make_shared_data(city), set()

    @example(EVERY_STEP)
    @examples(few=12, many=10_000, phases=[Phase.explicit, Phase.generate])  # shrinking a failure takes minutes
    @given(HISTORIES)
    def prove(history):
        people = list(shared_data.people)
        with transaction.atomic():
            for step, a, b in history:
                if call(step, shared_data, a, b):
                    done.add(step)
                assert actions_with_wrong_figures() == [], step.__name__  # before a later step may hide it
            assert stored_figures() == {action.pk: figures_of(action) for action in Action.objects.all()}
            transaction.set_rollback(True)
        shared_data.people = people

    prove()
    assert [step.__name__ for step in ALL_STEPS if step not in done] == []


def call(step, shared_data, a, b):
    """Return whether the services accepted the step."""
    try:
        with transaction.atomic():
            step(shared_data, a, b)
    except (UserFacingError, NothingToChange):
        return False
    return True


def stored_figures():
    rows = Action.objects.values("pk", **{f"stored_{name}": F(f"figures__{name}") for name in FIELDS})
    return {row.pop("pk"): {name.removeprefix("stored_"): value for name, value in row.items()} for row in rows}


def figures_of(action):
    """Compute the figures in Python, from the plain rows."""
    updates = sorted(ActionUpdate.objects.filter(action=action, withdrawn_at=None), key=lambda row: (row.date, row.pk))
    newest = updates[-1] if updates else None
    stated = [row.progress for row in updates if row.progress is not None]
    milestones = list(Milestone.objects.filter(action=action, withdrawn_at=None))
    reached = {row.milestone_id for update in updates for row in update.reached.all()}
    dropped = {row.milestone_id for update in updates for row in update.dropped.all()} - reached
    weights = [(row.weight, row.pk in reached) for row in milestones if row.pk not in dropped]
    due = [row.due_on for row in milestones if row.pk not in reached | dropped]
    stretches = stretches_of(action)
    return {
        "stage": newest.stage if newest else None,
        "last_update_on": newest.date if newest else None,
        "progress": progress_of(weights, newest.stage if newest else None, stated[-1] if stated else None),
        "milestone_count": len(milestones),
        "reached_count": sum(row.pk in reached for row in milestones),
        "next_milestone_on": min(due, default=None),
        "budget_total": sum((line.amount for line in action.budget_lines.active()), Decimal(0)),
        "spent_total": sum((row.spent for row in updates if row.spent is not None), Decimal(0)),
        "people_reached": sum(row.people_reached or 0 for row in updates),
        "responsible_from": stretches[0][0] if stretches else None,
        "responsible_until": stretches[-1][1] if stretches else None,
        "responsible_has_gaps": len(stretches) > 1,
    }


def stretches_of(action):
    """Return the first day and the day after the last one (or None) of each time with a responsible person."""
    if action.responsible is None:
        return []
    held = action.responsible.memberships.filter(body__city=action.city)
    if not held:
        return [(ALWAYS, None)]
    found = []
    for row in sorted(held, key=lambda row: row.valid_from):
        if row.valid_to == row.valid_from:
            continue
        if found and (found[-1][1] is None or row.valid_from <= found[-1][1]):
            ends = {found[-1][1], row.valid_to}
            found[-1] = (found[-1][0], None if None in ends else max(ends))
        else:
            found.append((row.valid_from, row.valid_to))
    return found


@pytest.mark.slow
def test_status_on_any_day_is_that_of_the_full_computation(city):
    """Compare it with the full computation up to a period so late that it leaves nothing out."""
    shared_data, period = make_shared_data(city), ReportingPeriodFactory.build(starts_on=date(2200, 1, 1))
    for n in range(60):
        call(log_update, shared_data, 7 * n, 3 * n)
        call(change_action, shared_data, n, 5 * n)
        call(add_action, shared_data, 3 * n, n)
    call(end_membership, shared_data, 0, 0)

    seen = set()
    for day in (city.today + offset * DAY for offset in (-100, -30, 0, 1, 20, 60, 100, 200)):
        stored = Action.objects.with_health(day).with_money().order_by("pk")
        computed = Action.objects.with_health_inputs(day, period).with_money(period).order_by("pk")
        assert list(stored.values(*SHOWN)) == list(computed.values(*SHOWN)) == [shown_of(row, day) for row in rows()]
        healths = [health_of(health_inputs(row)) for row in computed]
        assert [row.health for row in stored] == healths == [with_live_figures(row, day).health for row in rows()]
        seen |= set(healths)
    assert seen == set(Health)


def rows():
    return Action.objects.with_related().select_related("figures").order_by("pk")


def with_live_figures(action, day):
    set_live_figures(action, day)
    return action


def shown_of(action, day):
    """Return what the page of one action shows."""
    return {name: getattr(with_live_figures(action, day), name) for name in SHOWN}


SHOWN = [
    *("pk", "progress", "expected", "current_stage", "last_update_on", "milestone_count", "reached_count"),
    *("next_milestone_on", "next_due_on", "budget_total", "spent_total", "has_responsible", "local_today"),
]


def test_histories_call_every_service():
    """A new service is a step of the histories, or named as one that writes nothing which figures follow from."""
    modules = [f"strategies.services.{found.name}" for found in pkgutil.iter_modules(strategies.services.__path__)]
    services = {
        (name, service)
        for name in [*modules, "cities.services.memberships", "cities.services.invitations"]
        for service, function in inspect.getmembers(importlib.import_module(name), inspect.isfunction)
        if function.__module__ == name and not service.startswith("_")
    }

    named = {(module, service) for module, found in EVERYTHING_ELSE.items() for service in found.split()}
    assert services == named | {(service.__module__, service.__name__) for service in STEPS}


# ---- the responsible person on any day


MEMBERSHIPS = st.lists(
    st.tuples(st.integers(-40, 40), st.none() | st.integers(0, 25), st.booleans()),
    max_size=4,
    unique_by=itemgetter(0),
)


@pytest.mark.prove
@pytest.mark.slow
def test_responsible_person_is_known_for_any_day(city):
    today, bodies = city.today, [BodyFactory(kind=BodyKind.EXPERT_GROUP, city=place) for place in (city, CityFactory())]
    action = ActionFactory(city=city)

    @examples(few=15, many=1_000)
    @given(MEMBERSHIPS)
    def prove(held):
        with transaction.atomic():
            action.responsible = PersonFactory(user=None)
            action.save()
            add(held)
            refresh([action.pk])
            offsets = {offset for start, length, _here in held for offset in (start, start + (length or 0))}
            for day in (today + (offset + step) * DAY for offset in offsets | {0} for step in (-1, 0, 1)):
                stored = Action.objects.with_responsible(day).get(pk=action.pk).has_responsible
                computed = with_responsible(Action.objects.all(), Value(day)).get(pk=action.pk).has_responsible
                alone = has_responsible(Action.objects.get(pk=action.pk), day)
                assert stored == computed == alone == is_on(day, stretches_of(action))
            assert actions_with_wrong_figures() == []
            transaction.set_rollback(True)

    def add(held):
        endless = set()
        for start, length, is_here in held:
            body = bodies[not is_here]
            if length is None and body in endless:
                continue  # one current membership of a role at most
            endless |= {body} if length is None else set()
            ends = None if length is None else today + (start + length) * DAY
            given = {"person": action.responsible, "body": body, "role": Role.MEMBER}
            MembershipFactory(**given, valid_from=today + start * DAY, valid_to=ends)

    prove()


def is_on(day, stretches):
    return any(first <= day and (until is None or day < until) for first, until in stretches)


# ---- differences


def test_row_changed_by_hand_is_found_by_the_nightly_check_and_rebuilt(city, capsys):
    changed, missing, _right = ActionFactory.create_batch(3, city=city)
    ActionFigures.objects.filter(pk=changed.pk).update(progress=99, spent_total=1)
    ActionFigures.objects.filter(pk=missing.pk).delete()

    assert nightly.verify().differences.splitlines() == [
        f"strategies.actionfigures {changed.pk}: progress, spent_total wrong; run manage.py rebuild_projection",
        f"strategies.actionfigures {missing.pk}: missing; run manage.py rebuild_projection",
    ]
    assert ActionFigures.objects.get(pk=changed.pk).progress == 99  # found, not repaired

    call_command("rebuild_projection")
    call_command("rebuild_projection")
    assert capsys.readouterr().out.split() == ["Rows", "changed:", "2", "Rows", "changed:", "0"]
    assert nightly.verify().difference_count == 0
