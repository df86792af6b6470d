"""Updates: validation, permissions, repeated forms, changes, withdrawal, values and drafts."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError

from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from core import clock
from core.exceptions import EditConflict
from strategies.exceptions import (
    AlreadyWithdrawn,
    FormAlreadyUsed,
    InputRefused,
    PeriodLocked,
    PermissionRefused,
    ReasonMissing,
    ValuesConflict,
)
from strategies.models import Action, ActionUpdate, Evidence, IndicatorValue, UpdateDraft
from strategies.services import drafts, updates, values
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
def city_period(city):
    return CityPeriodFactory(city=city)


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
        (Decimal("3.5"), city_period, "public")
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

    with pytest.raises(InputRefused, match="follows from its milestones"):
        updates.log_update(action, by=official, data=update_input(progress=50))


def test_milestone_is_reached_once(action, official):
    milestone = MilestoneFactory(action=action)
    first = updates.log_update(action, by=official, data=update_input(milestones=[milestone]))

    with pytest.raises(InputRefused, match="was reached by the update of"):
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
        ("-3.5", False, True),
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


# ---- the same form sent again


def test_repeated_form_returns_the_first_update(action, official):
    data = update_input(form_uuid=uuid4())
    first = updates.log_update(action, by=official, data=data)

    assert updates.log_update(action, by=official, data=replace(data, text="Other words.")) == first
    assert ActionUpdate.objects.get().text == "We met."


def test_repeated_form_after_submission_returns_the_first_update(action, city_period, official, city):
    data = update_input(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)])
    first = updates.log_update(action, by=official, data=data)
    submit(city_period)

    assert updates.log_update(action, by=official, data=data) == first


def submit(city_period):
    """Submit the period, without its snapshot."""
    from strategies.models import PeriodMove

    city_period.refresh_from_db()
    PeriodMove.objects.create(
        city_period=city_period,
        number=city_period.move_count + 1,
        verb="submit",
        from_state=city_period.state,
        to_state="submitted",
        revision=city_period.revision,
    )
    city_period.state, city_period.move_count = "submitted", city_period.move_count + 1
    city_period.save()


def test_form_of_another_user_or_action_is_refused(action, city, official, lead):
    data = update_input(form_uuid=uuid4())
    updates.log_update(action, by=official, data=data)

    with pytest.raises(FormAlreadyUsed):
        updates.log_update(action, by=lead, data=data)
    with pytest.raises(FormAlreadyUsed):
        updates.log_update(ActionFactory(city=city), by=official, data=data)


@pytest.mark.parametrize("with_milestone", [True, False])
def test_concurrent_repeated_form_returns_the_first_update(action, official, monkeypatch, with_milestone):
    """The other request commits between the lookup and the insert."""
    data = update_input(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)] if with_milestone else [])
    calls, log_at_once = [], updates._log_at_once

    def other_request_first(action, *, by, data):
        if not calls:
            calls.append(1)
            log_at_once(action, by=by, data=data)
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", other_request_first)

    update = updates.log_update(action, by=official, data=data)

    assert list(ActionUpdate.objects.all()) == [update]


def test_other_integrity_errors_are_raised(action, official, monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError("something else")

    monkeypatch.setattr(updates, "_set_milestones", fail)

    with pytest.raises(IntegrityError, match="something else"):
        updates.log_update(action, by=official, data=update_input())


@pytest.mark.parametrize("is_chosen", [True, False])
def test_period_locked_meanwhile_raises_period_locked(action, city_period, official, monkeypatch, is_chosen):
    chosen, choose = city_period if is_chosen else None, updates.assign_period

    def assign_then_submit(*args):
        found = choose(*args)
        if not city_period.moves.filter(verb="submit").exists():
            submit(city_period)
        return found

    monkeypatch.setattr(updates, "assign_period", assign_then_submit)
    data = update_input(city_period=chosen)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)
    else:
        # the refused attempt rolls the move back, so the second attempt is refused too
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)


@pytest.mark.parametrize("is_chosen", [True, False])
def test_update_refused_once_is_logged_on_the_second_attempt(action, city_period, official, monkeypatch, is_chosen):
    """Without a chosen period, the second attempt assigns the period again."""
    attempts, log_at_once = [], updates._log_at_once

    def refused_once(action, *, by, data):
        attempts.append(1)
        if len(attempts) == 1:
            raise PeriodLocked
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", refused_once)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=update_input(city_period=city_period))
    else:
        assert updates.log_update(action, by=official, data=update_input()).city_period == city_period
    assert len(attempts) == 2 - is_chosen


# ---- changes and withdrawal


def test_update_change_keeps_history_and_refuses_a_stale_version(action, official, lead):
    update = updates.log_update(action, by=official, data=update_input("One."))
    updates.change_update(update, by=lead, data=update_input("Two."), version=1)

    with pytest.raises(EditConflict) as refused:
        updates.change_update(update, by=official, data=update_input("Three."), version=1)

    assert (refused.value.current.text, refused.value.current.version) == ("Two.", 2)
    assert [(row.text, row.history_user) for row in update.history.all()] == [("Two.", lead), ("One.", official)]


def test_update_change_replaces_links_and_milestones(action, official):
    one, two = MilestoneFactory.create_batch(2, action=action)
    links = ["https://a.example/1", "https://a.example/2"]
    update = updates.log_update(action, by=official, data=update_input(milestones=[one], links=links))

    updates.change_update(
        update, by=official, data=update_input(milestones=[two], links=[links[1], links[1]]), version=1
    )

    assert [row.milestone for row in update.reached.all()] == [two]
    assert [row.link for row in update.evidence.active()] == [links[1]]
    assert update.evidence.count() == 2


def test_date_change_moves_the_update_to_another_period(action, city, city_period, official):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    update = updates.log_update(action, by=official, data=update_input())
    day = before.period.ends_on

    moved = updates.change_update(update, by=official, data=update_input(date=day), version=1)
    chosen = updates.change_update(moved, by=official, data=update_input(date=day, city_period=city_period), version=2)
    same = updates.change_update(chosen, by=official, data=update_input(date=day), version=3)

    assert [moved.city_period, chosen.city_period, same.city_period] == [before, city_period, city_period]
    assert [moved.is_reported_late, chosen.is_reported_late, same.is_reported_late] == [False, True, True]


def test_withdrawn_update_is_visible_to_officials_only(action, official, everyone):
    update = updates.log_update(action, by=official, data=update_input())

    with pytest.raises(ReasonMissing):
        updates.withdraw_update(update, by=official, reason=" ")
    updates.withdraw_update(update, by=official, reason="Wrong action.")

    for refused_call in (
        lambda: updates.withdraw_update(update, by=official, reason="Again."),
        lambda: updates.change_update(update, by=official, data=update_input(), version=2),
    ):
        with pytest.raises(AlreadyWithdrawn):
            refused_call()
    assert set(ActionUpdate.objects.visible_to(official)) == {update}
    assert set(ActionUpdate.objects.visible_to(everyone["viewer"])) == set()


def test_changes_in_a_locked_period_are_refused(action, city_period, official):
    update = updates.log_update(action, by=official, data=update_input(links=["https://a.example"]))
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(1))
    submit(city_period)

    for refused_call in (
        lambda: updates.change_update(update, by=official, data=update_input(), version=1),
        lambda: updates.withdraw_update(update, by=official, reason="No."),
        lambda: updates.withdraw_evidence(update.evidence.get(), by=official),
        lambda: values.set_value(indicator, city_period, by=official, value=Decimal(2)),
        lambda: values.set_value(
            IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(2)
        ),
        lambda: values.withdraw_value(value, by=official, reason="No."),
    ):
        with pytest.raises(PeriodLocked):
            refused_call()


def test_withdrawn_evidence_withdraws_its_file(action, city_period, official, everyone):
    photo = StoredFileFactory(uploaded_by=official)
    update = updates.log_update(action, by=official, data=update_input(files=[photo]))
    evidence = update.evidence.get()
    assert set(StoredFile.objects.visible_to(everyone["viewer"])) == {photo}

    updates.withdraw_evidence(evidence, by=official)

    photo.refresh_from_db()
    assert photo.state == FileState.WITHDRAWN
    assert set(StoredFile.objects.visible_to(everyone["lead"])) == {photo}
    for reader in (official, everyone["viewer"]):
        assert set(StoredFile.objects.visible_to(reader)) == set()
    with pytest.raises(AlreadyWithdrawn):
        updates.withdraw_evidence(evidence, by=official)


def test_evidence_of_a_value_can_be_withdrawn(city_period, action, official):
    value = values.set_value(IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(1))
    evidence = Evidence.objects.create(value=value, link="https://a.example")

    assert updates.withdraw_evidence(evidence, by=official).withdrawn_at is not None


def test_file_has_the_visibility_of_its_update(everyone, action, city_period):
    official = everyone["official"]
    photo = StoredFileFactory(uploaded_by=official)
    assert roles_that_see(everyone, photo) == {"official"}

    updates.log_update(action, by=official, data=update_input(files=[photo], visibility="network"))
    city_only = {"viewer", "expert", "local_committee", "official", "lead"}
    assert roles_that_see(everyone, photo) == city_only

    submit(city_period)
    network = {"partner", "trainer", "scientific", "scientific_conflicted", "coordinator"}
    assert roles_that_see(everyone, photo) == city_only | network


def roles_that_see(everyone, stored):
    return {
        role for role, user in everyone.items() if StoredFile.objects.visible_to(user).filter(pk=stored.pk).exists()
    }


def test_update_of_a_withdrawn_action_is_refused(action, official):
    Action.objects.filter(pk=action.pk).update(withdrawn_at=clock.now(), withdrawn_reason="Merged.")

    with pytest.raises(AlreadyWithdrawn):
        updates.log_update(action, by=official, data=update_input())


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


# ---- values


def test_value_change_needs_its_version_and_withdrawal_a_reason(city_period, action, official, lead):
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(3))
    values.set_value(indicator, city_period, by=lead, value=Decimal(4), version=1)

    with pytest.raises(EditConflict):
        values.set_value(indicator, city_period, by=official, value=Decimal(5), version=1)
    with pytest.raises(ReasonMissing):
        values.withdraw_value(value, by=official, reason="")
    values.withdraw_value(value, by=official, reason="Miscounted.")
    with pytest.raises(AlreadyWithdrawn):
        values.withdraw_value(value, by=official, reason="Again.")
    other = values.set_value(indicator, city_period, by=official, value=Decimal(5))

    assert [(row.value, row.withdrawn_reason) for row in indicator.values.order_by("pk")] == [
        (Decimal(4), "Miscounted."),
        (Decimal(5), ""),
    ]
    assert other.version == 1


def test_value_in_a_period_of_another_city_is_refused(action, city_period, official, other_city):
    indicator = IndicatorFactory(strategy=action.strategy)

    with pytest.raises(InputRefused, match="this city"):
        values.set_value(indicator, CityPeriodFactory(city=other_city), by=official, value=Decimal(1))
    with pytest.raises(InputRefused, match="too large"):
        values.set_value(indicator, city_period, by=official, value=Decimal("1e14"))


# ---- drafts


def test_draft_is_one_row_per_author_and_action(action, official):
    mine, theirs = StoredFileFactory(uploaded_by=official), StoredFileFactory()
    one, two = uuid4(), uuid4()

    drafts.save_draft(action, by=official, form_uuid=one, fields={"text": "We m"}, files=[mine, theirs])
    draft = drafts.save_draft(action, by=official, form_uuid=two, fields={"text": "We met"}, files=[mine])

    assert (UpdateDraft.objects.get(), draft.fields, list(draft.files.all())) == (draft, {"text": "We met"}, [mine])
    assert draft.form_uuid == two


def test_saved_update_deletes_only_its_own_draft(action, city, official):
    first, other = uuid4(), uuid4()
    drafts.save_draft(action, by=official, form_uuid=first, fields={})
    drafts.save_draft(ActionFactory(city=city), by=official, form_uuid=other, fields={})

    updates.log_update(action, by=official, data=update_input(form_uuid=first))

    assert [row.form_uuid for row in UpdateDraft.objects.all()] == [other]
    assert drafts.save_draft(action, by=official, form_uuid=first, fields={"text": "late"}) is None


def test_saved_update_keeps_the_draft_of_another_form(action, official):
    drafts.save_draft(action, by=official, form_uuid=uuid4(), fields={})

    updates.log_update(action, by=official, data=update_input(form_uuid=uuid4()))

    assert UpdateDraft.objects.count() == 1


def test_draft_is_deleted_by_its_author_only(action, official, lead):
    drafts.save_draft(action, by=official, form_uuid=uuid4(), fields={})

    drafts.delete_draft(action, by=lead)
    assert UpdateDraft.objects.count() == 1
    drafts.delete_draft(action, by=official)
    assert UpdateDraft.objects.count() == 0


def test_draft_is_refused_without_permission_to_log(action, everyone):
    with pytest.raises(PermissionRefused):
        drafts.save_draft(action, by=everyone["viewer"], form_uuid=uuid4(), fields={})


def test_value_that_somebody_saves_meanwhile_is_a_conflict_and_nothing_is_logged(action, official, monkeypatch):
    indicator = IndicatorFactory(strategy=action.strategy, action=action)

    def too_late(*args, **fields):
        error = EditConflict()
        error.current = IndicatorValue(value=Decimal(7))
        raise error

    monkeypatch.setattr(updates, "set_value", too_late)

    with pytest.raises(ValuesConflict) as refused:
        updates.log_update(action, by=official, data=update_input(values={indicator: Decimal(5)}))
    assert [row.value for row in refused.value.standing.values()] == [7]
    assert not action.updates.exists()


def test_update_is_logged_on_an_action_that_was_moved_meanwhile(action, official):
    opened = Action.objects.select_related("objective").get(pk=action.pk)
    Action.objects.filter(pk=action.pk).update(objective=ObjectiveFactory(area=action.objective.area))

    update = updates.log_update(opened, by=official, data=update_input())

    assert action.updates.get() == update
