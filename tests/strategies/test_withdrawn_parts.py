"""Priority areas and objectives are withdrawn when nothing active belongs to them; stored data stay."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from pilot.gate_checks import swot_and_area
from strategies.exceptions import AlreadyWithdrawn, PermissionRefused, ReasonMissing, StrategyError
from strategies.models import Action, Indicator, Objective, PriorityArea
from strategies.selectors.frozen import period_contents
from strategies.selectors.history import history_of
from strategies.services import plans, updates
from tests.factories import (
    ActionFactory,
    IndicatorFactory,
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
        plans.withdraw_objective(objective, by=lead, reason=" ")
    plans.withdraw_objective(objective, by=lead, reason="Merged.")
    with pytest.raises(AlreadyWithdrawn):
        plans.withdraw_objective(objective, by=lead, reason="Again.")

    objective = reload(objective)
    assert (objective.withdrawn_at is None, objective.withdrawn_reason) == (False, "Merged.")
    assert history_of(objective)[0].reason == "Merged."


def test_withdrawal_is_limited_to_officials(area, objective, everyone):
    for role in ("viewer", "expert", "coordinator", "other_official"):
        with pytest.raises(PermissionRefused):
            plans.withdraw_objective(objective, by=everyone[role], reason="Merged.")
        with pytest.raises(PermissionRefused):
            plans.withdraw_area(area, by=everyone[role], reason="Merged.")


def test_withdrawal_is_refused_while_active_parts_exist(area, objective, lead):
    ActionFactory(objective=objective, title="Flat share")
    for withdraw, row in ((plans.withdraw_objective, objective), (plans.withdraw_area, area)):
        with pytest.raises(StrategyError, match="Flat share"):
            withdraw(row, by=lead, reason="Merged.")
    plans.withdraw_action(Action.objects.get(), by=lead, reason="Merged.")
    IndicatorFactory(strategy=area.strategy, objective=objective, name="Flats let")
    for withdraw, row in ((plans.withdraw_objective, objective), (plans.withdraw_area, area)):
        with pytest.raises(StrategyError, match="Flats let"):
            withdraw(row, by=lead, reason="Merged.")

    assert not Objective.objects.filter(withdrawn_at__isnull=False).exists()


def test_withdrawn_area_withdraws_its_objectives_and_keeps_updates(area, objective, period, lead):
    action = ActionFactory(objective=objective)
    update = updates.log_update(action, by=lead, data=update_input())
    plans.withdraw_action(action, by=lead, reason="Merged.")
    earlier = ObjectiveFactory(area=area)
    plans.withdraw_objective(earlier, by=lead, reason="Long ago.")

    plans.withdraw_area(area, by=lead, reason="No money.")

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
    plans.withdraw_area(area, by=lead, reason="No money.")

    frozen_strategy = period_contents(period)["strategy"]

    assert frozen_strategy["swot"][0]["areas"] == []
    assert frozen_strategy["problems"][0]["area"] is None


def test_new_parts_of_a_withdrawn_area_are_refused(area, objective, strategy, lead):
    other = ActionFactory(objective=ObjectiveFactory(area__strategy=strategy))
    plans.withdraw_area(area, by=lead, reason="No money.")
    code_and_title = {"code": "9", "title": "Another"}
    new_parts = [
        (Objective(area=area), code_and_title),
        (Action(objective=objective), code_and_title),
        (Indicator(strategy=strategy, objective=objective), {"name": "Another", "unit": "flats"}),
        (other, {"objective": objective}),
    ]

    for row, fields in new_parts:
        with pytest.raises(AlreadyWithdrawn, match="Choose another place"):
            plans.save_part(row, by=lead, fields=fields)


def test_withdrawal_without_reason_is_refused_by_the_database(area, objective):
    for model in (PriorityArea, Objective):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(withdrawn_at="2026-11-01T00:00Z")


def test_withdrawn_area_is_shown_to_officials_only_with_the_reason(client, area, objective, strategy, everyone):
    client.force_login(everyone["lead"])
    assert url("area_withdraw", area.pk) in client.get(url("area_edit", area.pk)).content.decode()
    assert url("objective_withdraw", objective.pk) in client.get(url("objective_edit", objective.pk)).content.decode()

    assert client.post(url("area_withdraw", area.pk), {"text": ""}).status_code == 200
    client.post(url("area_withdraw", area.pk), {"text": "No money."})

    page = client.get(strategy.get_absolute_url()).content.decode()
    assert ("No money." in page, "More flats" in page) == (True, False)
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
    plans.withdraw_objective(objective, by=everyone["lead"], reason="Merged with others.")
    client.force_login(everyone["official"])

    assert "Merged with others." in client.get(strategy.get_absolute_url()).content.decode()


def test_link_to_a_withdrawn_area_is_kept_in_the_form_but_not_shown(client, area, strategy, everyone):
    item = strategy.swot_items.create(kind="strength", text="Many flats.")
    item.areas.add(area)
    strategy.risks.create(text="No flats.", area=area)
    plans.withdraw_area(area, by=everyone["lead"], reason="No money.")
    client.force_login(everyone["official"])

    assert area.title not in client.get(url("swot", strategy.ref)).content.decode()
    form = client.get(url("swot_edit", item.pk)).context["form"]
    assert list(form.fields["areas"].queryset) == [area]


def test_gate_requires_an_active_area(area, strategy, lead):
    strategy.swot_items.create(kind="strength", text="Many flats.")
    before = swot_and_area(reload(strategy.city))
    plans.withdraw_area(area, by=lead, reason="No money.")

    assert (before.met, swot_and_area(reload(strategy.city)).met) == (True, False)
