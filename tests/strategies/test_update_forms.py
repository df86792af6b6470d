"""Forms of updates: sent again, sent while the data change, and kept as drafts."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError

from core import clock
from core.exceptions import EditConflict
from strategies.exceptions import FormAlreadyUsed, PeriodLocked, SavedDifferently, ValuesConflict
from strategies.models import ActionUpdate, IndicatorValue
from strategies.services import updates
from tests.factories import (
    ActionFactory,
    BudgetLineFactory,
    IndicatorFactory,
    MilestoneFactory,
    StoredFileFactory,
)

from .helpers import an_official, days, submit, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def action(city, city_period):
    return ActionFactory(city=city)


# ---- the same form sent again


def test_repeated_form_returns_the_first_update(action, official):
    line, indicator = BudgetLineFactory(action=action), IndicatorFactory(strategy=action.strategy, action=action)
    data = update_input(
        form_uuid=uuid4(),
        spent=Decimal(100),
        budget_line=line,
        milestones=[MilestoneFactory(action=action)],
        values={indicator: Decimal(3)},
        files=[StoredFileFactory(uploaded_by=official)],
        links=["https://town.example/a"],
    )
    first = updates.log_update(action, by=official, data=data)

    assert updates.log_update(action, by=official, data=data) == first
    assert ActionUpdate.objects.count() == 1


@pytest.mark.parametrize(
    "field, other",
    [
        ("text", "Other words."),
        ("spent", Decimal(1000)),
        ("people_reached", 5),
        ("stage", "paused"),
        ("challenges", "Rooms."),
        ("next_step", "Look for rooms."),
        ("visibility", "city"),
        ("date", clock.today() - days(1)),
        ("language", "pl"),
        ("links", ["https://town.example/b"]),
        ("links", []),
        ("milestones", []),
        ("dropped", lambda data: [MilestoneFactory(action=data.milestones[0].action)]),
        ("values", lambda data: {indicator: Decimal(4) for indicator in data.values}),
        ("value_visibilities", lambda data: {indicator.pk: "city" for indicator in data.values}),
        ("files", lambda data: [StoredFileFactory(uploaded_by=data.files[0].uploaded_by, sha256="b" * 64)]),
        ("files", []),
        ("budget_line", None),
    ],
)
def test_repeated_form_with_other_content_is_not_dropped(action, official, field, other):
    line, indicator = BudgetLineFactory(action=action), IndicatorFactory(strategy=action.strategy, action=action)
    data = update_input(
        form_uuid=uuid4(),
        spent=Decimal(100),
        budget_line=line,
        milestones=[MilestoneFactory(action=action)],
        values={indicator: Decimal(3)},
        files=[StoredFileFactory(uploaded_by=official)],
        links=["https://town.example/a"],
    )
    first = updates.log_update(action, by=official, data=data)
    changed = replace(data, **{field: other(data) if callable(other) else other})

    with pytest.raises(SavedDifferently) as error:
        updates.log_update(action, by=official, data=changed)

    assert (error.value.saved, ActionUpdate.objects.count()) == (first, 1)


def test_repeated_form_after_submission_returns_the_first_update(action, city_period, official, city):
    data = update_input(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)])
    first = updates.log_update(action, by=official, data=data)
    submit(city_period)

    assert updates.log_update(action, by=official, data=data) == first


def test_form_of_another_user_or_action_is_refused(action, city, official, lead):
    data = update_input(form_uuid=uuid4())
    updates.log_update(action, by=official, data=data)

    with pytest.raises(FormAlreadyUsed):
        updates.log_update(action, by=lead, data=data)
    with pytest.raises(FormAlreadyUsed):
        updates.log_update(ActionFactory(city=city), by=official, data=data)


@pytest.mark.parametrize("with_milestone", [True, False])
def test_concurrent_repeated_form_returns_the_first_update(action, official, monkeypatch, with_milestone):
    """The other request commits between the lookup and the insert."""
    data = update_input(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)] if with_milestone else [])
    calls, log_at_once = [], updates._log_at_once

    def other_request_first(action, *, by, data):
        if not calls:
            calls.append(1)
            log_at_once(action, by=by, data=data)
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", other_request_first)

    update = updates.log_update(action, by=official, data=data)

    assert list(ActionUpdate.objects.all()) == [update]


def test_other_integrity_errors_are_raised(action, official, monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError("something else")

    monkeypatch.setattr(updates, "_set_milestones", fail)

    with pytest.raises(IntegrityError, match="something else"):
        updates.log_update(action, by=official, data=update_input())


# ---- changes by others meanwhile


@pytest.mark.parametrize("is_chosen", [True, False])
def test_period_locked_meanwhile_raises_period_locked(action, city_period, official, monkeypatch, is_chosen):
    chosen, choose = city_period if is_chosen else None, updates.assign_period

    def assign_then_submit(*args):
        found = choose(*args)
        if not city_period.transitions.filter(verb="submit").exists():
            submit(city_period)
        return found

    monkeypatch.setattr(updates, "assign_period", assign_then_submit)
    data = update_input(city_period=chosen)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)
    else:
        # the refused attempt rolls the move back, so the second attempt is refused too
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)


@pytest.mark.parametrize("is_chosen", [True, False])
def test_update_refused_once_is_logged_on_the_second_attempt(action, city_period, official, monkeypatch, is_chosen):
    """Without a chosen period, the second attempt assigns the period again."""
    attempts, log_at_once = [], updates._log_at_once

    def refused_once(action, *, by, data):
        attempts.append(1)
        if len(attempts) == 1:
            raise PeriodLocked
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", refused_once)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=update_input(city_period=city_period))
    else:
        assert updates.log_update(action, by=official, data=update_input()).city_period == city_period
    assert len(attempts) == 2 - is_chosen


def test_value_that_somebody_saves_meanwhile_is_a_conflict_and_nothing_is_logged(action, official, monkeypatch):
    indicator = IndicatorFactory(strategy=action.strategy, action=action)

    def too_late(*args, **fields):
        error = EditConflict()
        error.current = IndicatorValue(value=Decimal(7))
        raise error

    monkeypatch.setattr(updates, "set_value", too_late)

    with pytest.raises(ValuesConflict) as refused:
        updates.log_update(action, by=official, data=update_input(values={indicator: Decimal(5)}))
    assert [row.value for row in refused.value.stored.values()] == [7]
    assert not action.updates.exists()
