"""A city's next strategy: a draft while the current one is in force, which it supersedes when adopted."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.urls import reverse

from core.exceptions import InputRefused, PermissionRefused
from strategies.exceptions import StrategyError, Superseded
from strategies.models import Action, PriorityArea, Strategy
from strategies.selectors.completeness import completeness
from strategies.selectors.period_contents import period_contents
from strategies.selectors.work import actions_to_log
from strategies.services import periods, plans, updates, values
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    IndicatorFactory,
    ObjectiveFactory,
    ReportingPeriodFactory,
    StrategyFactory,
)

from .helpers import days, update_input

pytestmark = pytest.mark.django_db

FIELDS = {"title": "Together again", "year_from": 2030, "year_to": 2034, "language": "sv"}


def url(name, *args):
    return reverse(f"strategies:{name}", args=args)


@pytest.fixture
def current(city):
    return StrategyFactory(city=city, published=True)


@pytest.fixture
def old_action(current):
    return ActionFactory(city=current.city, title="Language café", published=True)


@pytest.fixture
def next_strategy(current, lead):
    return plans.add_strategy(current.city, by=lead, fields=FIELDS)


@pytest.fixture
def new_action(next_strategy):
    return ActionFactory(objective=ObjectiveFactory(area__strategy=next_strategy), title="Homes for all")


def reload(row):
    return type(row).objects.get(pk=row.pk)


def adopt(next_strategy, lead, on=None):
    plans.adopt_strategy(next_strategy, by=lead, on=on or next_strategy.city.today)
    return Strategy.objects.get(pk=next_strategy.pk)


def test_next_strategy_is_added_once_by_a_lead_official(current, city, lead, official):
    with pytest.raises(PermissionRefused):
        plans.add_strategy(city, by=official, fields=FIELDS)
    next_strategy = plans.add_strategy(city, by=lead, fields=FIELDS)
    with pytest.raises(StrategyError, match="already been created"):
        plans.add_strategy(city, by=lead, fields=FIELDS)

    assert (next_strategy.replaces, next_strategy.status, next_strategy.is_next) == (current, "draft", True)
    assert list(Strategy.objects.current()) == [current]


def test_next_strategy_is_refused_while_the_current_one_is_a_draft(city, lead):
    StrategyFactory(city=city)

    with pytest.raises(StrategyError, match="already has a strategy"):
        plans.add_strategy(city, by=lead, fields=FIELDS)


def test_adoption_supersedes_the_current_strategy(current, next_strategy, lead):
    next_strategy = adopt(next_strategy, lead)

    current.refresh_from_db()
    assert current.is_superseded
    assert current.status == "adopted"
    assert current.published_at is not None
    assert current.get_ended_on() == next_strategy.adopted_on - days(1)
    assert list(Strategy.objects.current()) == [next_strategy]
    with pytest.raises(StrategyError, match="already been adopted"):
        plans.adopt_strategy(next_strategy, by=lead, on=next_strategy.adopted_on - days(3))


def test_adoption_date_must_be_after_that_of_the_current_strategy(current, next_strategy, lead):
    with pytest.raises(InputRefused, match="Choose a later day"):
        adopt(next_strategy, lead, on=current.adopted_on)

    current.refresh_from_db()
    assert not current.is_superseded
    adopt(next_strategy, lead, on=current.adopted_on + days(1))
    assert Strategy.objects.get(pk=current.pk).get_ended_on() == current.adopted_on


def test_second_next_strategy_is_refused_by_the_database(current, next_strategy, city):
    with pytest.raises(IntegrityError):
        StrategyFactory(city=city, replaces=current)


def test_superseded_draft_is_refused_by_the_database(next_strategy):
    with pytest.raises(IntegrityError):
        Strategy.objects.filter(pk=next_strategy.pk).update(superseded_at="2026-01-01T00:00Z")


def test_superseded_strategy_cannot_be_changed(current, next_strategy, old_action, lead):
    adopt(next_strategy, lead)
    current.refresh_from_db()
    parts = [current, old_action, old_action.objective, old_action.objective.area]

    for part in parts:
        with pytest.raises(Superseded):
            plans.save_part(part, by=lead, fields={"title": "Another"})
    for new in (PriorityArea(strategy=current), Action(objective=old_action.objective)):
        with pytest.raises(Superseded):
            plans.save_part(new, by=lead, fields={"code": "9", "title": "Another"})
    with pytest.raises(Superseded):
        plans.withdraw_part(old_action, by=lead, reason="Over.")
    with pytest.raises(Superseded):
        plans.withdraw_part(IndicatorFactory(strategy=current), by=lead)


def test_draft_next_strategy_adds_no_tasks_and_is_not_in_the_snapshot(
    period, next_strategy, old_action, new_action, lead
):
    IndicatorFactory(strategy=next_strategy)

    assert [row.pk for row in actions_to_log(lead)] == [old_action.pk]
    assert completeness(period).actions == 1
    assert completeness(period).indicators == 0
    assert [entry["id"] for entry in period_contents(period)["actions"]] == [old_action.pk]


def test_open_period_after_adoption_contains_new_actions_and_logged_old_ones(
    period, current, next_strategy, old_action, new_action, lead
):
    logged_update = ActionUpdateFactory(action=old_action, city_period=period)
    action_without_update = ActionFactory(objective=old_action.objective)
    adopt(next_strategy, lead)

    contents = period_contents(period)
    assert contents["strategy"]["id"] == next_strategy.pk
    assert {entry["id"] for entry in contents["actions"]} == {old_action.pk, new_action.pk}
    assert action_without_update.pk not in {entry["id"] for entry in contents["actions"]}
    assert logged_update.pk in {update["id"] for entry in contents["actions"] for update in entry["updates"]}
    assert [row.pk for row in actions_to_log(lead)] == [new_action.pk]


def test_submitted_revision_is_unchanged_by_adoption(period, current, next_strategy, old_action, lead):
    revision = periods.submit_period(period, by=lead)
    before = (revision.sha256, revision.contents["strategy"]["title"])

    adopt(next_strategy, lead)

    revision = period.revisions.get()
    assert (revision.sha256, revision.contents["strategy"]["title"]) == before


def test_update_date_decides_which_strategy_accepts_it(period, next_strategy, old_action, new_action, lead):
    early = updates.log_update(old_action, by=lead, data=update_input())
    with pytest.raises(StrategyError, match="is a draft"):
        updates.log_update(new_action, by=lead, data=update_input())

    adopt(next_strategy, lead)

    with pytest.raises(InputRefused, match="Log later updates on an action of “Together again”"):
        updates.log_update(reload(old_action), by=lead, data=update_input("Too late."))
    updates.log_update(
        reload(old_action), by=lead, data=update_input("In time.", date=next_strategy.city.today - days(1))
    )
    updates.log_update(reload(new_action), by=lead, data=update_input("New."))
    updates.change_update(reload(early), by=lead, data=update_input("Better words."), version=early.version)
    early.refresh_from_db()
    assert early.text == "Better words."


def test_value_is_accepted_only_for_periods_in_which_the_strategy_was_in_force(period, current, next_strategy, lead):
    old, new = IndicatorFactory(strategy=current), IndicatorFactory(strategy=next_strategy)
    later = CityPeriodFactory(city=next_strategy.city, period=ReportingPeriodFactory(ahead=1))
    with pytest.raises(InputRefused, match="is a draft"):
        values.set_value(new, period, by=lead, value=Decimal(1))

    adopt(next_strategy, lead)

    values.set_value(reload(old), period, by=lead, value=Decimal(1))
    values.set_value(reload(new), period, by=lead, value=Decimal(2))
    values.set_value(reload(new), later, by=lead, value=Decimal(3))
    with pytest.raises(InputRefused, match="ended on"):
        values.set_value(reload(old), later, by=lead, value=Decimal(4))


def test_pages_link_earlier_and_next_strategies(client, current, next_strategy, old_action, new_action, lead, everyone):
    client.force_login(lead)
    draft, home = next_strategy.get_absolute_url(), current.city.get_absolute_url()
    assert next_strategy.title in client.get(home).content.decode()
    assert current.title in client.get(draft).content.decode()
    client.force_login(everyone["partner"])
    assert (client.get(draft).status_code, next_strategy.title in client.get(home).content.decode()) == (404, False)

    next_strategy = adopt(next_strategy, lead)
    current.refresh_from_db()

    earlier_page = client.get(current.get_absolute_url()).content.decode()
    assert "Replaced on" in earlier_page
    assert next_strategy.get_absolute_url() in earlier_page
    assert old_action.title in earlier_page
    current_page = client.get(url("strategy_detail", next_strategy.city.slug)).content.decode()
    assert ("This strategy follows" in current_page, new_action.title in current_page) == (True, True)
    assert "Earlier strategies" in client.get(home).content.decode()
    assert "belongs to an earlier strategy" in client.get(old_action.get_absolute_url()).content.decode()


def test_public_sees_the_superseded_strategy_but_not_the_unpublished_next_one(client, current, next_strategy, lead):
    adopt(next_strategy, lead)
    current.refresh_from_db()

    page = client.get(current.get_absolute_url()).content.decode()
    home = client.get(current.city.get_absolute_url()).content.decode()

    assert "Replaced by a later strategy" in page
    assert next_strategy.title not in page + home
    assert current.title in home
    assert client.get(url("strategy_detail", current.city.slug)).status_code == 302  # sign in


def test_superseded_strategy_pages_show_no_edit_links(client, current, next_strategy, old_action, lead):
    indicator = IndicatorFactory(strategy=current)
    adopt(next_strategy, lead)
    current.refresh_from_db()
    client.force_login(lead)

    for address in (current.get_absolute_url(), url("swot", current.ref), url("indicator_list", current.ref)):
        page = client.get(address).content.decode()
        assert "/edit/" not in page
        assert "/add/" not in page
    for row in (old_action, indicator):
        assert "/edit/" not in client.get(row.get_absolute_url()).content.decode()


def test_add_strategy_link_is_shown_to_lead_officials_only(client, current, lead, official):
    add_url, form_data = url("strategy_add", current.city.slug), FIELDS | {"version": 1}
    client.force_login(official)
    assert client.get(add_url)["Location"] == current.get_absolute_url()
    assert add_url not in client.get(current.get_absolute_url()).content.decode()
    client.post(add_url, form_data)
    assert Strategy.objects.count() == 1

    client.force_login(lead)
    assert add_url in client.get(current.get_absolute_url()).content.decode()
    assert "stays in force until" in client.get(add_url).content.decode()
    assert client.post(add_url, form_data)["Location"] == Strategy.objects.get(replaces=current).get_absolute_url()
    assert client.get(add_url)["Location"] == Strategy.objects.get(replaces=current).get_absolute_url()
    assert add_url not in client.get(current.get_absolute_url()).content.decode()


def test_adoption_form_explains_when_the_current_strategy_ends(client, current, next_strategy, lead):
    client.force_login(lead)

    page = client.get(url("strategy_adopt", next_strategy.ref)).content.decode()
    refused = client.post(url("strategy_adopt", next_strategy.ref), {"day": current.adopted_on.isoformat()})

    assert f"“{current.title}”, ends the day before" in page
    assert "Choose a later day" in refused.content.decode()


def test_city_without_a_strategy_begins_its_first(everyone, city):
    made = plans.add_strategy(city, by=everyone["lead"], fields=FIELDS)

    assert (made.city, made.status) == (city, "draft")
