"""Edits of the plan: by whom, with what is said where it does not fit, and nothing outside the own city."""

from datetime import timedelta

import pytest
from django.urls import reverse

from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MilestoneFactory,
    ObjectiveFactory,
    StrategyFactory,
)

from .test_views_conflicts import shown

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"strategies:{name}", args=args)


def test_a_plan_grows_from_area_to_indicator(client, official, city, period):
    strategy = StrategyFactory(city=city)
    client.post(url("area_add", city.slug), {"code": "1", "title": "Work", "version": "1"})
    area = PriorityArea.objects.get()
    client.post(url("objective_add", area.pk), {"code": "1.1", "title": "More people work", "version": "1"})
    objective = Objective.objects.get()
    fields = {
        "code": "1.1.1",
        "title": "Mentors",
        "objective": objective.pk,
        "budget_status": "unknown",
        "version": "1",
    }
    client.post(url("action_add", objective.pk), fields | {"starts_on": "2026-01-01", "ends_on": "2027-01-01"})
    action = Action.objects.get()
    client.post(
        url("milestone_add", action.pk), {"title": "Open", "due_on": "2026-06-01", "weight": "2", "version": "1"}
    )
    client.post(url("budgetline_add", action.pk), {"source": "City", "year": "2026", "amount": "1 000", "version": "1"})
    plain = {
        "direction": "up",
        "frequency": "period",
        "across_periods": "latest",
        "across_cities": "sum",
        "version": "1",
    }
    client.post(
        url("indicator_add", city.slug),
        plain | {"version": "1", "name": "Pairs", "unit": "pairs", "action": action.pk, "baseline": "0"},
    )

    action.refresh_from_db()
    assert (area.strategy, objective.area, action.objective) == (strategy, area, objective)
    assert (Milestone.objects.get().weight, int(BudgetLine.objects.get().amount)) == (2, 1000)
    assert (action.budget_status, Indicator.objects.get().action) == ("lines", action)
    assert action.history.first().history_user == official


def test_swot_and_risks_are_read_and_edited_plainly(client, official, city, action):
    board = url("swot", city.slug)
    client.post(
        url("swot_add", city.slug), {"kind": "weakness", "text": "Few rooms.", "actions": [action.pk], "version": "1"}
    )
    item = SwotItem.objects.get()
    client.post(
        url("risk_add", city.slug),
        {"text": "Short money.", "swot_items": [item.pk], "mitigating_action": action.pk, "version": "1"},
    )

    page = client.get(board).content.decode()
    assert ("Few rooms." in page, "Short money." in page, action.title in page) == (True, True, True)

    edit = url("swot_edit", item.pk)
    client.post(edit, shown(client.get(edit).context["form"]) | {"text": "Too few rooms."})
    client.post(url("risk_withdraw", Risk.objects.get().pk))
    page = client.get(board).content.decode()
    assert ("Too few rooms." in page, "Short money." in page) == (True, False)


@pytest.mark.parametrize(
    "name, fields, error",
    [
        ("action_edit", {"ends_on": "2020-01-01"}, "ends_on"),
        ("action_edit", {"title": ""}, "title"),
        ("strategy_edit", {"year_to": "2020"}, "year_to"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(client, official, city, action, name, fields, error):
    address = url(name, city.slug if name.startswith("strategy") else action.pk)

    answer = client.post(address, shown(client.get(address).context["form"]) | fields)

    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [error])


def test_a_code_that_is_taken_is_said_at_its_field(client, official, city, action):
    other = ActionFactory(objective=action.objective, code="OTHER")
    address = url("action_edit", action.pk)

    answer = client.post(address, shown(client.get(address).context["form"]) | {"code": other.code})

    assert (answer.status_code, answer.context["form"].errors != {}) == (200, True)


def test_a_new_target_with_values_asks_why(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy, target="10", no_baseline_reason="New.")
    IndicatorValueFactory(indicator=indicator, city_period=period)
    address = url("indicator_edit", indicator.pk)
    fields = shown(client.get(address).context["form"]) | {"target": "20"}

    refused = client.post(address, fields)
    assert set(refused.context["form"].errors) == {"cause", "reason"}
    client.post(address, fields | {"cause": "means", "reason": "More money."})

    indicator.refresh_from_db()
    assert (int(indicator.target), indicator.history.first().history_change_reason) == (20, "means: More money.")


def test_a_reached_milestone_stays(client, official, action, period):
    milestone = MilestoneFactory(action=action)
    ActionUpdateFactory(action=action, city_period=period).reached.create(milestone=milestone)

    answer = client.post(url("milestone_withdraw", milestone.pk), {"text": "Too much."})

    assert "has been reached" in answer.content.decode()
    assert Milestone.objects.standing().count() == 1


def test_what_values_rest_on_is_withdrawn_with_a_reason(client, official, action, period):
    told, untold = IndicatorFactory.create_batch(2, strategy=action.strategy)
    IndicatorValueFactory(indicator=told, city_period=period)
    address = url("indicator_withdraw", told.pk)
    assert f'method="get" action="{address}"' in client.get(url("indicator_edit", told.pk)).content.decode()

    refused = client.post(address)
    assert (list(refused.context["form"].errors), Indicator.objects.standing().count()) == (["text"], 2)
    client.post(address, {"text": "Nobody counts it any more."})
    client.post(url("indicator_withdraw", untold.pk))

    assert Indicator.objects.standing().count() == 0
    assert "Nobody counts it any more." in client.get(url("indicator_history", told.pk)).content.decode()


def test_an_action_is_withdrawn_with_a_reason(client, official, action):
    client.post(url("action_withdraw", action.pk), {"text": " "})
    assert Action.objects.standing().count() == 1

    client.post(url("action_withdraw", action.pk), {"text": "Merged with another."})

    page = client.get(action.get_absolute_url()).content.decode()
    assert (Action.objects.standing().count(), "Merged with another." in page) == (0, True)


def test_an_update_is_withdrawn_with_a_reason_and_officials_still_read_it(client, official, everyone, action, period):
    update = ActionUpdateFactory(action=action, city_period=period, text="Wrong action.", author=official)

    client.post(url("update_withdraw", update.pk), {"text": "It belongs elsewhere."})

    assert "It belongs elsewhere." in client.get(action.get_absolute_url()).content.decode()
    client.force_login(everyone["viewer"])
    assert "Wrong action." not in client.get(action.get_absolute_url()).content.decode()


def test_evidence_is_taken_off(client, official, action):
    client.post(url("action_log", action.pk), {"text": "Words.", "links": "https://example.org/a"})
    piece = action.updates.get().evidence.get()

    client.post(url("evidence_withdraw", piece.pk))

    assert "example.org" not in client.get(action.get_absolute_url()).content.decode()


def test_a_lead_adopts_and_publishes(client, everyone, city):
    strategy = StrategyFactory(city=city)
    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    client.force_login(everyone["lead"])
    tomorrow = (city.today + timedelta(days=1)).isoformat()

    assert client.post(url("strategy_adopt", city.slug), {"day": tomorrow}).status_code == 200
    client.post(url("strategy_adopt", city.slug), {"day": city.today.isoformat()})
    client.post(url("strategy_publish", city.slug))

    strategy.refresh_from_db()
    assert (strategy.status, strategy.published_at is None) == ("adopted", False)
    assert Action.objects.get().published_at is not None


def test_an_action_that_came_later_is_published_by_itself(client, everyone, city):
    strategy = StrategyFactory(city=city, published=True)
    action = ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    client.force_login(everyone["lead"])
    assert url("action_publish", action.pk) in client.get(action.get_absolute_url()).content.decode()

    client.post(url("action_publish", action.pk))

    action.refresh_from_db()
    assert action.published_at is not None


EDITS = ["action_edit", "milestone_add", "budgetline_add", "action_withdraw", "strategy_edit", "area_add", "swot_add"]
EDITS += ["risk_add", "indicator_add"]


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize(
    "role, status", [("viewer", 403), ("expert", 403), ("partner", 403), ("coordinator", 403), ("public", 302)]
)
def test_who_reads_the_plan_does_not_change_it(client, everyone, city, name, role, status):
    action = ActionFactory(city=city, published=True)
    if role != "public":
        client.force_login(everyone[role])
    by_city = name in {"strategy_edit", "area_add", "swot_add", "risk_add", "indicator_add"}

    answer = client.post(url(name, city.slug if by_city else action.pk), {"title": "Mine", "text": "Mine"})

    assert (answer.status_code, Strategy.objects.get().title != "Mine") == (status, True)


@pytest.mark.parametrize("name", EDITS)
def test_another_citys_draft_is_not_there(client, official, other_city, name):
    action = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))
    by_city = name in {"strategy_edit", "area_add", "swot_add", "risk_add", "indicator_add"}

    assert client.post(url(name, other_city.slug if by_city else action.pk), {"text": "x"}).status_code == 404


def test_parts_of_another_strategy_cannot_be_chosen(client, official, other_city, action):
    foreign = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))
    address = url("action_edit", action.pk)

    answer = client.post(address, shown(client.get(address).context["form"]) | {"objective": str(foreign.objective.pk)})

    assert list(answer.context["form"].errors) == ["objective"]
