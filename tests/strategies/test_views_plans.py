"""Forms of the plan: permissions, field errors, withdrawal and access limited to the user's city."""

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

from .test_views_conflicts import form_data

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"strategies:{name}", args=args)


def test_plan_is_created_from_area_to_indicator(client, official, city, period):
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
    indicator_fields = {
        "direction": "up",
        "frequency": "period",
        "across_periods": "latest",
        "across_cities": "sum",
        "version": "1",
    }
    client.post(
        url("indicator_add", city.slug),
        indicator_fields | {"version": "1", "name": "Pairs", "unit": "pairs", "action": action.pk, "baseline": "0"},
    )

    action.refresh_from_db()
    assert (area.strategy, objective.area, action.objective) == (strategy, area, objective)
    assert (Milestone.objects.get().weight, int(BudgetLine.objects.get().amount)) == (2, 1000)
    assert (action.budget_status, Indicator.objects.get().action) == ("lines", action)
    assert action.history.first().history_user == official


@pytest.mark.slow
def test_swot_items_and_risks_are_added_edited_and_withdrawn(client, official, city, action):
    swot_url = url("swot", city.slug)
    client.post(
        url("swot_add", city.slug), {"kind": "weakness", "text": "Few rooms.", "actions": [action.pk], "version": "1"}
    )
    item = SwotItem.objects.get()
    client.post(
        url("risk_add", city.slug),
        {"text": "Short money.", "swot_items": [item.pk], "mitigating_action": action.pk, "version": "1"},
    )

    page = client.get(swot_url).content.decode()
    assert ("Few rooms." in page, "Short money." in page, action.title in page) == (True, True, True)

    edit = url("swot_edit", item.pk)
    client.post(edit, form_data(client.get(edit).context["form"]) | {"text": "Too few rooms."})
    client.post(url("risk_withdraw", Risk.objects.get().pk))
    page = client.get(swot_url).content.decode()
    assert ("Too few rooms." in page, "Short money." in page) == (True, False)


@pytest.mark.parametrize(
    "name, fields, error",
    [
        ("action_edit", {"ends_on": "2020-01-01"}, "ends_on"),
        ("action_edit", {"title": ""}, "title"),
        ("strategy_edit", {"year_to": "2020"}, "year_to"),
    ],
)
def test_invalid_value_is_reported_at_its_field(client, official, city, action, name, fields, error):
    edit_url = url(name, city.slug if name.startswith("strategy") else action.pk)

    response = client.post(edit_url, form_data(client.get(edit_url).context["form"]) | fields)

    assert (response.status_code, list(response.context["form"].errors)) == (200, [error])


def test_duplicate_code_is_reported(client, official, city, action):
    other = ActionFactory(objective=action.objective, code="OTHER")
    edit_url = url("action_edit", action.pk)

    response = client.post(edit_url, form_data(client.get(edit_url).context["form"]) | {"code": other.code})

    assert (response.status_code, response.context["form"].errors != {}) == (200, True)


def test_target_change_with_values_needs_a_reason(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy, target="10", no_baseline_reason="New.")
    IndicatorValueFactory(indicator=indicator, city_period=period)
    edit_url = url("indicator_edit", indicator.pk)
    fields = form_data(client.get(edit_url).context["form"]) | {"target": "20"}

    refused = client.post(edit_url, fields)
    assert set(refused.context["form"].errors) == {"cause", "reason"}
    client.post(edit_url, fields | {"cause": "means", "reason": "More money."})

    indicator.refresh_from_db()
    assert (int(indicator.target), indicator.history.first().history_change_reason) == (20, "means: More money.")


def test_reached_milestone_cannot_be_withdrawn(client, official, action, period):
    milestone = MilestoneFactory(action=action)
    ActionUpdateFactory(action=action, city_period=period).reached.create(milestone=milestone)

    response = client.post(url("milestone_withdraw", milestone.pk), {"text": "Too much."})

    assert "reports this milestone as reached" in response.content.decode()
    assert Milestone.objects.active().count() == 1


def test_withdrawal_of_an_indicator_with_values_needs_a_reason(client, official, action, period):
    with_value, without_value = IndicatorFactory.create_batch(2, strategy=action.strategy)
    IndicatorValueFactory(indicator=with_value, city_period=period)
    withdraw_url = url("indicator_withdraw", with_value.pk)
    assert f'method="get" action="{withdraw_url}"' in client.get(url("indicator_edit", with_value.pk)).content.decode()

    refused = client.post(withdraw_url)
    assert (list(refused.context["form"].errors), Indicator.objects.active().count()) == (["text"], 2)
    client.post(withdraw_url, {"text": "Nobody counts it any more."})
    client.post(url("indicator_withdraw", without_value.pk))

    assert Indicator.objects.active().count() == 0
    assert "Nobody counts it any more." in client.get(url("indicator_history", with_value.pk)).content.decode()


def test_action_is_withdrawn_with_a_reason(client, official, action):
    client.post(url("action_withdraw", action.pk), {"text": " "})
    assert Action.objects.active().count() == 1

    client.post(url("action_withdraw", action.pk), {"text": "Merged with another."})

    page = client.get(action.get_absolute_url()).content.decode()
    assert (Action.objects.active().count(), "Merged with another." in page) == (0, True)


def test_withdrawn_update_is_visible_to_officials_only(client, official, everyone, action, period):
    update = ActionUpdateFactory(action=action, city_period=period, text="Wrong action.", author=official)

    client.post(url("update_withdraw", update.pk), {"text": "It belongs elsewhere."})

    assert "It belongs elsewhere." in client.get(action.get_absolute_url()).content.decode()
    client.force_login(everyone["viewer"])
    assert "Wrong action." not in client.get(action.get_absolute_url()).content.decode()


def test_withdrawn_evidence_is_not_shown(client, official, action):
    client.post(url("action_log", action.pk), {"text": "Words.", "links": "https://example.org/a"})
    evidence = action.updates.get().evidence.get()

    client.post(url("evidence_withdraw", evidence.pk))

    assert "example.org" not in client.get(action.get_absolute_url()).content.decode()


def test_lead_official_adopts_and_publishes_the_strategy(client, everyone, city):
    strategy = StrategyFactory(city=city)
    ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    client.force_login(everyone["lead"])
    tomorrow = (city.today + timedelta(days=1)).isoformat()

    refused = client.post(url("strategy_adopt", city.slug), {"day": tomorrow})
    assert (refused.status_code, ">Adopt strategy</button>" in refused.content.decode()) == (200, True)
    client.post(url("strategy_adopt", city.slug), {"day": city.today.isoformat()})
    client.post(url("strategy_publish", city.slug))

    strategy.refresh_from_db()
    assert (strategy.status, strategy.published_at is None) == ("adopted", False)
    assert Action.objects.get().published_at is not None


def test_later_action_is_published_separately(client, everyone, city):
    strategy = StrategyFactory(city=city, published=True)
    action = ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    client.force_login(everyone["lead"])
    assert url("action_publish", action.pk) in client.get(action.get_absolute_url()).content.decode()

    client.post(url("action_publish", action.pk))

    action.refresh_from_db()
    assert action.published_at is not None


FORMS = ["action_edit", "milestone_add", "budgetline_add", "action_withdraw", "strategy_edit", "area_add", "swot_add"]
FORMS += ["risk_add", "indicator_add"]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "role, status", [("viewer", 403), ("expert", 403), ("partner", 403), ("coordinator", 403), ("public", 302)]
)
def test_plan_forms_are_refused_without_permission(client, everyone, city, name, role, status):
    action = ActionFactory(city=city, published=True)
    if role != "public":
        client.force_login(everyone[role])
    takes_city = name in {"strategy_edit", "area_add", "swot_add", "risk_add", "indicator_add"}

    response = client.post(url(name, city.slug if takes_city else action.pk), {"title": "Mine", "text": "Mine"})

    assert (response.status_code, Strategy.objects.get().title != "Mine") == (status, True)


@pytest.mark.parametrize("name", FORMS)
def test_plan_forms_of_another_citys_draft_return_404(client, official, other_city, name):
    action = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))
    takes_city = name in {"strategy_edit", "area_add", "swot_add", "risk_add", "indicator_add"}

    assert client.post(url(name, other_city.slug if takes_city else action.pk), {"text": "x"}).status_code == 404


def test_parts_of_another_strategy_cannot_be_chosen(client, official, other_city, action):
    foreign = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))
    edit_url = url("action_edit", action.pk)

    response = client.post(
        edit_url, form_data(client.get(edit_url).context["form"]) | {"objective": str(foreign.objective.pk)}
    )

    assert list(response.context["form"].errors) == ["objective"]


# ---- a budget line posted twice


def budget_fields(client, action):
    form = client.get(url("budgetline_add", action.pk)).context["form"]
    return form_data(form) | {"source": "City budget", "year": "2026", "amount": "1000"}


def test_budget_line_posted_with_other_content_shows_both(client, official, action):
    fields = budget_fields(client, action)
    client.post(url("budgetline_add", action.pk), fields)

    response = client.post(url("budgetline_add", action.pk), fields | {"amount": "2000"})

    line = BudgetLine.objects.get()
    [difference] = response.context["form"].differences
    assert (response.status_code, difference.theirs, difference.yours) == (409, "1,000", "2,000")
    assert f'formaction="{url("budgetline_edit", line.pk)}"' in response.content.decode()

    shown = form_data(response.context["form"])
    client.post(url("budgetline_edit", line.pk), shown)
    line.refresh_from_db()
    assert (BudgetLine.objects.count(), int(line.amount)) == (1, 2000)

    client.post(url("budgetline_add", action.pk), shown)
    assert BudgetLine.objects.count() == 2


def test_budget_line_added_with_a_form_opened_anew_is_asked_about(client, official, action):
    """A browser that goes back may open the form anew: a corrected amount would be counted beside the first."""
    client.post(url("budgetline_add", action.pk), budget_fields(client, action))

    response = client.post(url("budgetline_add", action.pk), budget_fields(client, action) | {"amount": "2000"})

    assert (response.status_code, BudgetLine.objects.count()) == (409, 1)
    assert "already has a budget line with this source and year" in response.content.decode()

    client.post(url("budgetline_add", action.pk), form_data(response.context["form"]))
    assert sorted(BudgetLine.objects.values_list("amount", flat=True)) == [1000, 2000]


def test_budget_line_of_another_year_or_source_is_not_asked_about(client, official, action):
    for change in ({}, {"year": "2027"}, {"source": "The state"}):
        assert client.post(url("budgetline_add", action.pk), budget_fields(client, action) | change).status_code == 302

    assert BudgetLine.objects.count() == 3
