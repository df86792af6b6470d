"""Updates: stored fields, validation, permissions, and *no change* for several actions."""

from decimal import Decimal
from uuid import uuid4

import pytest

from cities.enums import BodyKind, FileState, Role
from core import clock
from core.exceptions import InputRefused, PermissionRefused
from core.text_limits import MAX_FILES, MAX_LINKS
from strategies.models import Action, ActionUpdate, IndicatorValue
from strategies.services import updates, values
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PersonFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    member,
)

from .helpers import an_official, days, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def action(city, city_period):
    return ActionFactory(city=city)


def test_update_stores_all_fields(action, city_period, official):
    milestone, line = MilestoneFactory(action=action), BudgetLineFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    photo = StoredFileFactory(uploaded_by=official)
    data = update_input(
        "  We met.  ",
        language="sv",
        milestones=[milestone],
        spent=Decimal("-12.50"),
        spent_reason="A refund.",
        budget_line=line,
        people_reached=12,
        challenges="Rooms.",
        next_step="Meet again.",
        visibility="public",
        values={indicator: Decimal("3.5")},
        files=[photo],
        links=["https://town.example/a"],
        form_uuid=uuid4(),
    )

    update = updates.log_update(action, by=official, data=data)

    photo.refresh_from_db()
    update.refresh_from_db()
    assert (update.uuid, update.author, update.city_period) == (data.form_uuid, official, city_period)
    assert (update.text, update.spent, update.budget_line) == ("We met.", Decimal("-12.50"), line)
    assert (update.is_reported_late, update.version, photo.state) == (False, 1, FileState.USED)
    assert [reached.milestone for reached in update.reached.all()] == [milestone]
    assert {str(row) for row in update.evidence.all()} == {photo.name, "https://town.example/a"}
    assert [(row.value, row.city_period, row.visibility) for row in indicator.values.all()] == [
        (Decimal("3.5"), city_period, "network")
    ]
    assert update.history.get().history_user == official


def test_update_needs_only_a_text(action, official):
    update = updates.log_update(Action.objects.get(pk=action.pk), by=official, data=update_input())

    assert (update.language, update.visibility, update.spent) == ("en", "network", None)


@pytest.mark.parametrize(
    "more, field",
    [
        ({"text": " "}, "text"),
        ({"next_step": "a\x00b"}, "text"),
        ({"stage": "nearly"}, "stage"),
        ({"visibility": "friends"}, "visibility"),
        ({"date": "tomorrow"}, "date"),
        ({"date": "long ago"}, "date"),
        ({"progress": 101}, "progress"),
        ({"progress": -1}, "progress"),
        ({"spent": Decimal("NaN")}, "spent"),
        ({"spent": Decimal("1e15")}, "spent"),
        ({"spent": Decimal("1.005")}, "spent"),
        ({"spent": Decimal("-1")}, "spent_reason"),
        ({"spent_reason": "x" * 251}, "spent_reason"),
        ({"people_reached": -1}, "people_reached"),
        ({"people_reached": 10**10}, "people_reached"),
        ({"links": ["javascript:alert(1)"]}, "links"),
        ({"links": ["https://a.example/" + "x" * 500]}, "links"),
    ],
)
def test_invalid_update_is_refused_with_an_error_at_the_field(action, official, more, field):
    dates = {"tomorrow": clock.today() + days(1), "long ago": action.starts_on - days(367)}
    more = {name: dates.get(value, value) if name == "date" else value for name, value in more.items()}

    with pytest.raises(InputRefused) as refused:
        updates.log_update(action, by=official, data=update_input(**more))

    assert set(refused.value.errors) == {field}
    assert ActionUpdate.objects.count() == 0


def test_parts_of_another_action_are_refused(action, official):
    other = ActionFactory()
    data = update_input(
        milestones=[MilestoneFactory(action=other)],
        budget_line=BudgetLineFactory(action=other),
        spent=Decimal(1),
        values={IndicatorFactory(): Decimal(1)},
        on_behalf_of=PersonFactory(),
        files=[StoredFileFactory()],
    )

    with pytest.raises(InputRefused) as refused:
        updates.log_update(action, by=official, data=data)

    names = {"milestones", "budget_line", "on_behalf_of", "files"}
    assert set(refused.value.errors) == names | {f"value_{indicator.pk}" for indicator in data.values}


def test_budget_line_without_amount_is_refused(action, official):
    with pytest.raises(InputRefused, match="how much"):
        updates.log_update(action, by=official, data=update_input(budget_line=BudgetLineFactory(action=action)))


def test_progress_is_refused_for_an_action_with_milestones(action, official):
    MilestoneFactory(action=action)

    with pytest.raises(InputRefused, match="calculated from its milestones"):
        updates.log_update(action, by=official, data=update_input(progress=50))


def test_milestone_is_reached_once(action, official):
    milestone = MilestoneFactory(action=action)
    first = updates.log_update(action, by=official, data=update_input(milestones=[milestone]))

    with pytest.raises(InputRefused, match="was already reported as reached on"):
        updates.log_update(action, by=official, data=update_input(milestones=[milestone]))
    updates.withdraw_update(first, by=official, reason="Too early.")
    second = updates.log_update(action, by=official, data=update_input(milestones=[milestone]))

    assert second.reached.count() == 1


def test_update_on_behalf_of_a_city_member_or_responsible_person_is_accepted(action, city, official):
    colleague, responsible = member(BodyKind.EXPERT_GROUP, Role.MEMBER, city).person, PersonFactory()
    action.responsible = responsible
    action.save()

    stored = [
        updates.log_update(action, by=official, data=update_input(on_behalf_of=person)).on_behalf_of
        for person in (colleague, responsible)
    ]

    assert stored == [colleague, responsible]


@pytest.mark.parametrize(
    "value, counts_people, is_valid",
    [
        ("3", True, True),
        ("-3", True, False),
        ("3.5", True, False),
        ("-3.5", False, False),
        ("1.23456", False, False),
        ("1e13", False, False),
    ],
)
def test_indicator_values_are_validated(action, official, value, counts_people, is_valid):
    indicator = IndicatorFactory(strategy=action.strategy, counts_people=counts_people)
    data = update_input(values={indicator: Decimal(value)})

    errors = updates.update_errors(action, data, by=official)

    assert (f"value_{indicator.pk}" not in errors) == is_valid


def test_value_of_a_withdrawn_indicator_is_refused(action, official):
    indicator = IndicatorFactory(strategy=action.strategy, withdrawn_at=clock.now())

    assert set(updates.update_errors(action, update_input(values={indicator: None}), by=official)) == {
        f"value_{indicator.pk}"
    }


def test_repeated_value_changes_the_value_of_the_period(action, city_period, official):
    first, other = (IndicatorFactory(strategy=action.strategy) for _number in range(2))
    values.set_value(first, city_period, by=official, value=Decimal(3), note="Counted by hand.")

    for number in (3, 4, 4):
        updates.log_update(action, by=official, data=update_input(values={first: Decimal(number), other: None}))

    row = IndicatorValue.objects.get()
    assert (row.value, row.note, row.version, row.history.count()) == (Decimal(4), "Counted by hand.", 2, 2)


def test_update_is_logged_on_an_action_that_was_moved_meanwhile(action, official):
    opened = Action.objects.select_related("objective").get(pk=action.pk)
    Action.objects.filter(pk=action.pk).update(objective=ObjectiveFactory(area=action.objective.area))

    update = updates.log_update(opened, by=official, data=update_input())

    assert action.updates.get() == update


# ---- permissions


LOGGING_ROLES = {"official", "lead"}


def test_only_officials_may_log_an_update(everyone, action):
    logged = set()
    for role, user in everyone.items():
        if role == "public":
            continue
        try:
            updates.log_update(action, by=user, data=update_input())
            logged.add(role)
        except PermissionRefused:
            pass

    assert logged == LOGGING_ROLES


@pytest.mark.parametrize("as_deputy", [True, False])
def test_responsible_person_logs_and_changes_own_updates_only(everyone, city_period, action, as_deputy):
    expert, viewer = everyone["expert"], everyone["viewer"]
    if as_deputy:
        action.deputies.add(expert.person)
    else:
        action.responsible = expert.person
        action.save()
    mine = updates.log_update(action, by=expert, data=update_input("Mine."))
    theirs = updates.log_update(action, by=everyone["official"], data=update_input("Theirs."))
    indicator = IndicatorFactory(strategy=action.strategy, action=action)

    updates.change_update(mine, by=expert, data=update_input("Mine, mended."), version=1)
    value = values.set_value(indicator, city_period, by=expert, value=Decimal(2))

    again = values.set_value(indicator, city_period, by=expert, value=Decimal(3), version=value.version)

    assert (again.pk, value.author, again.value) == (value.pk, expert, 3)
    for refused_call in (
        lambda: updates.change_update(theirs, by=expert, data=update_input(), version=1),
        lambda: updates.log_update(ActionFactory(city=city_period.city), by=expert, data=update_input()),
        lambda: updates.log_update(action, by=viewer, data=update_input()),
        lambda: values.set_value(IndicatorFactory(strategy=action.strategy), city_period, by=expert, value=Decimal(2)),
    ):
        with pytest.raises(PermissionRefused):
            refused_call()


# ---- no change


def test_no_change_is_logged_once_for_several_actions(city, city_period, official):
    without_update, paused = ActionFactory.create_batch(2, city=city)
    ActionUpdateFactory(action=paused, stage="paused", visibility="city", date=clock.today() - days(9))

    logged = updates.log_no_change([paused, without_update, paused], by=official)
    again = updates.log_no_change([paused, without_update], by=official)

    assert [(row.action, row.stage, row.visibility) for row in logged] == [
        (without_update, "planned", "network"),
        (paused, "paused", "city"),
    ]
    assert (again, {row.is_no_change for row in logged}) == (logged, {True})


def test_no_change_is_refused_when_one_action_is_not_permitted(action, official):
    with pytest.raises(PermissionRefused):
        updates.log_no_change([action, ActionFactory()], by=official)

    assert ActionUpdate.objects.count() == 0


def test_no_change_in_a_chosen_period_is_dated_within_it(city, action, official):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))

    (logged,) = updates.log_no_change([action], by=official, city_periods=[before])

    assert (logged.city_period, logged.date) == (before, before.period.ends_on)


def test_changed_no_change_update_loses_its_flag(action, official):
    (no_change,) = updates.log_no_change([action], by=official)

    changed = updates.change_update(no_change, by=official, data=update_input("News."), version=1)

    assert changed.is_no_change is False


def test_files_and_links_of_an_update_have_a_limit(action, official):
    stored = [StoredFileFactory(uploaded_by=official) for _number in range(MAX_FILES + 1)]

    for given, sentence in (
        ({"files": stored}, "files at a time"),
        ({"links": ["https://town.example"] * (MAX_LINKS + 1)}, "links to an update"),
    ):
        with pytest.raises(InputRefused, match=sentence):
            updates.log_update(action, by=official, data=update_input(**given))
