"""Querysets and permissions agree on who sees what; the expected counts are written by hand."""

from types import SimpleNamespace

import pytest

from core import clock
from core.snapshots import sha256_hex
from strategies.models import (
    Action,
    ActionUpdate,
    CityPeriod,
    Evidence,
    Indicator,
    IndicatorValue,
    PeriodRevision,
    PriorityArea,
    Strategy,
    SwotItem,
)
from strategies.rules import is_own_municipality, is_responsible
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    move_to,
)

pytestmark = pytest.mark.django_db
GONE = {"withdrawn_at": "2026-05-04T00:00Z", "withdrawn_reason": "x"}


@pytest.fixture
def world(everyone, city, other_city):
    """A published strategy in ``city``, an adopted one in the other, a draft in a third; facts of every visibility."""
    published = StrategyFactory(city=city, published=True)
    adopted = StrategyFactory(city=other_city, adopted=True)
    draft = StrategyFactory(city=CityFactory())
    action = ActionFactory(city=city, published=True)
    ActionFactory(city=city)
    ActionFactory(city=city, published=True, **GONE)
    ActionFactory(city=other_city)
    ActionFactory(city=draft.city)
    for strategy in (published, adopted, draft):
        SwotItem.objects.create(strategy=strategy, kind="strength", text="x")
        IndicatorFactory(strategy=strategy)
    SwotItem.objects.create(strategy=published, kind="strength", text="x", withdrawn_at=clock.now())
    IndicatorFactory(strategy=published, withdrawn_at=clock.now())
    for ahead, state in enumerate(("open", "submitted", "published")):
        facts_of(action, CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-ahead)), state)
    return SimpleNamespace(action=action)


def facts_of(action, city_period, state):
    """Updates, values and evidence of each visibility; one more of each that was withdrawn."""
    for visibility in ("city", "network", "public"):
        update = ActionUpdateFactory(action=action, city_period=city_period, visibility=visibility)
        Evidence.objects.create(update=update, link="https://a.example")
        indicator = IndicatorFactory(strategy=action.strategy, name="Measured", withdrawn_at=clock.now())
        IndicatorValueFactory(indicator=indicator, city_period=city_period, visibility=visibility)
    if state == "open":
        update = ActionUpdateFactory(action=action, city_period=city_period, **GONE)
        Evidence.objects.create(update=update, link="https://a.example")
        IndicatorValueFactory(indicator=indicator, city_period=city_period, **GONE)
        Evidence.objects.create(
            update=ActionUpdate.objects.filter(withdrawn_at=None).first(),
            link="https://b.example",
            withdrawn_at=clock.now(),
        )
        return
    city_period.refresh_from_db()
    submit(city_period)
    PeriodRevision.objects.create(city_period=city_period, number=1, snapshot="{}", sha256=sha256_hex("{}"))
    if state != "submitted":
        for verb, target in (("accept", "accepted"), ("publish", "published")):
            step(city_period, verb, target)


def submit(city_period):
    step(city_period, "submit", "submitted")


def step(city_period, verb, target):
    number = city_period.move_count + 1
    city_period.moves.create(
        number=number, verb=verb, from_state=city_period.state, to_state=target, revision=1, text=""
    )
    city_period.state, city_period.move_count = target, number
    city_period.save()


INSIDERS = ("viewer", "expert", "local_committee")
OFFICIALS = ("official", "lead")
READERS = ("partner", "trainer", "scientific", "scientific_conflicted")
NOBODIES = ("public", "data_protection", "former", "superuser", "superuser_conflicted")


def seen(nobody, insider, official, other_official, reader, coordinator):
    return (
        dict.fromkeys(NOBODIES, nobody)
        | dict.fromkeys(INSIDERS, insider)
        | dict.fromkeys(OFFICIALS, official)
        | dict.fromkeys(READERS, reader)
        | {"other_official": other_official, "coordinator": coordinator}
    )


SEEN = {  # by hand, from docs/access.md
    Strategy: seen(1, 1, 1, 2, 2, 3),
    Action: seen(1, 3, 3, 2, 3, 5),
    SwotItem: seen(1, 1, 2, 2, 2, 3),
    PriorityArea: seen(1, 1, 1, 2, 2, 3),
    Indicator: seen(1, 1, 11, 2, 2, 3),
    ActionUpdate: seen(1, 9, 10, 1, 4, 4),
    IndicatorValue: seen(1, 9, 10, 1, 4, 4),
    Evidence: seen(1, 9, 10, 1, 4, 4) | {"lead": 11},  # withdrawn rows too
    CityPeriod: seen(1, 3, 3, 1, 3, 3),
    PeriodRevision: seen(1, 2, 2, 1, 2, 2),
}


@pytest.mark.parametrize("model", SEEN)
def test_list_and_rule_agree_on_who_sees_what(everyone, world, model):
    permission = f"strategies.view_{model._meta.model_name}"
    everything = list(model.objects.all())

    for role, user in everyone.items():
        listed = set(model.objects.visible_to(user))
        if role == "public":
            allowed = listed  # an anonymous user has no permissions
        else:
            allowed = {row for row in everything if user.has_perm(permission, row)}
        assert (role, listed) == (role, allowed)
        assert (role, len(listed)) == (role, SEEN[model][role])


def test_reopened_period_is_no_longer_read_live(everyone, world):
    """After reopening, others read the revision; the facts are visible to the city only."""
    city_period = CityPeriod.objects.get(state="published")
    step_back(city_period)

    rows = ActionUpdate.objects.filter(city_period=city_period)
    assert {role: rows.visible_to(user).count() for role, user in everyone.items()} == seen(0, 3, 3, 0, 0, 0)


def step_back(city_period):
    number = city_period.move_count + 1
    city_period.moves.create(
        number=number, verb="reopen", from_state="published", to_state="open", revision=1, text="A digit."
    )
    city_period.state, city_period.move_count, city_period.revision = "open", number, 2
    city_period.save()


LISTS = {  # who may open a list at all, asked without a row
    "strategies.log_action": {"viewer", "expert", "local_committee", "official", "lead", "other_official"},
    "strategies.change_action": {"official", "lead", "other_official"},
    "strategies.submit_cityperiod": {"lead"},
    "strategies.comment_cityperiod": {"expert"},
    "strategies.accept_cityperiod": {"coordinator"},
    "strategies.change_actionupdate": {*INSIDERS, *OFFICIALS, "other_official"} | {"everybody else"},
    "strategies.add_indicatorvalue": {*INSIDERS, *OFFICIALS, "other_official"},
}


@pytest.mark.parametrize("permission", LISTS)
def test_permission_without_a_row_asks_whether_any_could_pass(everyone, permission):
    allowed = {role for role, user in everyone.items() if role != "public" and user.has_perm(permission)}

    if "everybody else" in LISTS[permission]:  # the author of an update may see it
        assert allowed == set(everyone) - {"public"}
    else:
        assert allowed == LISTS[permission]


def test_nobody_deletes(everyone):
    models = ("strategy", "action", "actionupdate", "indicatorvalue", "evidence", "indicator", "swotitem")
    for role, user in everyone.items():
        if role != "public":
            assert not any(user.has_perm(f"strategies.delete_{model}") for model in models), role


def test_owner_answers_only_while_a_member(everyone, world):
    action = world.action
    action.responsible = everyone["expert"].person
    action.save()
    action.deputies.add(everyone["former"].person)

    may = {
        role for role, user in everyone.items() if role != "public" and user.has_perm("strategies.log_action", action)
    }

    assert may == {"expert", "official", "lead"}
    assert is_responsible(everyone["former"], None) is False


def test_municipality_is_asked_of_a_row(everyone, city):
    city_period = CityPeriodFactory(city=city)

    assert is_own_municipality(everyone["scientific_conflicted"], city_period) is True
    assert is_own_municipality(everyone["scientific"], city_period) is False
    assert is_own_municipality(everyone["scientific_conflicted"], None) is False
    assert move_to(CityPeriodFactory(to_state="scheduled"), "open").state == "open"


def test_loggable_actions_are_those_that_the_rule_allows(everyone, world):
    world.action.deputies.add(everyone["local_committee"].person)

    for role, user in everyone.items():
        listed = set(Action.objects.loggable_by(user))
        standing = Action.objects.standing()
        allowed = (
            set() if role == "public" else {row for row in standing if user.has_perm("strategies.log_action", row)}
        )
        assert (role, listed) == (role, allowed)
    assert Action.objects.loggable_by(everyone["local_committee"]).count() == 1
