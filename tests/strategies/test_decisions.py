"""Decisions of meetings in *My work*, in reminders, and as actions of the plan."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.services import decisions as records
from cities.services import memberships
from core import clock
from core.exceptions import InputRefused, PermissionRefused
from strategies import tasks
from strategies.exceptions import StrategyError
from strategies.models import Action, DecisionLink, Reminder
from strategies.selectors.decisions import decision_rows
from strategies.services import decisions
from strategies.work import DUE, LATE, LOW, SOON
from tests.factories import (
    ActionFactory,
    BodyFactory,
    DecisionFactory,
    DecisionLinkFactory,
    EventFactory,
    ObjectiveFactory,
    StrategyFactory,
    member,
)

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)
TEXT = "Open the centre on Saturdays."


@pytest.fixture(autouse=True)
def _fixed_morning():
    with clock.at(MORNING):
        yield


@pytest.fixture
def meeting(city, everyone):
    return EventFactory(city=None, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city), title="First meeting")


@pytest.fixture
def decision(meeting, everyone):
    return DecisionFactory(event=meeting, text=TEXT, responsible=everyone["expert"].person, due_on=date(2026, 11, 27))


@pytest.fixture
def secretary(city):
    return member(BodyKind.EXPERT_GROUP, Role.SECRETARY, city)


def page_of(client, user, row, name):
    client.force_login(user)
    return client.get(reverse(f"strategies:{name}", args=[row.pk]))


# ---- My work


@pytest.mark.parametrize("days, urgency", [(-1, LATE), (0, SOON), (7, SOON), (8, LOW)])
def test_decision_is_in_my_work_of_the_responsible_person(client, decision, everyone, days, urgency):
    decision.due_on = TODAY + timedelta(days=days)
    decision.save()

    (row,) = decision_rows(everyone["expert"])

    assert (row.title, row.urgency, row.due_on) == (TEXT, urgency, decision.due_on)
    client.force_login(everyone["expert"])
    page = client.get(reverse("strategies:my_work")).content.decode()
    assert f'href="{decision.get_absolute_url()}"' in page
    assert all(decision_rows(everyone[name]) == [] for name in everyone if name != "expert")


@pytest.mark.parametrize("close", ["done", "dropped"])
def test_closed_decision_leaves_my_work(decision, everyone, close):
    if close == "done":
        records.complete_decision(decision, by=everyone["expert"])
    else:
        records.drop_decision(decision, by=everyone["expert"], reason="No money.")

    assert decision_rows(everyone["expert"]) == []


def test_lead_chooses_another_person_after_somebody_has_left(decision, everyone):
    memberships.end_membership(everyone["expert"].person.memberships.get(), by=everyone["lead"])

    (row,) = decision_rows(everyone["lead"])

    assert (row.urgency, str(row.label)) == (DUE, "Choose")
    assert TEXT in row.title
    assert decision_rows(everyone["official"]) == []


def test_number_of_queries_does_not_grow(decision, everyone, django_assert_num_queries):
    DecisionFactory.create_batch(4, event=decision.event, responsible=everyone["lead"].person)
    decision_rows(everyone["lead"])

    with django_assert_num_queries(1):
        rows = decision_rows(everyone["lead"])

    assert len(rows) == 4


# ---- reminders


def mails():
    return dict(Mail.objects.values_list("recipient", "subject"))


def test_responsible_person_is_reminded_before_and_after_the_due_date(decision, everyone):
    expert = everyone["expert"]
    expert.language = "en"
    expert.save()
    tasks.send_due_reminders()
    soon = mails()
    tasks.send_due_reminders()
    with clock.at(MORNING + timedelta(days=5)):
        tasks.send_due_reminders()
    late = Mail.objects.latest("pk").subject

    assert soon.keys() == {expert.email}
    assert (Mail.objects.count(), Reminder.objects.count()) == (2, 2)
    assert "is due by" in soon[expert.email]
    assert "was due on" in late
    assert "First meeting" in Mail.objects.earliest("pk").body


def test_leads_are_reminded_of_a_decision_whose_person_has_left(decision, everyone):
    memberships.end_membership(everyone["expert"].person.memberships.get(), by=everyone["lead"])
    Mail.objects.all().delete()

    tasks.send_due_reminders()

    assert mails().keys() == {everyone["lead"].email}


def test_no_reminder_of_what_is_far_ahead_or_closed(decision, meeting, everyone):
    DecisionFactory(event=meeting, responsible=everyone["expert"].person, due_on=TODAY + timedelta(days=8))
    records.complete_decision(decision, by=everyone["expert"])

    tasks.send_due_reminders()

    assert mails() == {}


def test_members_of_the_committee_are_reminded_once(everyone, settings):
    committee = BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE)
    meeting = EventFactory(city=None, body=committee)
    DecisionFactory(event=meeting, responsible=everyone["scientific"].person, due_on=TODAY)
    DecisionFactory(event=meeting, responsible=everyone["expert"].person, due_on=TODAY, text="Nobody of ours.")

    with clock.at(MORNING.replace(hour=1)):
        tasks.send_due_reminders()
    at_night = mails()
    tasks.send_due_reminders()
    tasks.send_due_reminders()

    assert at_night == {}
    assert mails().keys() == {everyone["scientific"].email, everyone["coordinator"].email}
    assert Mail.objects.count() == 2
    assert [row.title for row in decision_rows(everyone["scientific"])] == [meeting.decision_set.first().text]


# ---- actions


@pytest.fixture
def plan(city):
    strategy = StrategyFactory(city=city, published=True)
    return ObjectiveFactory(area__strategy=strategy)


def test_decision_is_linked_to_an_action_and_to_another_and_to_none(client, decision, plan, secretary, everyone):
    first, second = ActionFactory(objective=plan), ActionFactory(objective=plan)
    path = reverse("strategies:decision_link", args=[decision.pk])
    client.force_login(secretary)

    for action in (first, second, second):
        client.post(path, {"action": action.pk})
        assert DecisionLink.objects.get().action == action
    assert DecisionLink.history.count() == 2
    page = client.get(decision.get_absolute_url()).content.decode()
    assert second.title in page
    assert "Choose another action" in page
    page = page_of(client, everyone["viewer"], second, "action_detail").content.decode()
    assert TEXT in page
    client.force_login(secretary)
    client.post(path, {"action": ""})

    assert not DecisionLink.objects.exists()
    assert DecisionLink.history.first().history_type == "-"
    assert DecisionLink.history.first().history_user == secretary


def test_decision_on_an_action_is_hidden_from_everybody_else(client, decision, plan, everyone):
    action = ActionFactory(objective=plan, published=True)
    DecisionLinkFactory(decision=decision, action=action)

    for name in ("partner", "coordinator", "other_official", "scientific"):
        assert TEXT not in page_of(client, everyone[name], action, "action_detail").content.decode(), name
    client.logout()
    assert TEXT not in client.get(action.get_absolute_url()).content.decode()


def test_only_actions_of_the_own_city_can_be_linked(decision, everyone, other_city, secretary):
    action = ActionFactory(city=other_city, published=True)

    with pytest.raises(InputRefused):
        decisions.link_decision(decision, by=secretary, action=action)
    for name in ("expert", "viewer", "coordinator", "other_official"):
        with pytest.raises(PermissionRefused):
            decisions.link_decision(decision, by=everyone[name], action=None)


def test_dropped_decision_gets_no_action(decision, plan, everyone):
    records.drop_decision(decision, by=everyone["lead"], reason="No money.")

    with pytest.raises(StrategyError, match="dropped"):
        decisions.link_decision(decision, by=everyone["lead"], action=ActionFactory(objective=plan))


def new_action(objective, **given):
    return {
        "code": "7.7.7",
        "title": "Saturdays",
        "objective": objective.pk,
        "starts_on": "2026-11-23",
        "ends_on": "2026-11-27",
        "budget_status": "unknown",
        "version": "0",
    } | given


def test_decision_becomes_an_action(client, decision, plan, everyone):
    client.force_login(everyone["official"])
    path = reverse("strategies:decision_action_add", args=[decision.pk])
    form = client.get(path).context["form"]
    assert [form.initial[name] for name in ("title", "description", "responsible", "ends_on")] == [
        TEXT,
        TEXT,
        everyone["expert"].person.pk,
        decision.due_on,
    ]
    given = new_action(plan, budget_status=form.fields["budget_status"].choices[0][0])

    answer = client.post(path, given)

    action = Action.objects.get(code="7.7.7")
    assert answer.url == action.get_absolute_url()
    assert DecisionLink.objects.get().action == action
    with pytest.raises(StrategyError, match="already linked"):
        decisions.add_action(decision, by=everyone["official"], fields={})


def test_action_of_a_decision_belongs_to_its_city(decision, other_city, everyone):
    both = everyone["official"]
    member(BodyKind.CITY_OFFICE, Role.OFFICIAL, other_city, user=both)
    objective = ObjectiveFactory(area__strategy=StrategyFactory(city=other_city))
    given = {"code": "1", "title": "Elsewhere", "objective": objective, "starts_on": TODAY, "ends_on": TODAY}

    with pytest.raises(InputRefused, match="objective"):
        decisions.add_action(decision, by=both, fields=given)

    assert not Action.objects.exists()


def test_without_an_objective_the_page_says_what_to_do_first(client, decision, everyone):
    client.force_login(everyone["official"])
    path = reverse("strategies:decision_action_add", args=[decision.pk])

    for answer in (client.get(path, follow=True), client.post(path, follow=True)):
        assert answer.redirect_chain[0][0] == decision.get_absolute_url()
        assert "no objective yet" in answer.content.decode()


def test_who_may_not_plan_makes_no_action(client, decision, plan, everyone, secretary):
    path = reverse("strategies:decision_action_add", args=[decision.pk])
    answers = {}
    for name, user in {"secretary": secretary, "viewer": everyone["viewer"], "partner": everyone["partner"]}.items():
        client.force_login(user)
        answers[name] = client.get(path).status_code, client.post(path, new_action(plan)).status_code
    client.logout()

    assert answers == {"secretary": (403, 403), "viewer": (403, 403), "partner": (404, 404)}
    assert client.get(path).status_code == 302
    assert not Action.objects.exists()
