"""Change history of actions, their milestones and budget lines, updates and links of SWOT items."""

from datetime import date

import pytest
from django.urls import reverse

from strategies.models import PriorityArea, Risk, SwotItem
from strategies.selectors.history import history_of, history_of_action, history_of_strategy, history_of_update
from strategies.services import plans, updates
from tests.factories import (
    ActionUpdateFactory,
    BudgetLineFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PersonFactory,
    PriorityAreaFactory,
)

from .helpers import update_input

pytestmark = pytest.mark.django_db


def changes_of(entries):
    """Return pairs of object and change, newest first."""
    return [(entry.about, change) for entry in entries for change in entry.changes]


def test_history_shows_milestone_reached_and_removed(action, official, everyone):
    milestone = MilestoneFactory(action=action, title="First group")
    update = updates.log_update(action, by=official, data=update_input(milestones=[milestone]))
    updates.change_update(update, by=everyone["lead"], data=update_input(), version=1)

    of_update = [entry for entry in history_of_update(update, of_city=True) if entry.changes]
    of_action = changes_of(history_of_action(action, official))

    assert [(entry.who, *entry.changes) for entry in of_update] == [
        (str(everyone["lead"]), ("Milestone reached", "First group", "–")),
        (str(official), ("Milestone reached", "–", "First group")),
    ]
    assert [about.partition(" of ")[0] for about, _change in of_action] == ["Update", "Update"]
    assert update.milestones.count() == 0


def test_reached_milestones_are_visible_to_readers_of_the_update(action, official, everyone, city):
    milestone = MilestoneFactory(action=action)
    updates.log_update(action, by=official, data=update_input(milestones=[milestone], visibility="city"))

    assert len(changes_of(history_of_action(action, official))) == 1
    assert changes_of(history_of_action(action, everyone["coordinator"])) == []


def test_action_history_includes_milestones_and_budget_lines(client, official, action):
    milestone, line = MilestoneFactory(action=action, title="Opening"), BudgetLineFactory(action=action, source="EU")
    plans.save_part(milestone, by=official, version=1, fields={"weight": 3})
    plans.save_part(line, by=official, version=1, fields={"amount": 5})

    changes = changes_of(history_of_action(action, official))
    page = client.get(reverse("strategies:action_history", args=[action.pk])).content.decode()

    assert [(about, change.label) for about, change in changes] == [
        (f"Budget line: EU {line.year}", "Amount"),
        ("Milestone: Opening", "Weight"),
    ]
    assert "Milestone: Opening" in page


def test_history_shows_changed_links_of_swot_items_and_problems(action, official):
    area = PriorityAreaFactory(strategy=action.strategy)
    item = plans.save_part(
        SwotItem(strategy=action.strategy),
        by=official,
        fields={"kind": "weakness", "text": "Few rooms."},
        m2m={"areas": [area], "actions": [action]},
    )
    risk = plans.save_part(
        Risk(strategy=action.strategy),
        by=official,
        fields={"text": "Rents rise."},
        m2m={"swot_items": [item]},
    )

    plans.save_part(item, by=official, version=1, fields={}, m2m={"areas": []})
    plans.save_part(risk, by=official, version=1, fields={}, m2m={"swot_items": []})

    assert changes_of(history_of(item))[0][1] == ("Priority areas", str(area), "–")
    assert changes_of(history_of(risk))[0][1] == ("SWOT items", str(item), "–")


def test_strategy_history_includes_areas_objectives_and_swot(client, official, action):
    strategy, objective = action.strategy, action.objective
    area = plans.save_part(
        PriorityArea(strategy=strategy),
        by=official,
        fields={"code": "9", "title": "Housing", "theme": objective.area.theme},
    )
    plans.save_part(area, by=official, version=1, fields={"title": "Homes"})
    plans.save_part(objective, by=official, version=1, fields={"title": "More homes"})
    plans.save_part(SwotItem(strategy=strategy), by=official, fields={"kind": "weakness", "text": "Few rooms."})

    entries = history_of_strategy(strategy)
    page = client.get(reverse("strategies:strategy_history", args=[strategy.ref])).content.decode()

    assert ("Priority area: 9 Homes", ("Title", "Housing", "Homes")) in changes_of(entries)
    assert [about for about, change in changes_of(entries) if change.after == "More homes"] == [
        f"Objective: {objective.code} More homes"
    ]
    assert "SWOT item: Few rooms." in {entry.about for entry in entries if entry.kind == "+"}
    assert "Priority area: 9 Homes" in page


@pytest.mark.parametrize("row_count", [1, 5])
def test_strategy_history_query_count_is_constant(client, official, action, row_count, django_assert_max_num_queries):
    for area in PriorityAreaFactory.create_batch(row_count, strategy=action.strategy):
        plans.save_part(area, by=official, version=1, fields={"title": f"Area {area.pk}"})
        plans.save_part(ObjectiveFactory(area=area), by=official, version=1, fields={"title": f"Objective {area.pk}"})
    url = reverse("strategies:strategy_history", args=[action.strategy.ref])
    client.get(url)

    with django_assert_max_num_queries(14):
        assert len(client.get(url).context["entries"]) > row_count


@pytest.mark.parametrize("row_count", [1, 5])
def test_action_history_query_count_is_constant(client, official, action, row_count, django_assert_max_num_queries):
    for milestone in MilestoneFactory.create_batch(row_count, action=action):
        plans.save_part(milestone, by=official, version=1, fields={"title": f"Group {milestone.pk}"})
        ActionUpdateFactory(action=action).reached.create(milestone=milestone)
    BudgetLineFactory.create_batch(row_count, action=action)
    url = reverse("strategies:action_history", args=[action.pk])
    client.get(url)

    with django_assert_max_num_queries(12):
        assert len(client.get(url).context["entries"]) > row_count


def test_related_rows_are_named_and_days_are_written_out(action, official):
    person = PersonFactory(name="Maria Lind")

    plans.save_part(action, by=official, version=1, fields={"responsible": person, "ends_on": date(2027, 6, 30)})

    changes = {label: new for _about, (label, _old, new) in changes_of(history_of(action))}
    assert "Maria Lind" in changes.values()
    assert "30 June 2027" in changes.values()
