"""Pages of recommendations: list, export, forms, tasks and reminders."""

from datetime import datetime, time, timedelta

import pytest
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core import clock
from core.triggers import triggers_dropped
from evaluation.models import ManagementResponse, Recommendation, RecommendationReminder
from evaluation.selectors.recommendation_work import recommendation_rows
from evaluation.services import recommendation_reminders, recommendations
from evaluation.tasks import send_recommendation_reminders
from evaluation.verification import check_recommendations
from tests.factories import (
    ActionFactory,
    CityFactory,
    DimensionFactory,
    ManagementResponseFactory,
    OrganisationFactory,
    PersonFactory,
    RecommendationFactory,
    member,
    one_for_each_role,
)

pytestmark = pytest.mark.django_db

TEXT = {"text": "Offer courses in the evening.", "done_when": "They are in the programme.", "priority": "high"}


@pytest.fixture
def city(db):
    return CityFactory(name="Linköping", slug="linkoping")


@pytest.fixture
def roles(city):
    return one_for_each_role(city, CityFactory(name="Ghent"))


@pytest.fixture
def issued(city):
    return RecommendationFactory(city=city, verbs=("issue",))


def url(name, row=None):
    return reverse(f"evaluation:recommendation_{name}", args=[row.pk] if row else [])


def post(client, user, address, data):
    """Send the form of the page, filled in as it is opened and changed by ``data``."""
    client.force_login(user)
    form = client.get(address).context["form"]
    opened = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return client.post(address, {name: value for name, value in (opened | data).items() if value not in (None, "")})


# ---- the list


def test_list_is_filtered_sorted_and_exported_without_names_for_the_public(client, roles, city):
    DimensionFactory(code="impact")
    office = OrganisationFactory(name="Office of works")
    evening = RecommendationFactory(city=city, text="Evening courses.", priority="low", verbs=("issue",))
    response = ManagementResponseFactory(
        recommendation=evening,
        responsible=PersonFactory(name="Somebody Named", organisation=office),
        due_on=clock.today() - timedelta(days=1),
        reason="=It fits.",
    )
    for title, published in (("Courses", True), ("Hidden plan", False)):
        response.actions.add(ActionFactory(city=city, title=title, published=published))
    morning = RecommendationFactory(city=None, text="Morning courses.", priority="high", verbs=("issue",))
    RecommendationFactory(city=city, text="A draft.")
    for row in (evening, morning):
        recommendations.publish(row, by=roles["lead"] if row.city else roles["coordinator"])
    RecommendationFactory(city=city, text="Not published.", verbs=("issue",))

    def texts(**query):
        return [row.text for row in client.get(url("list"), query).context["object_list"]]

    assert sorted(texts()) == ["Evening courses.", "Morning courses."]
    assert texts(city="linkoping") == ["Evening courses."]
    assert texts(state="issued") == ["Morning courses."]
    assert texts(overdue="yes") == ["Evening courses."]
    assert texts(priority="high") == ["Morning courses."]
    assert texts(dimension="impact") == []
    assert texts(sort="priority") == ["Morning courses.", "Evening courses."]
    assert texts(sort="due") == ["Evening courses.", "Morning courses."]
    page = client.get(url("list")).content.decode()
    assert "Office of works" in page
    assert "Somebody Named" not in page
    export = client.get(url("list"), {"export": "csv"}).content.decode("utf-8-sig")
    assert "Courses" in export
    assert "'=It fits." in export
    assert [word for word in ("Somebody Named", "Hidden plan", "A draft.", "Not published.") if word in export] == []
    client.force_login(roles["partner"])
    assert "Somebody Named" in client.get(url("list"), {"export": "csv"}).content.decode("utf-8-sig")


def test_empty_list_says_so(client):
    assert "No recommendations" in client.get(url("list")).content.decode()


# ---- writing


def test_chair_writes_and_issues_one_to_the_own_city(client, roles, city):
    chair = member(BodyKind.EXPERT_GROUP, Role.CHAIR, city)
    other = CityFactory()

    posted = post(client, chair, url("create"), TEXT | {"to_city": other.pk})
    row = Recommendation.objects.get()
    client.post(url("issue", row))

    assert posted["Location"] == row.get_absolute_url()
    row.refresh_from_db()
    assert (row.city, row.source, row.state) == (city, "expert_group", "issued")
    assert {mail.recipient for mail in Mail.objects.all()} == {roles[name].email for name in ("official", "lead")}


def test_committee_member_chooses_city_or_network(client, roles, city):
    scientific = roles["scientific"]
    client.force_login(scientific)
    form = client.get(url("create"), {"city": city.slug}).context["form"]
    assert form.initial["to_city"] == city.pk
    conflicted = roles["scientific_conflicted"]

    post(client, scientific, url("create"), TEXT)
    refused = post(client, conflicted, url("create"), TEXT | {"to_city": city.pk})

    assert Recommendation.objects.get().city is None
    assert "to_city" in refused.context["form"].errors


def test_coordinator_edits_a_draft_and_an_old_form_shows_both_versions(client, roles, city):
    row = RecommendationFactory(city=city)
    client.force_login(roles["coordinator"])

    post(client, roles["coordinator"], url("edit", row), {"text": "Changed."})
    late = client.post(url("edit", row), TEXT | {"version": 1})

    row.refresh_from_db()
    assert (row.text, late.status_code) == ("Changed.", 409)
    assert "Changed." in late.content.decode()


@pytest.mark.stage("review")
def test_member_writes_one_from_the_review_page(client, case):
    client.force_login(case.committee1)
    add = reverse("evaluation:recommendation_add", args=[case.pk])
    for page in (reverse("admin:evaluation_review", args=[case.pk]), case.evaluation.get_absolute_url()):
        assert add in client.get(page).content.decode()

    post(client, case.committee1, add, TEXT | {"dimension": case.dimension().pk})
    row = Recommendation.objects.get()

    for page in (reverse("admin:evaluation_review", args=[case.pk]), case.evaluation.get_absolute_url()):
        assert row.get_absolute_url() in client.get(page).content.decode()
    assert (row.source, row.dimension) == ("committee", case.dimension())
    edited = post(client, case.committee2, url("edit", row), {"text": "Changed."})
    assert edited.status_code == 302
    client.force_login(case.lead)
    assert "Changed." not in client.get(case.evaluation.get_absolute_url()).content.decode()


# ---- responding


def test_official_saves_a_draft_and_lead_sends_it(client, roles, issued):
    due_on = (clock.today() + timedelta(days=30)).isoformat()
    fields = {"decision": "accept", "responsible": roles["official"].person.pk, "due_on": due_on}

    saved = post(client, roles["official"], url("respond", issued), fields)
    page = client.get(issued.get_absolute_url()).content.decode()
    assert saved.status_code == 302
    assert "Draft. It has not been sent yet." in page
    assert "Send response" not in page
    client.force_login(roles["viewer"])
    assert "No response yet." in client.get(issued.get_absolute_url()).content.decode()
    client.force_login(roles["lead"])
    client.post(url("send", issued))

    issued.refresh_from_db()
    assert issued.state == "answered"
    late = client.post(url("respond", issued), fields | {"version": 0, "reason": "Typed late."})
    assert late.status_code == 409


def test_lead_sends_at_once_and_is_told_what_is_missing(client, roles, issued):
    missing = post(client, roles["lead"], url("respond", issued), {"decision": "partly", "send": "1"})
    assert set(missing.context["form"].errors) == {"reason", "responsible", "due_on"}
    assert not ManagementResponse.objects.exists()

    sent = post(client, roles["lead"], url("respond", issued), {"decision": "reject", "reason": "No.", "send": "1"})

    issued.refresh_from_db()
    assert (sent.status_code, issued.state) == (302, "rejected")


@pytest.mark.parametrize("name", ["other_official", "viewer", "expert", "partner", "former", "coordinator"])
@pytest.mark.parametrize("action", ["respond", "send", "publish", "complete", "withdraw", "issue", "edit"])
def test_others_cannot_act_by_direct_post(client, roles, issued, name, action):
    if name == "coordinator" and action in {"withdraw", "issue", "edit", "complete"}:
        return  # one of the network office
    ManagementResponseFactory(recommendation=issued, is_sent=False)
    client.force_login(roles[name])

    answer = client.post(url(action, issued), TEXT | {"decision": "reject", "reason": "Not ours.", "send": "1"})

    issued.refresh_from_db()
    assert answer.status_code == (404 if name in {"other_official", "former"} else 403)
    assert (issued.state, issued.published_at, issued.response.decision) == ("issued", None, "accept")


def test_withdrawal_is_shown_with_its_reason(client, roles, issued):
    posted = post(client, roles["coordinator"], url("withdraw", issued), {"reason": "Said twice."})

    assert posted.status_code == 302
    assert "Said twice." in client.get(issued.get_absolute_url()).content.decode()


def test_page_shows_what_was_answered_and_that_it_is_done(client, roles, issued):
    ManagementResponseFactory(recommendation=issued, responsible=roles["official"].person)
    client.force_login(roles["coordinator"])
    client.post(url("complete", issued))
    recommendations.publish(issued, by=roles["lead"])
    client.logout()

    page = client.get(issued.get_absolute_url()).content.decode()

    assert "Completion confirmed" in page
    assert str(roles["official"].person) not in page
    assert str(roles["official"].person.organisation) in page


# ---- tasks and reminders


def titles(user):
    return [str(row.title) for row in recommendation_rows(user)]


def test_tasks_are_those_of_who_answers_or_issues(roles, city, issued):
    RecommendationFactory(city=city, text="A draft of the office.")
    far = ManagementResponseFactory(recommendation__city=city)
    near = ManagementResponseFactory(recommendation__city=city, due_on=clock.today() - timedelta(days=1))
    network = RecommendationFactory(city=None, verbs=("issue",))

    assert titles(roles["official"]) == [
        "Recommendation to Linköping: response due",
        "Recommendation to Linköping: due soon or overdue",
    ]
    assert titles(roles["coordinator"]) == [
        "Draft of a recommendation to Linköping",
        "Recommendation to the network: response due",
    ]
    assert [titles(roles[name]) for name in ("viewer", "partner", "other_official", "public")] == [[]] * 4
    assert titles(member(BodyKind.EXPERT_GROUP, Role.CHAIR, city)) == []
    assert [far.recommendation.is_overdue, near.recommendation.is_overdue, network.is_overdue] == [False, True, False]


def test_reminders_are_sent_7_days_before_and_on_the_day_once(roles, city, issued):
    promise = ManagementResponseFactory(recommendation__city=city, responsible=roles["viewer"].person)
    left = ManagementResponseFactory(recommendation__city=city, responsible=PersonFactory(), due_on=promise.due_on)
    Mail.objects.all().delete()

    def sent_on(day, hour=12):
        with clock.at(datetime.combine(day, time(hour), tzinfo=clock.now().tzinfo)):
            send_recommendation_reminders()
            send_recommendation_reminders()
        found = {mail.recipient for mail in Mail.objects.all()}
        Mail.objects.all().delete()
        return found

    officials = {roles[name].email for name in ("official", "lead")}
    assert sent_on(issued.answer_by - timedelta(days=8)) == set()
    assert sent_on(issued.answer_by - timedelta(days=7), hour=2) == set()
    assert sent_on(issued.answer_by - timedelta(days=7)) == officials
    assert sent_on(issued.answer_by - timedelta(days=6)) == set()
    assert sent_on(issued.answer_by) == officials
    assert sent_on(promise.due_on) == officials | {roles["viewer"].email}
    assert left.responsible.user.email
    assert RecommendationReminder.objects.count() == 4


def test_reminder_of_what_is_closed_meanwhile_is_not_sent(roles, issued):
    with clock.at(datetime.combine(issued.answer_by, time(12), tzinfo=clock.now().tzinfo)):
        recommendation_reminders.remind(issued)
        recommendation_reminders.remind(issued)
    assert RecommendationReminder.objects.count() == 1
    RecommendationReminder.objects.all().delete()
    recommendations.withdraw(issued, by=roles["coordinator"], reason="Said twice.")

    recommendation_reminders.remind(issued)

    assert not RecommendationReminder.objects.exists()


# ---- verify


def test_verify_finds_a_state_without_its_transition(issued):
    assert check_recommendations().differences == []
    draft = RecommendationFactory()
    with triggers_dropped():
        Recommendation.objects.filter(pk=issued.pk).update(state="completed")
        now = {"issued_at": clock.now(), "issued_on": clock.today()}
        Recommendation.objects.filter(pk=draft.pk).update(state="answered", **now)

    assert check_recommendations().differences == [
        f"evaluation.recommendation {issued.pk}: its transitions do not lead to the state completed",
        f"evaluation.recommendation {draft.pk}: its transitions are missing",
    ]
