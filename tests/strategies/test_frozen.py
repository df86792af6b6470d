"""What a submission freezes, and which parts of it each user can see."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cities.enums import BodyKind, Role
from cities.models import TargetGroup
from core import clock, triggers
from core.exceptions import HashMismatch
from core.snapshots import canonical, sha256_hex
from strategies.models import (
    Action,
    Evidence,
    PeriodRevision,
    RevisionAction,
    RevisionIndicator,
    Risk,
    Strategy,
    SwotItem,
)
from strategies.selectors.frozen import frozen_log, redact_for, revision_for, submitted_values
from strategies.selectors.frozen_rows import verified_rows
from strategies.selectors.period_contents import period_contents
from strategies.services import periods, plans, updates, values
from tests.factories import (
    ActionFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    OrganisationFactory,
    PersonFactory,
    PilotPhaseFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    StrategyFactory,
    ThemeFactory,
    member,
)

from .helpers import an_official, days, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def city_period(city):
    return CityPeriodFactory(city=city)


@pytest.fixture
def action(city, city_period):
    """Return a published action of the city in the open period."""
    return ActionFactory(city=city, published=True, owner=city.municipality)


@pytest.fixture
def updates_by_visibility(action, official):
    return [
        updates.log_update(action, by=official, data=update_input(f"For {name}.", visibility=name, spent=Decimal(10)))
        for name in ("city", "network", "public")
    ]


def publish(city_period, lead, coordinator):
    periods.submit_period(city_period, by=lead)
    periods.accept_period(city_period, by=coordinator)
    periods.publish_period(city_period, by=lead)


def test_snapshot_holds_the_facts_and_the_plan(city, city_period, action, official, lead):
    action.objective.area.theme = ThemeFactory(code="work")
    action.objective.area.save()
    action.partners.add(OrganisationFactory(name="Library"))
    action.target_groups.add(TargetGroup.objects.create(code="youth", name="Youth"))
    milestone = MilestoneFactory(action=action, weight=3, due_on=clock.today())
    line = BudgetLineFactory(action=action, amount="500.50")
    swot = SwotItem.objects.create(strategy=action.strategy, kind="strength", text="Good schools.")
    swot.actions.add(action)
    swot.areas.add(action.objective.area)
    risk = Risk.objects.create(strategy=action.strategy, text="Few rooms.", mitigating_action=action)
    risk.swot_items.add(swot)
    indicator = IndicatorFactory(strategy=action.strategy, action=action, baseline=1, target=9)
    PilotPhaseFactory(city=city)
    photo = StoredFileFactory(uploaded_by=official)
    chair = member(BodyKind.EXPERT_GROUP, Role.CHAIR, city).person
    data = update_input(
        milestones=[milestone],
        spent=Decimal("12.50"),
        budget_line=line,
        files=[photo],
        on_behalf_of=chair,
        values={indicator: Decimal("4.5")},
    )
    update = updates.log_update(action, by=official, data=data)
    periods.save_narrative(city_period, by=lead, text="A good quarter.", language="en")

    contents = periods.submit_period(city_period, by=lead).contents

    (entry,) = contents["actions"]
    (frozen_update,) = entry["updates"]
    (frozen_indicator,) = contents["indicators"]
    assert contents["narrative"] == {"text": "A good quarter.", "language": "en"}
    assert contents["city"] | {"name": "Linköping", "currency": "SEK"} == contents["city"]
    assert contents["strategy"]["areas"][0]["theme"] == "work"
    assert contents["strategy"]["swot"][0]["actions"] == [action.pk]
    assert contents["strategy"]["problems"][0]["swot_items"] == [swot.pk]
    assert [phase["kind"] for phase in contents["phases"]] == ["coordination"]
    assert (entry["partners"], entry["target_groups"]) == (["Library"], ["youth"])
    assert (entry["progress"], entry["budget"], entry["spent"]) == (100, "500.5", "12.5")
    assert (entry["spent_in_period"], entry["update_count"], entry["has_accountable"]) == ("12.5", 1, False)
    assert entry["milestones"][0] | {"weight": 3, "reached_on": clock.today().isoformat()} == entry["milestones"][0]
    assert frozen_update["uuid"] == str(update.uuid)
    assert frozen_update["milestones"] == [milestone.pk]
    assert frozen_update["author"] | {"body": "city_office", "role": "official"} == frozen_update["author"]
    assert frozen_update["on_behalf_of"] == {"organisation": "", "body": "expert_group", "role": "chair"}
    assert frozen_update["evidence"][0]["file"]["sha256"] == photo.sha256
    assert (frozen_indicator["value"]["value"], frozen_indicator["target"]) == ("4.5", "9")


def test_snapshot_contains_no_personal_names(city, city_period, action, official, lead):
    responsible = PersonFactory(name="Astrid Ahlgren", email="astrid@town.example")
    Action.objects.filter(pk=action.pk).update(responsible=responsible)
    official.first_name, official.last_name = "Olle", "Official"
    official.save()
    updates.log_update(action, by=official, data=update_input(on_behalf_of=responsible))

    snapshot = periods.submit_period(city_period, by=lead).snapshot

    for name in ("Astrid", "astrid", "Olle", official.email, official.person.name, lead.email):
        assert name not in snapshot


def test_revision_rows_match_the_snapshot(city_period, action, updates_by_visibility, official, lead):
    indicator = IndicatorFactory(strategy=action.strategy)
    values.set_value(indicator, city_period, by=official, value=Decimal("7"))
    IndicatorFactory(strategy=action.strategy, name="Zero")

    revision = periods.submit_period(city_period, by=lead)

    row = RevisionAction.objects.get(revision=revision)
    entry = revision.contents["actions"][0]
    assert json.loads(row.contents) == entry
    assert (row.health, row.stage, row.update_count, row.spent) == (entry["health"], "ongoing", 3, Decimal(30))
    assert list(RevisionIndicator.objects.order_by("indicator").values_list("value", flat=True)) == [Decimal(7), None]
    assert sha256_hex(canonical(revision.contents)) == revision.sha256


def test_figures_exclude_later_periods(city, official, lead):
    """Updates of later periods are not counted; health is computed for the last day of the period."""
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    CityPeriodFactory(city=city)
    last_day = before.period.ends_on
    action = ActionFactory(city=city, starts_on=last_day - days(50), ends_on=last_day + days(1))
    indicator = IndicatorFactory(strategy=action.strategy)
    for day, text in ((last_day, "Then."), (clock.today(), "Now.")):
        data = update_input(text, date=day, spent=Decimal(5), progress=80, values={indicator: Decimal(day.year)})
        updates.log_update(action, by=official, data=data)

    contents = periods.submit_period(before, by=lead).contents

    entry = contents["actions"][0]
    assert (contents["as_of"], entry["spent"], entry["update_count"]) == (last_day.isoformat(), "5", 1)
    assert (entry["last_update_on"], entry["expected"]) == (last_day.isoformat(), 98)


def test_indicator_values_include_earlier_periods(city, official, lead):
    before, now = (CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0))
    indicator = IndicatorFactory(strategy=ActionFactory(city=city).strategy)
    for number, city_period in enumerate((before, now)):
        values.set_value(indicator, city_period, by=official, value=Decimal(number + 1))

    (entry,) = period_contents(now)["indicators"]

    assert entry["value"]["value"] == 2
    assert entry["earlier"] == [{"period": before.period.name, "value": Decimal(1), "visibility": "network"}]


def test_withdrawn_action_with_updates_stays_in_the_snapshot(city_period, action, updates_by_visibility, official):
    ActionFactory(city=city_period.city, withdrawn_at=clock.now(), withdrawn_reason="Never begun.")
    plans.withdraw_part(action, by=official, reason="Merged.")

    (entry,) = period_contents(city_period)["actions"]

    assert (entry["id"], entry["is_withdrawn"], entry["update_count"]) == (action.pk, True, 3)


def test_city_without_strategy_can_submit(city_period, lead):
    contents = periods.submit_period(city_period, by=lead).contents

    assert (contents["strategy"], contents["actions"], contents["narrative"]) == (None, [], None)


def test_author_without_membership_is_shown_without_body_and_role(city_period, action, updates_by_visibility, official):
    person = official.person
    person.memberships.all().delete()

    (entry,) = period_contents(city_period)["actions"]

    assert entry["updates"][0]["author"] == {"organisation": person.organisation.name, "body": "", "role": ""}
    person.user = None
    person.save()
    assert period_contents(city_period)["actions"][0]["updates"][0]["author"] is None


@pytest.mark.parametrize("count", [1, 5])
def test_snapshot_query_count_is_constant(city, city_period, official, count, django_assert_max_num_queries):
    for action in ActionFactory.create_batch(count, city=city):
        indicator = IndicatorFactory(strategy=action.strategy, action=action)
        data = update_input(milestones=[MilestoneFactory(action=action)], links=["https://a.example"])
        data.values = {indicator: Decimal(1)}
        updates.log_update(action, by=official, data=data)

    with django_assert_max_num_queries(26):
        contents = period_contents(city_period)

    assert len(contents["actions"]) == count


# ---- visibility

CITY, NETWORK, PUBLIC = ["For city.", "For network.", "For public."], ["For network.", "For public."], ["For public."]
INSIDERS = {"viewer", "expert", "local_committee", "official", "lead"}
READERS = {"partner", "trainer", "scientific", "scientific_conflicted", "coordinator"}


def visible_texts(role):
    if role in INSIDERS:
        return CITY
    return NETWORK if role in READERS else PUBLIC


def test_frozen_log_is_filtered_by_visibility(everyone, city_period, action, updates_by_visibility):
    coordinator, lead = everyone["coordinator"], everyone["lead"]
    texts_by_step = {}
    for step in ("submitted", "published"):
        if step == "submitted":
            periods.submit_period(city_period, by=lead)
        else:
            periods.accept_period(city_period, by=coordinator)
            periods.publish_period(city_period, by=lead)
        texts_by_step[step] = {
            role: sorted(update.text for update, _origin in frozen_log(action, user)) for role, user in everyone.items()
        }

    for role in everyone:
        is_hidden = role not in INSIDERS | READERS
        assert (role, texts_by_step["submitted"][role]) == (role, [] if is_hidden else visible_texts(role))
        assert (role, texts_by_step["published"][role]) == (role, visible_texts(role))


def test_snapshot_is_redacted_for_each_role(everyone, city, city_period, action, updates_by_visibility, official):
    for visibility in ("city", "public"):
        indicator = IndicatorFactory(strategy=action.strategy, name=visibility)
        values.set_value(indicator, city_period, by=official, value=Decimal(1), visibility=visibility)
    ActionFactory(city=city, title="Not yet published")
    snapshot = periods.submit_period(city_period, by=everyone["lead"]).read()

    for role, user in everyone.items():
        redacted = redact_for(snapshot, user, city)
        entry = next(row for row in redacted.actions if row.id == action.pk)
        assert sorted(update.text for update in entry.updates) == visible_texts(role)
        assert (entry.hidden, entry.spent) == (3 - len(visible_texts(role)), 30)
        city_value, public_value = (row.value for row in redacted.indicators)
        shown = (1, "") if role in INSIDERS else (None, "not shared by the city")
        assert (city_value.value, city_value.withheld) == shown
        assert (public_value.value, public_value.withheld) == (1, "")
        assert len(redacted.actions) == (2 if role in INSIDERS | READERS else 1)


def test_public_reads_the_published_revision_while_the_period_is_reopened(
    everyone, city_period, action, updates_by_visibility, coordinator, lead
):
    public, partner = everyone["public"], everyone["partner"]
    publish(city_period, lead, coordinator)
    first = revision_for(city_period, public)

    periods.reopen_period(city_period, by=coordinator, reason="A digit too many.")
    update = updates_by_visibility[2]
    updates.change_update(update, by=update.author, data=update_input("Changed.", visibility="public"), version=1)
    revisions_while_open = (revision_for(city_period, public), revision_for(city_period, partner))
    second = periods.submit_period(city_period, by=lead)

    assert revisions_while_open == (first, first)
    assert (revision_for(city_period, public), revision_for(city_period, partner)) == (first, second)
    assert [update.text for update, _origin in frozen_log(action, public)] == ["For public."]
    assert [(update.text, origin.revision) for update, origin in frozen_log(action, partner)][:1] == [("Changed.", 2)]


def test_no_revision_is_visible_before_submission(everyone, city_period, action, updates_by_visibility):
    assert {revision_for(city_period, user) for user in everyone.values()} == {None}
    assert [row for user in everyone.values() for row in frozen_log(action, user)] == []


def test_submitted_values_are_filtered_by_visibility(everyone, city_period, action, official, lead):
    network_indicator, city_indicator, empty_indicator = IndicatorFactory.create_batch(3, strategy=action.strategy)
    values.set_value(network_indicator, city_period, by=official, value=Decimal(4))
    values.set_value(city_indicator, city_period, by=official, value=Decimal(5), visibility="city")
    periods.submit_period(city_period, by=lead)

    partner, viewer = everyone["partner"], everyone["viewer"]
    assert [value.value for value, _origin in submitted_values(network_indicator, partner)] == [4]
    assert [value.withheld for value, _origin in submitted_values(city_indicator, partner)] == [
        "not shared by the city"
    ]
    assert submitted_values(empty_indicator, viewer) == []
    assert submitted_values(city_indicator, viewer)[0][1].period == city_period.period.name


def create_forged_revision(city_period, action, *, contents, sha256):
    """Return a revision and its row, created with the triggers dropped."""
    figures = {"health": "late", "stage": "", "progress": 0, "expected": 0, "budget": 0, "spent": 0, "update_count": 0}
    with triggers.triggers_dropped():
        revision = PeriodRevision.objects.create(city_period=city_period, number=1, snapshot="{}", sha256=sha256)
        RevisionAction.objects.create(revision=revision, action=action, contents=contents, **figures)
    return revision


def test_revision_with_wrong_hash_raises_hash_mismatch(everyone, city_period, action, lead):
    revision = create_forged_revision(city_period, action, contents="{}", sha256="0" * 64)

    with pytest.raises(HashMismatch):
        verified_rows(revision.actions.all())
    with pytest.raises(HashMismatch):
        revision.read()


def test_row_that_differs_from_its_snapshot_raises_hash_mismatch(city_period, action, lead):
    revision = create_forged_revision(city_period, action, contents='{"updates":[]}', sha256=sha256_hex("{}"))

    with pytest.raises(HashMismatch):
        verified_rows(revision.actions.all())


def test_snapshot_is_deterministic(city_period, action, updates_by_visibility, official):
    Evidence.objects.create(update=updates_by_visibility[0], link="https://a.example")
    with clock.at(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        assert canonical(period_contents(city_period)) == canonical(period_contents(city_period))


def test_superseded_strategy_is_not_in_the_snapshot(city_period, action):
    Strategy.objects.update(superseded_at=clock.now())
    new = StrategyFactory(city=city_period.city)

    contents = period_contents(city_period)

    assert (contents["strategy"]["id"], contents["actions"]) == (new.pk, [])
