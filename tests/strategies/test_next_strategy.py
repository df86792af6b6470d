"""A city's next strategy: a draft beside the current one, which it supersedes when it is adopted."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.urls import reverse

from strategies.exceptions import InputRefused, PermissionRefused, StrategyError, Superseded
from strategies.models import Action, PriorityArea, Strategy
from strategies.selectors.completeness import completeness
from strategies.selectors.frozen import period_contents
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

from .helpers import days, told

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
def coming(current, lead):
    return plans.add_strategy(current.city, by=lead, fields=FIELDS)


@pytest.fixture
def new_action(coming):
    return ActionFactory(objective=ObjectiveFactory(area__strategy=coming), title="Homes for all")


def again(row):
    return type(row).objects.get(pk=row.pk)


def adopted(coming, lead, on=None):
    plans.adopt_strategy(coming, by=lead, on=on or coming.city.today)
    return Strategy.objects.get(pk=coming.pk)


def test_a_lead_begins_it_once_beside_an_adopted_one(current, city, lead, official):
    with pytest.raises(PermissionRefused):
        plans.add_strategy(city, by=official, fields=FIELDS)
    coming = plans.add_strategy(city, by=lead, fields=FIELDS)
    with pytest.raises(StrategyError, match="begun already"):
        plans.add_strategy(city, by=lead, fields=FIELDS)

    assert (coming.replaces, coming.status, coming.is_next) == (current, "draft", True)
    assert list(Strategy.objects.current()) == [current]


def test_nothing_follows_a_draft(city, lead):
    StrategyFactory(city=city)

    with pytest.raises(StrategyError, match="has a strategy already"):
        plans.add_strategy(city, by=lead, fields=FIELDS)


def test_adopting_it_supersedes_the_current_one(current, coming, lead):
    coming = adopted(coming, lead)

    current.refresh_from_db()
    assert current.is_superseded
    assert current.status == "adopted"
    assert current.published_at is not None
    assert current.get_ended_on() == coming.adopted_on - days(1)
    assert list(Strategy.objects.current()) == [coming]
    with pytest.raises(StrategyError, match="adopted already"):
        plans.adopt_strategy(coming, by=lead, on=coming.adopted_on - days(3))


def test_the_days_in_force_do_not_overlap(current, coming, lead):
    with pytest.raises(InputRefused, match="Choose a later day"):
        adopted(coming, lead, on=current.adopted_on)

    current.refresh_from_db()
    assert not current.is_superseded
    adopted(coming, lead, on=current.adopted_on + days(1))
    assert Strategy.objects.get(pk=current.pk).get_ended_on() == current.adopted_on


def test_the_database_holds_one_current_and_one_next(current, coming, city):
    with pytest.raises(IntegrityError):
        StrategyFactory(city=city, replaces=current)


def test_the_database_supersedes_no_draft(coming):
    with pytest.raises(IntegrityError):
        Strategy.objects.filter(pk=coming.pk).update(superseded_at="2026-01-01T00:00Z")


def test_the_plan_of_an_earlier_strategy_stays_as_it_was(current, coming, old_action, lead):
    adopted(coming, lead)
    current.refresh_from_db()
    parts = [current, old_action, old_action.objective, old_action.objective.area]

    for part in parts:
        with pytest.raises(Superseded):
            plans.save_part(part, by=lead, fields={"title": "Another"})
    for new in (PriorityArea(strategy=current), Action(objective=old_action.objective)):
        with pytest.raises(Superseded):
            plans.save_part(new, by=lead, fields={"code": "9", "title": "Another"})
    with pytest.raises(Superseded):
        plans.withdraw_action(old_action, by=lead, reason="Over.")
    with pytest.raises(Superseded):
        plans.withdraw_part(IndicatorFactory(strategy=current), by=lead)


def test_nobody_is_asked_about_a_draft_that_follows(period, coming, old_action, new_action, lead):
    IndicatorFactory(strategy=coming)

    assert actions_to_log(lead) == [old_action]
    assert completeness(period).actions == 1
    assert completeness(period).indicators == 0
    assert [entry["id"] for entry in period_contents(period)["actions"]] == [old_action.pk]


def test_the_open_period_asks_about_the_new_one_and_keeps_what_was_said_of_the_old(
    period, current, coming, old_action, new_action, lead
):
    said = ActionUpdateFactory(action=old_action, city_period=period)
    silent = ActionFactory(objective=old_action.objective)
    adopted(coming, lead)

    contents = period_contents(period)
    assert contents["strategy"]["id"] == coming.pk
    assert {entry["id"] for entry in contents["actions"]} == {old_action.pk, new_action.pk}
    assert silent.pk not in {entry["id"] for entry in contents["actions"]}
    assert said.pk in {update["id"] for entry in contents["actions"] for update in entry["updates"]}
    assert actions_to_log(lead) == [new_action]


def test_a_submitted_period_stays_as_it_was(period, current, coming, old_action, lead):
    revision = periods.submit_period(period, by=lead)
    before = (revision.sha256, revision.contents["strategy"]["title"])

    adopted(coming, lead)

    revision = period.revisions.get()
    assert (revision.sha256, revision.contents["strategy"]["title"]) == before


def test_an_update_belongs_to_the_strategy_of_its_day(period, coming, old_action, new_action, lead):
    early = updates.log_update(old_action, by=lead, data=told())
    with pytest.raises(StrategyError, match="is a draft"):
        updates.log_update(new_action, by=lead, data=told())

    adopted(coming, lead)

    with pytest.raises(InputRefused, match="Log later news on an action of “Together again”"):
        updates.log_update(again(old_action), by=lead, data=told("Too late."))
    updates.log_update(again(old_action), by=lead, data=told("In time.", date=coming.city.today - days(1)))
    updates.log_update(again(new_action), by=lead, data=told("New."))
    updates.change_update(again(early), by=lead, data=told("Better words."), version=early.version)
    early.refresh_from_db()
    assert early.text == "Better words."


def test_a_value_belongs_to_a_period_that_the_strategy_lived_in(period, current, coming, lead):
    old, new = IndicatorFactory(strategy=current), IndicatorFactory(strategy=coming)
    later = CityPeriodFactory(city=coming.city, period=ReportingPeriodFactory(ahead=1))
    with pytest.raises(InputRefused, match="is a draft"):
        values.set_value(new, period, by=lead, value=Decimal(1))

    adopted(coming, lead)

    values.set_value(again(old), period, by=lead, value=Decimal(1))
    values.set_value(again(new), period, by=lead, value=Decimal(2))
    values.set_value(again(new), later, by=lead, value=Decimal(3))
    with pytest.raises(InputRefused, match="ended on"):
        values.set_value(again(old), later, by=lead, value=Decimal(4))


def test_pages_tell_which_one_came_before_and_after(client, current, coming, old_action, new_action, lead, everyone):
    client.force_login(lead)
    draft, home = coming.get_absolute_url(), current.city.get_absolute_url()
    assert coming.title in client.get(home).content.decode()
    assert current.title in client.get(draft).content.decode()
    client.force_login(everyone["partner"])
    assert (client.get(draft).status_code, coming.title in client.get(home).content.decode()) == (404, False)

    coming = adopted(coming, lead)
    current.refresh_from_db()

    former = client.get(current.get_absolute_url()).content.decode()
    assert "Superseded on" in former
    assert coming.get_absolute_url() in former
    assert old_action.title in former
    now = client.get(url("strategy_detail", coming.city.slug)).content.decode()
    assert ("This strategy follows" in now, new_action.title in now) == (True, True)
    assert "Earlier strategies" in client.get(home).content.decode()
    assert "belongs to an earlier strategy" in client.get(old_action.get_absolute_url()).content.decode()


def test_the_public_reads_the_earlier_one_and_no_word_of_the_unpublished_next(client, current, coming, lead):
    adopted(coming, lead)
    current.refresh_from_db()

    page = client.get(current.get_absolute_url()).content.decode()
    home = client.get(current.city.get_absolute_url()).content.decode()

    assert "Superseded by a later strategy" in page
    assert coming.title not in page + home
    assert current.title in home
    assert client.get(url("strategy_detail", current.city.slug)).status_code == 302  # sign in


def test_an_earlier_plan_shows_no_buttons(client, current, coming, old_action, lead):
    indicator = IndicatorFactory(strategy=current)
    adopted(coming, lead)
    current.refresh_from_db()
    client.force_login(lead)

    for address in (current.get_absolute_url(), url("swot", current.ref), url("indicator_list", current.ref)):
        page = client.get(address).content.decode()
        assert "/edit/" not in page
        assert "/add/" not in page
    for row in (old_action, indicator):
        assert "/edit/" not in client.get(row.get_absolute_url()).content.decode()


def test_only_a_lead_is_shown_where_it_begins(client, current, lead, official):
    begin, draft = url("strategy_add", current.city.slug), FIELDS | {"version": 1}
    client.force_login(official)
    assert client.get(begin)["Location"] == current.get_absolute_url()
    assert begin not in client.get(current.get_absolute_url()).content.decode()
    client.post(begin, draft)
    assert Strategy.objects.count() == 1

    client.force_login(lead)
    assert begin in client.get(current.get_absolute_url()).content.decode()
    assert "stays in force until" in client.get(begin).content.decode()
    assert client.post(begin, draft)["Location"] == Strategy.objects.get(replaces=current).get_absolute_url()
    assert client.get(begin)["Location"] == Strategy.objects.get(replaces=current).get_absolute_url()
    assert begin not in client.get(current.get_absolute_url()).content.decode()


def test_the_day_of_adoption_says_what_ends(client, current, coming, lead):
    client.force_login(lead)

    page = client.get(url("strategy_adopt", coming.ref)).content.decode()
    refused = client.post(url("strategy_adopt", coming.ref), {"day": current.adopted_on.isoformat()})

    assert f"“{current.title}”, ends the day before" in page
    assert "Choose a later day" in refused.content.decode()


def test_city_without_a_strategy_begins_its_first(everyone, city):
    made = plans.add_strategy(city, by=everyone["lead"], fields=FIELDS)

    assert (made.city, made.status) == (city, "draft")
