"""Querysets and object permissions agree on what each role sees; expected counts are written by hand."""

from types import SimpleNamespace

import pytest

from cities.rules import insider_city_ids
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
WITHDRAWN = {"withdrawn_at": "2026-05-04T00:00Z", "withdrawn_reason": "x"}


@pytest.fixture
def shared_data(everyone, city, other_city):
    """Create a published, an adopted and a draft strategy in three cities, with facts of every visibility."""
    published = StrategyFactory(city=city, published=True)
    adopted = StrategyFactory(city=other_city, adopted=True)
    draft = StrategyFactory(city=CityFactory())
    action = ActionFactory(city=city, published=True)
    ActionFactory(city=city)
    ActionFactory(city=city, published=True, **WITHDRAWN)
    ActionFactory(city=other_city)
    ActionFactory(city=draft.city)
    for strategy in (published, adopted, draft):
        SwotItem.objects.create(strategy=strategy, kind="strength", text="x")
        IndicatorFactory(strategy=strategy)
    SwotItem.objects.create(strategy=published, kind="strength", text="x", withdrawn_at=clock.now())
    IndicatorFactory(strategy=published, withdrawn_at=clock.now())
    for ahead, state in enumerate(("open", "submitted", "published")):
        create_facts(action, CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-ahead)), state)
    return SimpleNamespace(action=action)


def create_facts(action, city_period, state):
    """Create updates, values and evidence of each visibility, and withdrawn ones in the open period."""
    for visibility in ("city", "network", "public"):
        update = ActionUpdateFactory(action=action, city_period=city_period, visibility=visibility)
        Evidence.objects.create(update=update, link="https://a.example")
        indicator = IndicatorFactory(strategy=action.strategy, name="Measured", withdrawn_at=clock.now())
        IndicatorValueFactory(indicator=indicator, city_period=city_period, visibility=visibility)
    if state == "open":
        update = ActionUpdateFactory(action=action, city_period=city_period, **WITHDRAWN)
        Evidence.objects.create(update=update, link="https://a.example")
        IndicatorValueFactory(indicator=indicator, city_period=city_period, **WITHDRAWN)
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
            move(city_period, verb, target)


def submit(city_period):
    move(city_period, "submit", "submitted")


def move(city_period, verb, target):
    number = city_period.transition_count + 1
    city_period.transitions.create(
        number=number, verb=verb, from_state=city_period.state, to_state=target, revision=1, text=""
    )
    city_period.state, city_period.transition_count = target, number
    city_period.save()


INSIDERS = ("viewer", "expert", "local_committee")
OFFICIALS = ("official", "lead")
READERS = ("partner", "trainer", "scientific", "scientific_conflicted")
WITHOUT_ACCESS = ("public", "data_protection", "former", "superuser", "superuser_conflicted")


def counts_by_role(without_access, insider, official, other_official, reader, coordinator):
    return (
        dict.fromkeys(WITHOUT_ACCESS, without_access)
        | dict.fromkeys(INSIDERS, insider)
        | dict.fromkeys(OFFICIALS, official)
        | dict.fromkeys(READERS, reader)
        | {"other_official": other_official, "coordinator": coordinator}
    )


VISIBLE_COUNTS = {  # by hand, from docs/access.md
    Strategy: counts_by_role(1, 1, 1, 2, 2, 3),
    Action: counts_by_role(1, 3, 3, 2, 3, 5),
    SwotItem: counts_by_role(1, 1, 2, 2, 2, 3),
    PriorityArea: counts_by_role(1, 1, 1, 2, 2, 3),
    Indicator: counts_by_role(1, 1, 11, 2, 2, 3),
    ActionUpdate: counts_by_role(1, 9, 10, 1, 4, 4),
    IndicatorValue: counts_by_role(1, 9, 10, 1, 4, 4),
    Evidence: counts_by_role(1, 9, 10, 1, 4, 4) | {"lead": 11},  # withdrawn ones included
    CityPeriod: counts_by_role(1, 3, 3, 1, 3, 3),
    PeriodRevision: counts_by_role(1, 2, 2, 1, 2, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", VISIBLE_COUNTS)
def test_queryset_and_permission_agree_on_visible_rows(everyone, shared_data, model):
    permission = f"strategies.view_{model._meta.model_name}"
    everything = list(model.objects.all())

    for role, user in everyone.items():
        listed = set(model.objects.visible_to(user))
        if role == "public":
            allowed = listed  # anonymous users have no object permissions
        else:
            allowed = {row for row in everything if user.has_perm(permission, row)}
        assert (role, listed) == (role, allowed)
        assert (role, len(listed)) == (role, VISIBLE_COUNTS[model][role])


def test_updates_of_own_cities_are_those_that_the_whole_rule_shows(everyone, shared_data):
    for role, user in everyone.items():
        visible, insider = ActionUpdate.objects.visible_to(user), insider_city_ids(user)
        own = {row.pk for row in visible.select_related("city_period") if row.city_period.city_id in insider}
        assert set(ActionUpdate.objects.visible_to_insider(user).values_list("pk", flat=True)) == own, role


def test_updates_of_a_reopened_period_are_visible_in_the_city_only(everyone, shared_data):
    """Other readers see the revision; the updates themselves are visible to the city only."""
    city_period = CityPeriod.objects.get(state="published")
    reopen(city_period)

    rows = ActionUpdate.objects.filter(city_period=city_period)
    assert {role: rows.visible_to(user).count() for role, user in everyone.items()} == counts_by_role(0, 3, 3, 0, 0, 0)


def reopen(city_period):
    number = city_period.transition_count + 1
    city_period.transitions.create(
        number=number, verb="reopen", from_state="published", to_state="open", revision=1, text="A digit."
    )
    city_period.state, city_period.transition_count, city_period.revision = "open", number, 2
    city_period.save()


ROLES_BY_PERMISSION = {  # roles that have the permission without an object
    "strategies.log_action": {"viewer", "expert", "local_committee", "official", "lead", "other_official"},
    "strategies.change_action": {"official", "lead", "other_official"},
    "strategies.submit_cityperiod": {"lead"},
    "strategies.comment_cityperiod": {"expert"},
    "strategies.accept_cityperiod": {"coordinator"},
    "strategies.change_actionupdate": {*INSIDERS, *OFFICIALS, "other_official"} | {"everybody else"},
    "strategies.add_indicatorvalue": {*INSIDERS, *OFFICIALS, "other_official"},
}


@pytest.mark.parametrize("permission", ROLES_BY_PERMISSION)
def test_permission_without_object_is_given_to_roles_that_could_have_it(everyone, permission):
    allowed = {role for role, user in everyone.items() if role != "public" and user.has_perm(permission)}

    if "everybody else" in ROLES_BY_PERMISSION[permission]:  # authors may change their own updates
        assert allowed == set(everyone) - {"public"}
    else:
        assert allowed == ROLES_BY_PERMISSION[permission]


def test_no_role_has_delete_permission(everyone):
    models = ("strategy", "action", "actionupdate", "indicatorvalue", "evidence", "indicator", "swotitem")
    for role, user in everyone.items():
        if role != "public":
            assert not any(user.has_perm(f"strategies.delete_{model}") for model in models), role


def test_responsible_person_may_log_only_while_a_member(everyone, shared_data):
    action = shared_data.action
    action.responsible = everyone["expert"].person
    action.save()
    action.deputies.add(everyone["former"].person)

    allowed = {
        role for role, user in everyone.items() if role != "public" and user.has_perm("strategies.log_action", action)
    }

    assert allowed == {"expert", "official", "lead"}
    assert is_responsible(everyone["former"], None) is False


def test_is_own_municipality_depends_on_the_city_of_the_object(everyone, city):
    city_period = CityPeriodFactory(city=city)

    assert is_own_municipality(everyone["scientific_conflicted"], city_period) is True
    assert is_own_municipality(everyone["scientific"], city_period) is False
    assert is_own_municipality(everyone["scientific_conflicted"], None) is False
    assert move_to(CityPeriodFactory(to_state="scheduled"), "open").state == "open"


@pytest.mark.parametrize("permission", ["change_indicatorvalue", "view_milestone"])
def test_permission_without_object_is_that_for_any_object(everyone, permission):
    """Whose value or milestone it is, is known with the object only."""
    assert everyone["viewer"].has_perm(f"strategies.{permission}") is True


def test_loggable_actions_match_the_permission(everyone, shared_data):
    shared_data.action.deputies.add(everyone["local_committee"].person)

    for role, user in everyone.items():
        listed = set(Action.objects.loggable_by(user))
        active = Action.objects.active()
        allowed = set() if role == "public" else {row for row in active if user.has_perm("strategies.log_action", row)}
        assert (role, listed) == (role, allowed)
    assert Action.objects.loggable_by(everyone["local_committee"]).count() == 1
