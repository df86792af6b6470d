"""Priority areas and objectives are withdrawn when nothing active belongs to them; stored data stay."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from core import clock
from core.exceptions import InputRefused, PermissionRefused, ReasonMissing
from pilot.gate_checks import swot_and_area
from strategies.exceptions import AlreadyWithdrawn, StrategyError, Superseded
from strategies.models import Action, Indicator, Objective, PriorityArea, Strategy
from strategies.selectors.history import history_of
from strategies.selectors.period_contents import period_contents
from strategies.services import plans, updates
from tests.factories import (
    ActionFactory,
    BudgetLineFactory,
    IndicatorFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PriorityAreaFactory,
    StrategyFactory,
)

from .helpers import update_input

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"strategies:{name}", args=args)


@pytest.fixture
def strategy(city):
    return StrategyFactory(city=city, published=True)


@pytest.fixture
def area(strategy):
    return PriorityAreaFactory(strategy=strategy, title="Housing for all")


@pytest.fixture
def objective(area):
    return ObjectiveFactory(area=area, title="More flats")


def reload(row):
    return type(row).objects.get(pk=row.pk)


def test_objective_is_withdrawn_once_with_a_reason(objective, lead):
    with pytest.raises(ReasonMissing):
        plans.withdraw_part(objective, by=lead, reason=" ")
    plans.withdraw_part(objective, by=lead, reason="Merged.")
    with pytest.raises(AlreadyWithdrawn):
        plans.withdraw_part(objective, by=lead, reason="Again.")

    objective = reload(objective)
    assert (objective.withdrawn_at is None, objective.withdrawn_reason) == (False, "Merged.")
    assert history_of(objective)[0].reason == "Merged."


def test_withdrawal_is_limited_to_officials(area, objective, everyone):
    for role in ("viewer", "expert", "coordinator", "other_official"):
        with pytest.raises(PermissionRefused):
            plans.withdraw_part(objective, by=everyone[role], reason="Merged.")
        with pytest.raises(PermissionRefused):
            plans.withdraw_part(area, by=everyone[role], reason="Merged.")


def test_withdrawal_is_refused_while_active_parts_exist(area, objective, lead):
    ActionFactory(objective=objective, title="Flat share")
    for row in (objective, area):
        with pytest.raises(StrategyError, match="Flat share"):
            plans.withdraw_part(row, by=lead, reason="Merged.")
    plans.withdraw_part(Action.objects.get(), by=lead, reason="Merged.")
    IndicatorFactory(strategy=area.strategy, objective=objective, name="Flats let")
    for row in (objective, area):
        with pytest.raises(StrategyError, match="Flats let"):
            plans.withdraw_part(row, by=lead, reason="Merged.")

    assert not Objective.objects.filter(withdrawn_at__isnull=False).exists()


def test_withdrawn_area_withdraws_its_objectives_and_keeps_updates(area, objective, period, lead):
    action = ActionFactory(objective=objective)
    update = updates.log_update(action, by=lead, data=update_input())
    plans.withdraw_part(action, by=lead, reason="Merged.")
    earlier = ObjectiveFactory(area=area)
    plans.withdraw_part(earlier, by=lead, reason="Long ago.")

    plans.withdraw_part(area, by=lead, reason="No money.")

    assert reload(area).withdrawn_reason == reload(objective).withdrawn_reason == "No money."
    assert reload(earlier).withdrawn_reason == "Long ago."
    contents = period_contents(period)
    assert contents["strategy"]["areas"] == []
    (entry,) = contents["actions"]
    assert (entry["area"]["id"], entry["updates"][0]["id"]) == (area.pk, update.pk)


def test_snapshot_contains_no_links_to_a_withdrawn_area(area, strategy, period, lead):
    item = strategy.swot_items.create(kind="strength", text="Many flats.")
    item.areas.add(area)
    strategy.risks.create(text="No flats.", area=area)
    plans.withdraw_part(area, by=lead, reason="No money.")

    frozen_strategy = period_contents(period)["strategy"]

    assert frozen_strategy["swot"][0]["areas"] == []
    assert frozen_strategy["problems"][0]["area"] is None


def test_new_parts_of_a_withdrawn_area_are_refused(area, objective, strategy, lead):
    other = ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    plans.withdraw_part(area, by=lead, reason="No money.")
    code_and_title = {"code": "9", "title": "Another"}
    new_parts = [
        (Objective(area=area), code_and_title),
        (Action(objective=objective), code_and_title),
        (Indicator(strategy=strategy, objective=objective), {"name": "Another", "unit": "flats"}),
        (other, {"objective": objective}),
    ]

    for row, fields in new_parts:
        with pytest.raises(AlreadyWithdrawn, match="Choose another one"):
            plans.save_part(row, by=lead, fields=fields)


def test_withdrawal_without_reason_is_refused_by_the_database(area, objective):
    for model in (PriorityArea, Objective):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(withdrawn_at="2026-11-01T00:00Z")


@pytest.mark.slow
def test_withdrawn_area_is_shown_to_officials_only_with_the_reason(client, area, objective, strategy, everyone):
    client.force_login(everyone["lead"])
    assert url("area_withdraw", area.pk) in client.get(url("area_edit", area.pk)).content.decode()
    assert url("objective_withdraw", objective.pk) in client.get(url("objective_edit", objective.pk)).content.decode()

    assert client.post(url("area_withdraw", area.pk), {"text": ""}).status_code == 200
    client.post(url("area_withdraw", area.pk), {"text": "No money."})

    page = client.get(strategy.get_absolute_url()).content.decode()
    assert ("No money." in page, "More flats" in page) == (False, False)
    page = client.get(url("withdrawn_parts", strategy.ref)).content.decode()
    assert ("No money." in page, "More flats" in page) == (True, True)
    assert (
        area.title not in client.get(url("action_add", ObjectiveFactory(area__strategy=strategy).pk)).content.decode()
    )
    assert area.title not in client.get(url("swot_add", strategy.ref)).content.decode()
    for role in ("viewer", "partner"):
        client.force_login(everyone[role])
        page = client.get(strategy.get_absolute_url()).content.decode()
        assert "Housing for all" not in page
        assert "No money." not in page
        assert "Housing for all" not in client.get(strategy.city.get_absolute_url()).content.decode()
        assert "Housing for all" not in client.get(url("action_list", strategy.ref)).content.decode()
    client.force_login(everyone["viewer"])
    assert client.get(url("area_withdraw", area.pk)).status_code == 404


def test_withdrawn_objective_is_listed_with_its_reason(client, objective, strategy, everyone):
    plans.withdraw_part(objective, by=everyone["lead"], reason="Merged with others.")
    client.force_login(everyone["official"])

    assert "Merged with others." in client.get(url("withdrawn_parts", strategy.ref)).content.decode()


def test_link_to_a_withdrawn_area_is_kept_in_the_form_but_not_shown(client, area, strategy, everyone):
    item = strategy.swot_items.create(kind="strength", text="Many flats.")
    item.areas.add(area)
    strategy.risks.create(text="No flats.", area=area)
    plans.withdraw_part(area, by=everyone["lead"], reason="No money.")
    client.force_login(everyone["official"])

    assert area.title not in client.get(url("swot", strategy.ref)).content.decode()
    form = client.get(url("swot_edit", item.pk)).context["form"]
    assert list(form.fields["areas"].queryset) == [area]


def test_gate_requires_an_active_area(area, strategy, lead):
    strategy.swot_items.create(kind="strength", text="Many flats.")
    before = swot_and_area(reload(strategy.city), lead)
    plans.withdraw_part(area, by=lead, reason="No money.")

    assert (before.met, swot_and_area(reload(strategy.city), lead).met) == (True, False)


# ---- codes, and restoring


def add_with_code(model, parent, lead, code):
    fields = {"code": code, "title": "Another", **parent}
    if model is Action:
        fields |= {"starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    return plans.save_part(model(**parent), by=lead, fields=fields)


def coded_parts(area, objective, action):
    return [
        (PriorityArea, area, {"strategy": area.strategy}, plans.withdraw_part),
        (Objective, objective, {"area": area}, plans.withdraw_part),
        (Action, action, {"objective": objective}, plans.withdraw_part),
    ]


@pytest.mark.parametrize("number", range(3), ids=["area", "objective", "action"])
def test_code_of_a_withdrawn_part_can_be_used_again(area, objective, lead, number):
    action = ActionFactory(objective=objective)
    model, part, parent, withdraw = coded_parts(area, objective, action)[number]
    with pytest.raises(InputRefused, match="has this code"):
        add_with_code(model, parent, lead, part.code)
    for _model, below, _parent, withdraw_below in reversed(coded_parts(area, objective, action)[number + 1 :]):
        withdraw_below(below, by=lead, reason="Merged.")
    withdraw(part, by=lead, reason="Merged.")

    other = add_with_code(model, parent, lead, part.code)

    assert other.code == part.code
    with pytest.raises(InputRefused, match="has this code") as error:
        plans.restore_part(part, by=lead)
    assert set(error.value.errors) == {"code"}
    restored = plans.restore_part(part, by=lead, code="77")
    assert (restored.code, restored.withdrawn_at, restored.withdrawn_reason) == ("77", None, "")
    assert restored.history.first().history_user == lead


def test_code_taken_while_a_part_is_restored_is_refused_in_words(area, lead, monkeypatch):
    withdrawn = plans.withdraw_part(area, by=lead, reason="Merged.")
    PriorityAreaFactory(strategy=area.strategy, code=area.code)
    check, calls = plans.validate, []

    def check_before_the_other_commits(row):
        calls.append(row)
        if len(calls) > 1:
            check(row)

    monkeypatch.setattr(plans, "validate", check_before_the_other_commits)

    with pytest.raises(InputRefused, match="has this code") as error:
        plans.restore_part(withdrawn, by=lead)
    assert set(error.value.errors) == {"code"}


def test_part_is_restored_after_what_it_stands_under(area, objective, lead):
    action = ActionFactory(objective=objective)
    milestone = MilestoneFactory(action=action)
    indicator = IndicatorFactory(strategy=area.strategy, objective=objective)
    for part in (milestone, indicator):
        plans.withdraw_part(part, by=lead, reason="Merged.")
    plans.withdraw_part(action, by=lead, reason="Merged.")
    plans.withdraw_part(area, by=lead, reason="Merged.")

    for part in (milestone, indicator, action, objective):
        with pytest.raises(StrategyError, match="Restore it first"):
            plans.restore_part(part, by=lead)
    for part in (area, objective, action, indicator, milestone):
        assert plans.restore_part(part, by=lead).withdrawn_at is None
        with pytest.raises(StrategyError, match="already been restored"):
            plans.restore_part(part, by=lead)


def test_restoring_is_limited_to_officials(objective, everyone):
    plans.withdraw_part(objective, by=everyone["lead"], reason="Merged.")

    for role in ("viewer", "expert", "coordinator", "other_official"):
        with pytest.raises(PermissionRefused):
            plans.restore_part(objective, by=everyone[role])


def test_part_of_an_earlier_strategy_is_not_restored(objective, lead):
    plans.withdraw_part(objective, by=lead, reason="Merged.")
    Strategy.objects.update(superseded_at=clock.now())

    with pytest.raises(Superseded):
        plans.restore_part(objective, by=lead)


def test_withdrawn_part_is_restored_on_its_page(client, strategy, objective, everyone):
    action = ActionFactory(objective=objective, code="A1", title="Flat share")
    line, item = BudgetLineFactory(action=action), strategy.swot_items.create(kind="strength", text="Many flats.")
    for part in (line, item):
        plans.withdraw_part(part, by=everyone["lead"])
    plans.withdraw_part(action, by=everyone["lead"], reason="No money.")
    ActionFactory(objective=objective, code="A1")
    client.force_login(everyone["official"])

    page = client.get(url("withdrawn_parts", strategy.ref)).content.decode()
    restore = url("part_restore", strategy.ref, "action", action.pk)
    assert ("Flat share" in page, "No money." in page, str(line) in page, "Many flats." in page) == (True,) * 4
    assert restore in page

    response = client.post(restore, {"code": "A1"})
    assert "code" in response.context["form"].errors
    client.post(restore, {"code": "A2"})
    client.post(url("part_restore", strategy.ref, "swot", item.pk))

    assert (reload(action).code, reload(action).withdrawn_at, reload(item).withdrawn_at) == ("A2", None, None)
    page = client.get(url("withdrawn_parts", strategy.ref)).content.decode()
    assert ("Flat share" in page, str(line) in page) == (False, True)


def test_snapshot_contains_no_links_to_withdrawn_actions_and_swot_items(area, objective, strategy, period, lead):
    action = ActionFactory(objective=objective)
    item = strategy.swot_items.create(kind="strength", text="Many flats.")
    item.actions.add(action)
    gone = strategy.swot_items.create(kind="weakness", text="Few flats.")
    strategy.risks.create(text="No flats.", mitigating_action=action).swot_items.add(gone)
    plans.withdraw_part(gone, by=lead)
    plans.withdraw_part(action, by=lead, reason="No money.")

    frozen = period_contents(period)["strategy"]

    assert frozen["swot"][0]["actions"] == []
    assert (frozen["problems"][0]["counter_action"], frozen["problems"][0]["swot_items"]) == (None, [])


def test_indicator_of_a_withdrawn_action_is_not_listed(client, objective, strategy, everyone):
    action = ActionFactory(objective=objective)
    IndicatorFactory(strategy=strategy, action=action, name="Flats let")
    client.force_login(everyone["official"])
    before = client.get(url("indicator_list", strategy.ref)).content.decode()
    plans.withdraw_part(action, by=everyone["lead"], reason="No money.")

    after = client.get(url("indicator_list", strategy.ref)).content.decode()

    assert ("Flats let" in before, "Flats let" in after) == (True, False)


def test_pages_say_why_a_part_cannot_be_withdrawn_or_restored_now(client, area, objective, strategy, everyone):
    kept = ActionFactory(objective=objective, title="Flat share")
    client.force_login(everyone["lead"])

    edit = client.get(url("objective_edit", objective.pk)).content.decode()
    plans.withdraw_part(kept, by=everyone["lead"], reason="No money.")
    plans.withdraw_part(area, by=everyone["lead"], reason="No money.")
    withdrawn = client.get(url("withdrawn_parts", strategy.ref)).content.decode()

    assert "First withdraw these, or move them to another objective: Flat share" in edit
    assert url("objective_withdraw", objective.pk) not in edit
    assert "has been withdrawn. Restore it first." in withdrawn
    assert url("part_restore", strategy.ref, "area", area.pk) in withdrawn
    assert url("part_restore", strategy.ref, "objective", objective.pk) not in withdrawn
