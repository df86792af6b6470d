"""Updates: what may be said, who may say it, and that nothing is said twice."""

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
    PersonFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    member,
)

from .helpers import an_official, days, told

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


def test_everything_said_is_kept(action, city_period, official):
    milestone, line = MilestoneFactory(action=action), BudgetLineFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    photo = StoredFileFactory(uploaded_by=official)
    data = told(
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


def test_only_a_sentence_is_required(action, official):
    update = updates.log_update(Action.objects.get(pk=action.pk), by=official, data=told())

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
def test_what_does_not_fit_is_told_at_its_field(action, official, more, field):
    dates = {"tomorrow": clock.today() + days(1), "long ago": action.starts_on - days(367)}
    more = {name: dates.get(value, value) if name == "date" else value for name, value in more.items()}

    with pytest.raises(InputRefused) as refused:
        updates.log_update(action, by=official, data=told(**more))

    assert set(refused.value.errors) == {field}
    assert ActionUpdate.objects.count() == 0


def test_parts_of_another_action_are_refused(action, official):
    other = ActionFactory()
    data = told(
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


def test_budget_line_needs_an_amount(action, official):
    with pytest.raises(InputRefused, match="how much"):
        updates.log_update(action, by=official, data=told(budget_line=BudgetLineFactory(action=action)))


def test_progress_follows_from_milestones_where_there_are_any(action, official):
    MilestoneFactory(action=action)

    with pytest.raises(InputRefused, match="follows from its milestones"):
        updates.log_update(action, by=official, data=told(progress=50))


def test_milestone_is_reached_once(action, official):
    milestone = MilestoneFactory(action=action)
    first = updates.log_update(action, by=official, data=told(milestones=[milestone]))

    with pytest.raises(InputRefused, match="was reached by the update of"):
        updates.log_update(action, by=official, data=told(milestones=[milestone]))
    updates.withdraw_update(first, by=official, reason="Too early.")
    second = updates.log_update(action, by=official, data=told(milestones=[milestone]))

    assert second.reached.count() == 1


def test_on_behalf_of_somebody_of_the_city_or_who_answers_for_it(action, city, official):
    colleague, responsible = member(BodyKind.EXPERT_GROUP, Role.MEMBER, city).person, PersonFactory()
    action.responsible = responsible
    action.save()

    kept = [
        updates.log_update(action, by=official, data=told(on_behalf_of=person)).on_behalf_of
        for person in (colleague, responsible)
    ]

    assert kept == [colleague, responsible]


@pytest.mark.parametrize(
    "value, counts_people, is_fine",
    [
        ("3", True, True),
        ("-3", True, False),
        ("3.5", True, False),
        ("-3.5", False, True),
        ("1.23456", False, False),
        ("1e13", False, False),
    ],
)
def test_values_are_checked(action, official, value, counts_people, is_fine):
    indicator = IndicatorFactory(strategy=action.strategy, counts_people=counts_people)
    data = told(values={indicator: Decimal(value)})

    errors = updates.update_errors(action, data, by=official)

    assert (f"value_{indicator.pk}" not in errors) == is_fine


def test_withdrawn_indicator_takes_no_value(action, official):
    indicator = IndicatorFactory(strategy=action.strategy, withdrawn_at=clock.now())

    assert set(updates.update_errors(action, told(values={indicator: None}), by=official)) == {f"value_{indicator.pk}"}


def test_value_said_again_changes_the_one_of_the_period(action, city_period, official):
    first, other = (IndicatorFactory(strategy=action.strategy) for _number in range(2))
    values.set_value(first, city_period, by=official, value=Decimal(3), note="Counted by hand.")

    for number in (3, 4, 4):
        updates.log_update(action, by=official, data=told(values={first: Decimal(number), other: None}))

    row = IndicatorValue.objects.get()
    assert (row.value, row.note, row.version, row.history.count()) == (Decimal(4), "Counted by hand.", 2, 2)


# ---- who


LOGS = {"official", "lead"}


def test_only_officials_and_owners_log(everyone, action):
    logged = set()
    for role, user in everyone.items():
        if role == "public":
            continue
        try:
            updates.log_update(action, by=user, data=told())
            logged.add(role)
        except PermissionRefused:
            pass

    assert logged == LOGS


@pytest.mark.parametrize("as_deputy", [True, False])
def test_owner_logs_and_corrects_own_words_alone(everyone, city_period, action, as_deputy):
    expert, viewer = everyone["expert"], everyone["viewer"]
    if as_deputy:
        action.deputies.add(expert.person)
    else:
        action.responsible = expert.person
        action.save()
    mine = updates.log_update(action, by=expert, data=told("Mine."))
    theirs = updates.log_update(action, by=everyone["official"], data=told("Theirs."))
    indicator = IndicatorFactory(strategy=action.strategy, action=action)

    updates.change_update(mine, by=expert, data=told("Mine, mended."), version=1)
    value = values.set_value(indicator, city_period, by=expert, value=Decimal(2))

    again = values.set_value(indicator, city_period, by=expert, value=Decimal(3), version=value.version)

    assert (again.pk, value.author, again.value) == (value.pk, expert, 3)
    for refused in (
        lambda: updates.change_update(theirs, by=expert, data=told(), version=1),
        lambda: updates.log_update(ActionFactory(city=city_period.city), by=expert, data=told()),
        lambda: updates.log_update(action, by=viewer, data=told()),
        lambda: values.set_value(IndicatorFactory(strategy=action.strategy), city_period, by=expert, value=Decimal(2)),
    ):
        with pytest.raises(PermissionRefused):
            refused()


# ---- the same form again


def test_same_form_gets_the_first_answer(action, official):
    data = told(form_uuid=uuid4())
    first = updates.log_update(action, by=official, data=data)

    assert updates.log_update(action, by=official, data=replace(data, text="Other words.")) == first
    assert ActionUpdate.objects.get().text == "We met."


def test_same_form_after_submission_gets_the_first_answer(action, city_period, official, city):
    data = told(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)])
    first = updates.log_update(action, by=official, data=data)
    close(city_period)

    assert updates.log_update(action, by=official, data=data) == first


def close(city_period):
    """As the lead submits it."""
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


def test_form_of_somebody_else_is_refused(action, city, official, lead):
    data = told(form_uuid=uuid4())
    updates.log_update(action, by=official, data=data)

    with pytest.raises(FormAlreadyUsed):
        updates.log_update(action, by=lead, data=data)
    with pytest.raises(FormAlreadyUsed):
        updates.log_update(ActionFactory(city=city), by=official, data=data)


@pytest.mark.parametrize("with_milestone", [True, False])
def test_same_form_at_the_same_moment_gets_the_first_answer(action, official, monkeypatch, with_milestone):
    """The twin commits between our question and our insert."""
    data = told(form_uuid=uuid4(), milestones=[MilestoneFactory(action=action)] if with_milestone else [])
    asked, log_at_once = [], updates._log_at_once

    def twin_first(action, *, by, data):
        if not asked:
            asked.append(1)
            log_at_once(action, by=by, data=data)
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", twin_first)

    answer = updates.log_update(action, by=official, data=data)

    assert list(ActionUpdate.objects.all()) == [answer]


def test_other_integrity_errors_are_not_hidden(action, official, monkeypatch):
    def broken(*args, **kwargs):
        raise IntegrityError("something else")

    monkeypatch.setattr(updates, "_set_milestones", broken)

    with pytest.raises(IntegrityError, match="something else"):
        updates.log_update(action, by=official, data=told())


@pytest.mark.parametrize("is_chosen", [True, False])
def test_lock_that_falls_meanwhile_leads_into_the_next_period(action, city_period, official, monkeypatch, is_chosen):
    chosen, choose = city_period if is_chosen else None, updates.assign_period

    def submitted_meanwhile(*args):
        found = choose(*args)
        if not city_period.moves.filter(verb="submit").exists():
            close(city_period)
        return found

    monkeypatch.setattr(updates, "assign_period", submitted_meanwhile)
    data = told(city_period=chosen)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)
    else:
        # the move is rolled back with the refused attempt, so that the second one meets it again
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=data)


@pytest.mark.parametrize("is_chosen", [True, False])
def test_refused_once_means_logged_into_the_next(action, city_period, official, monkeypatch, is_chosen):
    """Unless a period was chosen, the second attempt asks anew which period is open."""
    tried, log_at_once = [], updates._log_at_once

    def refused_once(action, *, by, data):
        tried.append(1)
        if len(tried) == 1:
            raise PeriodLocked
        return log_at_once(action, by=by, data=data)

    monkeypatch.setattr(updates, "_log_at_once", refused_once)

    if is_chosen:
        with pytest.raises(PeriodLocked):
            updates.log_update(action, by=official, data=told(city_period=city_period))
    else:
        assert updates.log_update(action, by=official, data=told()).city_period == city_period
    assert len(tried) == 2 - is_chosen


# ---- afterwards


def test_change_keeps_history_and_refuses_a_stale_version(action, official, lead):
    update = updates.log_update(action, by=official, data=told("One."))
    updates.change_update(update, by=lead, data=told("Two."), version=1)

    with pytest.raises(EditConflict) as refused:
        updates.change_update(update, by=official, data=told("Three."), version=1)

    assert (refused.value.current.text, refused.value.current.version) == ("Two.", 2)
    assert [(row.text, row.history_user) for row in update.history.all()] == [("Two.", lead), ("One.", official)]


def test_change_takes_links_and_milestones_as_they_shall_stand(action, official):
    one, two = MilestoneFactory.create_batch(2, action=action)
    links = ["https://a.example/1", "https://a.example/2"]
    update = updates.log_update(action, by=official, data=told(milestones=[one], links=links))

    updates.change_update(update, by=official, data=told(milestones=[two], links=[links[1], links[1]]), version=1)

    assert [row.milestone for row in update.reached.all()] == [two]
    assert [row.link for row in update.evidence.standing()] == [links[1]]
    assert update.evidence.count() == 2


def test_other_date_leads_into_another_period(action, city, city_period, official):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    update = updates.log_update(action, by=official, data=told())
    day = before.period.ends_on

    moved = updates.change_update(update, by=official, data=told(date=day), version=1)
    chosen = updates.change_update(moved, by=official, data=told(date=day, city_period=city_period), version=2)
    same = updates.change_update(chosen, by=official, data=told(date=day), version=3)

    assert [moved.city_period, chosen.city_period, same.city_period] == [before, city_period, city_period]
    assert [moved.is_reported_late, chosen.is_reported_late, same.is_reported_late] == [False, True, True]


def test_withdrawn_update_stays_for_officials(action, official, everyone):
    update = updates.log_update(action, by=official, data=told())

    with pytest.raises(ReasonMissing):
        updates.withdraw_update(update, by=official, reason=" ")
    updates.withdraw_update(update, by=official, reason="Wrong action.")

    for act in (
        lambda: updates.withdraw_update(update, by=official, reason="Again."),
        lambda: updates.change_update(update, by=official, data=told(), version=2),
    ):
        with pytest.raises(AlreadyWithdrawn):
            act()
    assert set(ActionUpdate.objects.visible_to(official)) == {update}
    assert set(ActionUpdate.objects.visible_to(everyone["viewer"])) == set()


def test_nothing_changes_in_a_locked_period(action, city_period, official):
    update = updates.log_update(action, by=official, data=told(links=["https://a.example"]))
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(1))
    close(city_period)

    for act in (
        lambda: updates.change_update(update, by=official, data=told(), version=1),
        lambda: updates.withdraw_update(update, by=official, reason="No."),
        lambda: updates.withdraw_evidence(update.evidence.get(), by=official),
        lambda: values.set_value(indicator, city_period, by=official, value=Decimal(2)),
        lambda: values.set_value(
            IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(2)
        ),
        lambda: values.withdraw_value(value, by=official, reason="No."),
    ):
        with pytest.raises(PeriodLocked):
            act()


def test_evidence_is_withdrawn_with_its_file(action, city_period, official, everyone):
    photo = StoredFileFactory(uploaded_by=official)
    update = updates.log_update(action, by=official, data=told(files=[photo]))
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


def test_evidence_of_a_value_is_asked_of_the_value(city_period, action, official):
    value = values.set_value(IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(1))
    evidence = Evidence.objects.create(value=value, link="https://a.example")

    assert updates.withdraw_evidence(evidence, by=official).withdrawn_at is not None


def test_file_is_read_as_its_update_is(everyone, action, city_period):
    official = everyone["official"]
    photo = StoredFileFactory(uploaded_by=official)
    assert seers(everyone, photo) == {"official"}

    updates.log_update(action, by=official, data=told(files=[photo], visibility="network"))
    city_only = {"viewer", "expert", "local_committee", "official", "lead"}
    assert seers(everyone, photo) == city_only

    close(city_period)
    network = {"partner", "trainer", "scientific", "scientific_conflicted", "coordinator"}
    assert seers(everyone, photo) == city_only | network


def seers(everyone, stored):
    return {
        role for role, user in everyone.items() if StoredFile.objects.visible_to(user).filter(pk=stored.pk).exists()
    }


def test_withdrawn_action_takes_no_updates(action, official):
    Action.objects.filter(pk=action.pk).update(withdrawn_at=clock.now(), withdrawn_reason="Merged.")

    with pytest.raises(AlreadyWithdrawn):
        updates.log_update(action, by=official, data=told())


# ---- nothing new


def test_nothing_new_is_said_of_several_at_once(city, city_period, official):
    quiet, paused = ActionFactory.create_batch(2, city=city)
    ActionUpdateFactory(action=paused, stage="paused", visibility="city", date=clock.today() - days(9))

    made = updates.log_no_change([paused, quiet, paused], by=official)
    again = updates.log_no_change([paused, quiet], by=official)

    assert [(row.action, row.stage, row.visibility) for row in made] == [
        (quiet, "planned", "network"),
        (paused, "paused", "city"),
    ]
    assert (again, {row.is_no_change for row in made}) == (made, {True})


def test_nothing_new_of_all_or_of_none(action, official):
    with pytest.raises(PermissionRefused):
        updates.log_no_change([action, ActionFactory()], by=official)

    assert ActionUpdate.objects.count() == 0


def test_nothing_new_in_a_chosen_period_lies_within_it(city, action, official):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))

    (made,) = updates.log_no_change([action], by=official, city_periods=[before])

    assert (made.city_period, made.date) == (before, before.period.ends_on)


def test_news_after_nothing_new_are_no_longer_nothing_new(action, official):
    (quiet,) = updates.log_no_change([action], by=official)

    changed = updates.change_update(quiet, by=official, data=told("News."), version=1)

    assert changed.is_no_change is False


# ---- values


def test_value_is_changed_by_version_and_withdrawn_with_reason(city_period, action, official, lead):
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


def test_value_belongs_to_a_period_of_its_city(action, city_period, official, other_city):
    indicator = IndicatorFactory(strategy=action.strategy)

    with pytest.raises(InputRefused, match="this city"):
        values.set_value(indicator, CityPeriodFactory(city=other_city), by=official, value=Decimal(1))
    with pytest.raises(InputRefused, match="too large"):
        values.set_value(indicator, city_period, by=official, value=Decimal("1e14"))


# ---- drafts


def test_draft_is_one_row_of_its_author(action, official):
    mine, theirs = StoredFileFactory(uploaded_by=official), StoredFileFactory()
    one, two = uuid4(), uuid4()

    drafts.save_draft(action, by=official, form_uuid=one, fields={"text": "We m"}, files=[mine, theirs])
    draft = drafts.save_draft(action, by=official, form_uuid=two, fields={"text": "We met"}, files=[mine])

    assert (UpdateDraft.objects.get(), draft.fields, list(draft.files.all())) == (draft, {"text": "We met"}, [mine])
    assert draft.form_uuid == two


def test_saving_the_form_drops_its_draft_and_no_other(action, city, official):
    first, other = uuid4(), uuid4()
    drafts.save_draft(action, by=official, form_uuid=first, fields={})
    drafts.save_draft(ActionFactory(city=city), by=official, form_uuid=other, fields={})

    updates.log_update(action, by=official, data=told(form_uuid=first))

    assert [row.form_uuid for row in UpdateDraft.objects.all()] == [other]
    assert drafts.save_draft(action, by=official, form_uuid=first, fields={"text": "late"}) is None


def test_draft_of_another_tab_stays(action, official):
    drafts.save_draft(action, by=official, form_uuid=uuid4(), fields={})

    updates.log_update(action, by=official, data=told(form_uuid=uuid4()))

    assert UpdateDraft.objects.count() == 1


def test_draft_is_dropped_by_its_author(action, official, lead):
    drafts.save_draft(action, by=official, form_uuid=uuid4(), fields={})

    drafts.delete_draft(action, by=lead)
    assert UpdateDraft.objects.count() == 1
    drafts.delete_draft(action, by=official)
    assert UpdateDraft.objects.count() == 0


def test_drafts_are_for_who_may_log(action, everyone):
    with pytest.raises(PermissionRefused):
        drafts.save_draft(action, by=everyone["viewer"], form_uuid=uuid4(), fields={})
