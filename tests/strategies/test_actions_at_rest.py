"""Completed, cancelled and paused actions: what became of open milestones, and that nothing of them is due."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.urls import reverse

from core import clock
from core.exceptions import InputRefused
from dashboards.selectors.actions import ActionRows
from dashboards.selectors.scope import scope_for
from pilot.gate_checks import actions_measured
from reports.documents import sections
from reports.selectors.city import facts_of_city
from strategies.models import Action, ActionUpdate, MilestoneDropped
from strategies.period_snapshot import read_action
from strategies.selectors.completeness import completeness
from strategies.selectors.frozen_rows import frozen_reason
from strategies.selectors.history import history_of_update
from strategies.selectors.work import my_work
from strategies.services import periods, reminders, updates
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    PersonFactory,
    ReportingPeriodFactory,
)

from .helpers import days, update_input
from .test_views_log import SENTENCE, form_state, log_url, post_update

pytestmark = pytest.mark.django_db


@pytest.fixture
def milestones(action):
    return [MilestoneFactory(action=action, title=title) for title in ("Room found", "Staff hired", "Café open")]


def complete(action, by, reached=(), dropped=(), **more):
    data = update_input(stage="completed", milestones=list(reached), dropped=list(dropped), **more)
    return updates.log_update(action, by=by, data=data)


def with_health(action):
    return Action.objects.with_health().get(pk=action.pk)


# ---- completing an action


def test_completing_asks_what_became_of_each_open_milestone(action, official, milestones):
    first, second, third = milestones
    updates.log_update(action, by=official, data=update_input(milestones=[first]))

    with pytest.raises(InputRefused) as refused:
        complete(action, official, reached=[second])

    assert set(refused.value.errors) == {f"outcome_{third.pk}"}
    assert "reached or dropped" in str(refused.value)


def test_completed_action_is_done_although_milestones_were_dropped(client, action, official, milestones):
    first, second, third = milestones
    complete(action, official, reached=[first, second], dropped=[third])

    row = with_health(action)
    page = client.get(action.get_absolute_url()).content.decode()

    assert (row.health, row.progress, row.next_milestone_on) == ("done", 100, None)
    assert "2 of 3 milestones reached." in page
    assert "Dropped: Café open" in " ".join(page.split())


def test_withdrawing_the_update_opens_its_dropped_milestones_again(action, official, milestones):
    update = complete(action, official, dropped=milestones)
    updates.withdraw_update(update, by=official, reason="Too early.")

    row = with_health(action)

    assert (row.health != "done", row.milestone_count, row.next_milestone_on) == (True, 3, milestones[0].due_on)


def test_dropped_milestone_is_no_part_of_the_progress_of_an_action_that_goes_on(action, official, milestones):
    first, second, third = milestones
    complete(action, official, reached=[first], dropped=[third, second], date=clock.today() - days(3))
    updates.log_update(action, by=official, data=update_input(stage="ongoing"))

    assert with_health(action).progress == 100


@pytest.mark.parametrize("stage", ["ongoing", "paused", "cancelled"])
def test_milestones_are_dropped_only_by_completing(action, official, milestones, stage):
    with pytest.raises(InputRefused) as refused:
        updates.log_update(action, by=official, data=update_input(stage=stage, dropped=milestones))

    assert set(refused.value.errors) == {"milestones"}


def test_milestone_is_not_both_reached_and_dropped(action, official, milestones):
    with pytest.raises(InputRefused, match="either reached or dropped"):
        complete(action, official, reached=milestones, dropped=milestones[:1])


def test_dropped_milestone_of_another_action_is_refused(action, official, city):
    with pytest.raises(InputRefused, match="milestones of this action"):
        complete(action, official, dropped=[MilestoneFactory(action=ActionFactory(city=city))])


def test_question_is_asked_once(action, official, milestones):
    """An action that was completed before the question existed is not stuck."""
    ActionUpdateFactory(action=action, stage="completed")

    complete(action, official)

    assert with_health(action).progress == 100


def test_logging_form_asks_and_saves_the_answers(client, action, official, milestones):
    first, second, third = milestones

    page = post_update(client, action, stage="completed", milestones=[first.pk])
    html = page.content.decode()
    assert not ActionUpdate.objects.exists()
    assert set(page.context["form"].errors) == {f"outcome_{second.pk}", f"outcome_{third.pk}"}
    assert "What happened to “Staff hired”?" in html
    assert SENTENCE in html

    answers = {f"outcome_{second.pk}": "reached", f"outcome_{third.pk}": "dropped"}
    post_update(client, action, stage="completed", milestones=[first.pk], **answers)

    update = ActionUpdate.objects.get()
    assert set(update.milestones.all()) == {first, second}
    assert [row.milestone for row in update.dropped.all()] == [third]


def test_edited_update_keeps_and_changes_its_answers(client, action, official, milestones):
    first, *others = milestones
    update = complete(action, official, reached=[first], dropped=others)
    url = reverse("strategies:update_edit", args=[update.pk])

    form = client.get(url).context["form"]
    kept = {name: form[name].value() for name in form.outcomes}
    assert kept == {f"outcome_{row.pk}": "dropped" for row in others}
    sent = {"text": "Changed.", "stage": "completed", "version": "1", "milestones": [first.pk], "visibility": "network"}
    client.post(url, sent | kept | {f"outcome_{others[0].pk}": "reached"})

    assert set(update.milestones.all()) == {first, others[0]}
    assert [row.milestone for row in update.dropped.all()] == [others[1]]


def test_history_shows_dropped_milestones(action, official, milestones):
    update = complete(action, official, dropped=milestones[:1], reached=milestones[1:])

    changes = [change for entry in history_of_update(update, of_city=True) for change in entry.changes]

    assert ("Milestone dropped", "–", "Room found") in [tuple(change) for change in changes]


def test_draft_form_of_a_completed_action_offers_dropped_milestones_again(client, action, official, milestones):
    complete(action, official, dropped=milestones)

    form = client.get(log_url(action)).context["form"]

    assert [label for _key, label in form.fields["milestones"].choices] == [
        f"{milestone.title} (dropped)" for milestone in milestones
    ]
    assert form_state(client, action)["version"] == ["0"]


# ---- paused


@pytest.fixture
def paused(city, official):
    """Return a paused action whose end, milestone and last update lie far back."""
    long_ago = clock.today() - days(200)
    action = ActionFactory(
        city=city, starts_on=long_ago, ends_on=clock.today() - days(5), responsible=official.person, title="Paused one"
    )
    MilestoneFactory(action=action, due_on=clock.today() - days(20))
    IndicatorFactory(strategy=action.strategy, action=action, name="Its visits")
    ActionUpdateFactory(action=action, stage="paused", date=long_ago)
    return action


def test_paused_action_is_not_late_and_nobody_is_reminded(client, city, paused):
    row = with_health(paused)
    page = client.get(paused.get_absolute_url()).content.decode()

    assert row.health == "paused"
    assert "was due" not in page
    assert [due.row for dues in reminders.due_by_person(city).values() for due in dues if due.row == paused] == []


def test_paused_action_is_not_due_in_my_work_and_can_be_logged(official, period, paused):
    work = my_work(official)

    assert [row.title for row in work.due] == []
    assert (work.untold, [row.pk for row in work.others]) == ([], [paused.pk])


def later_period(city):
    """Return a period after the one that the updates of the fixtures count for."""
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1))


@pytest.mark.parametrize("stage, gaps", [("paused", set()), ("cancelled", set()), ("ongoing", {"action", "indicator"})])
def test_parts_of_an_action_at_rest_are_not_due(city, period, stage, gaps):
    action = ActionFactory(city=city, responsible=PersonFactory())
    IndicatorFactory(strategy=action.strategy, action=action)
    ActionUpdateFactory(action=action, stage=stage, city_period=period)

    found = completeness(later_period(city)).missing

    assert {gap.kind for gap in found} - {"narrative", "endorsement"} == gaps


def test_value_is_not_due_from_the_period_in_which_its_action_is_cancelled(city, period):
    action = ActionFactory(city=city)
    IndicatorFactory(strategy=action.strategy, action=action)
    ActionUpdateFactory(action=action, stage="cancelled", city_period=period)

    found = completeness(period)

    assert (found.indicators, found.actions) == (0, 1)
    assert "owner" not in {gap.kind for gap in found.missing}  # nobody is needed any more


def test_cancelled_action_needs_no_indicator_for_the_pact(city, period):
    measured = ActionFactory(city=city)
    IndicatorFactory(strategy=measured.strategy, action=measured, baseline=1, target=2)
    ActionUpdateFactory(action=ActionFactory(city=city), stage="cancelled", city_period=period)

    assert actions_measured(city, AnonymousUser()).met is True


# ---- frozen


def accepted(city_period, everyone):
    revision = periods.submit_period(city_period, by=everyone["lead"])
    periods.accept_period(city_period, by=everyone["coordinator"])
    return revision


def test_snapshot_and_report_know_dropped_milestones(period, action, official, milestones, everyone):
    first, second, third = milestones
    complete(action, official, reached=[first, second], dropped=[third])

    revision = accepted(period, everyone)

    (entry,) = json.loads(revision.snapshot)["actions"]
    assert revision.schema_version == 2
    assert [row["dropped_on"] is not None for row in entry["milestones"]] == [False, False, True]
    assert entry["updates"][0]["dropped"] == [third.pk]
    (printed,) = facts_of_city(revision, None)["actions"]
    assert printed["reason"].endswith("2 of 3 milestones reached.")


@pytest.mark.parametrize("stage, missing", [("cancelled", 0), ("paused", 0), ("ongoing", 1)])
def test_report_does_not_miss_values_of_an_action_at_rest(period, action, official, everyone, stage, missing):
    IndicatorFactory(strategy=action.strategy, action=action)
    updates.log_update(action, by=official, data=update_input(stage=stage))

    facts = facts_of_city(accepted(period, everyone), None)

    assert sum(map(sections.is_missing_value, facts["indicators"])) == missing
    assert f"0 of {missing}." in sections.indicator_sentence(facts["indicators"])


@pytest.mark.parametrize("month, missing", [(7, 0), (10, 1)])
def test_report_misses_yearly_values_only_where_a_year_ends(city, action, everyone, month, missing):
    city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(starts_on=date(2027, month, 1)))
    IndicatorFactory(strategy=action.strategy, action=action, frequency="year")

    facts = facts_of_city(accepted(city_period, everyone), None)

    assert sum(map(sections.is_missing_value, facts["indicators"])) == missing


def test_report_explains_an_action_that_has_not_started(period, city, everyone):
    ActionFactory(city=city, starts_on=clock.today() + days(9), ends_on=clock.today() + days(99))

    (printed,) = facts_of_city(accepted(period, everyone), None)["actions"]

    assert (printed["health"], printed["reason"].startswith("Starts on ")) == ("not_started", True)


def test_frozen_status_of_earlier_rules_keeps_its_reason():
    """Before version 2, a paused action could be late. The reason is that of the frozen status."""
    contents = json.loads((Path(__file__).parent / "snapshot_version_1.json").read_text("utf-8"))
    late, done = (read_action(entry, written_by=1) for entry in contents["actions"])

    assert frozen_reason(late, date(2026, 3, 31)) == "A milestone was due on 1 March 2026, 30 days ago."
    assert frozen_reason(done, date(2026, 3, 31)) == "Reported as completed on 2 March 2026. 1 of 2 milestones reached."
    assert [row.dropped_on for row in late.milestones + done.milestones] == [None, None, None]
    assert done.updates[0].dropped_ids == []


def test_dashboard_shows_the_frozen_reason(period, action, official, milestones, everyone):
    complete(action, official, reached=milestones[:2], dropped=milestones[2:])
    accepted(period, everyone)

    rows = ActionRows(scope_for(everyone["partner"]))[:5]

    assert [row.reason.endswith("2 of 3 milestones reached.") for row in rows] == [True]


def test_dropped_milestones_are_locked_with_their_period(period, action, official, milestones, everyone):
    update = complete(action, official, dropped=milestones)
    periods.submit_period(period, by=everyone["lead"])

    for write in (
        lambda: MilestoneDropped.objects.create(update=update, milestone=MilestoneFactory(action=action)),
        lambda: MilestoneDropped.objects.filter(update=update)._raw_delete("default"),
        lambda: MilestoneDropped.objects.filter(update=update).update(milestone=milestones[0]),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    assert update.dropped.count() == 3
