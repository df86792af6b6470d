"""My work: due tasks in order, and "no change" for several actions at once."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import clock
from strategies import work
from strategies.models import ActionUpdate
from strategies.selectors.work import next_action
from strategies.services import periods
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityFactory,
    CityPeriodFactory,
    FormInputFactory,
    IndicatorFactory,
    MailFactory,
    PersonFactory,
    ReportingPeriodFactory,
    member,
)

pytestmark = pytest.mark.django_db

URL = "/my-work/"


def titles(response):
    return [str(row.title) for row in response.context["due"]]


def decisions(response):
    return [title for title in titles(response) if title.startswith("Accept or return")]


def test_my_work_url(client, official):
    assert reverse("strategies:my_work") == URL


def test_my_work_redirects_anonymous_users_to_login(client, db):
    assert client.get(URL).url.endswith("?next=/my-work/")


def test_due_rows_are_sorted_by_urgency(client, official, everyone, city, period):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    periods.submit_period(before, by=everyone["lead"])
    periods.return_period(before, by=everyone["coordinator"], comments="The second venue has no date.")
    responsible = PersonFactory()
    ActionFactory(city=city, title="Late one", ends_on=city.today - timedelta(days=2), responsible=responsible)
    ActionFactory(city=city, title="Nobody's", responsible=None)
    fine = ActionFactory(city=city, title="Fine one", responsible=responsible)
    ActionUpdateFactory(action=fine, city_period=period, progress=90)
    IndicatorFactory(strategy=fine.strategy, name="Visits")

    response = client.get(URL)

    assert titles(response)[:2] == [f"The report for {before.period.name} was returned", "Late one"]
    assert "Nobody's" in titles(response)
    assert [action.title for action in response.context["work"].others] == ["Fine one"]
    page = response.content.decode()
    assert "The second venue has no date." in page
    assert "is missing: Visits" in page


def test_ended_period_is_due_for_lead_officials_only(client, everyone, city):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    title = f"Submit the report for {before.period.name}"

    client.force_login(everyone["lead"])
    assert title in titles(client.get(URL))
    client.force_login(everyone["official"])
    assert title not in titles(client.get(URL))


def test_submitted_period_is_due_for_coordinators_of_other_organisations(client, everyone, city):
    submitted = CityPeriodFactory(city=city, to_state="submitted")
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="accepted")
    title = f"Accept or return the report from {city.name} for {submitted.period.name}"
    colleague = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)

    titles_by_role = {}
    for name, user in {**everyone, "colleague": colleague}.items():
        if name in {"coordinator", "colleague", "partner", "scientific"}:
            client.force_login(user)
            titles_by_role[name] = decisions(client.get(URL))

    assert titles_by_role == {"coordinator": [title], "colleague": [], "partner": [], "scientific": []}


@pytest.mark.parametrize("row_count", [1, 5])
def test_submitted_periods_query_count_is_constant(client, everyone, row_count, django_assert_max_num_queries):
    for ahead in range(row_count):
        CityPeriodFactory(city=CityFactory(), period=ReportingPeriodFactory(ahead=-ahead), to_state="submitted")
    client.force_login(everyone["coordinator"])
    client.get(URL)  # what is kept in the process

    with django_assert_max_num_queries(14):
        response = client.get(URL)

    assert len(decisions(response)) == row_count


def test_responsible_person_sees_own_actions_only(client, everyone, city, action):
    owner = everyone["local_committee"]
    mine = ActionFactory(city=city, title="Mine", responsible=owner.person, ends_on=city.today - timedelta(days=1))
    client.force_login(owner)

    response = client.get(URL)

    assert (titles(response), response.context["groups"]) == (["Mine"], [])
    assert mine.pk == response.context["due"][0].action_id


def test_reported_late_action_is_listed_apart_from_what_is_due(client, official, city, period):
    late = {"city": city, "ends_on": city.today - timedelta(days=2)}
    reported, unreported = ActionFactory(title="A: told", **late), ActionFactory(title="B: untold", **late)
    ActionUpdateFactory(action=reported, city_period=period, progress=50)

    response = client.get(URL)

    assert titles(response) == ["B: untold"]
    (key, _heading, [action], count) = response.context["groups"][0]
    note = action.text
    assert (key, action.pk, count) == ("attention", reported.pk, 1)
    assert re.fullmatch(rf"Reported in {period.period.name}\. Was due to end on .+ Last update .+\.", note)
    assert "One task is waiting." in response.content.decode()
    assert next_action(official, after=unreported) is None
    assert next_action(official, after=reported) == unreported.pk


def test_all_reported_and_one_late_says_so(client, official, city, period):
    late = ActionFactory(city=city, ends_on=city.today - timedelta(days=2), responsible=PersonFactory())
    ActionUpdateFactory(action=late, city_period=period, progress=50)

    page = client.get(URL).content.decode()

    assert "Nothing is waiting for you." in page
    assert "You have reported everything that was due." in page
    assert "Other people log" not in page


def test_unreported_actions_are_grouped_separately(client, official, city, period):
    responsible = PersonFactory()
    ActionFactory(city=city, title="Silent", responsible=responsible, starts_on=city.today - timedelta(days=3))
    fine = ActionFactory(city=city, title="Fine", responsible=responsible)
    ActionUpdateFactory(action=fine, city_period=period, progress=90)
    ActionFactory(city=city, title="Next year", starts_on=period.period.ends_on + timedelta(days=30))

    groups = client.get(URL).context["groups"]

    assert [(group.heading, [row.title for row in group.rows]) for group in groups] == [
        (f"Not yet reported in {period.period.name}", ["Silent"]),
        ("Up to date", ["Fine", "Next year"]),
    ]


def test_long_group_is_cut_and_links_all_actions(client, official, city, period, monkeypatch):
    monkeypatch.setattr("strategies.views.work.MAX_ROWS", 2)
    ActionFactory.create_batch(3, city=city, responsible=PersonFactory())

    response = client.get(URL)

    (group,) = response.context["groups"]
    link = f'<a href="{reverse("strategies:action_list", args=[city.slug])}?sort=health">'
    assert (len(group.rows), group.count) == (2, 3)
    assert "The first 2 of 3 are shown." in response.content.decode()
    assert link in response.content.decode()
    assert f"View all actions of {city}</a>" in response.content.decode()


def test_reopened_period_shows_its_reason(client, everyone, city):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="accepted")
    periods.reopen_period(before, by=everyone["coordinator"], reason="One digit was wrong.")
    client.force_login(everyone["lead"])

    response, page = client.get(URL), client.get(before.get_absolute_url())

    assert titles(response)[0] == f"{before.period.name} was reopened"
    assert "One digit was wrong." in response.content.decode()
    assert "One digit was wrong." in page.content.decode()
    assert "Reopened by" in page.content.decode()


def test_drafts_are_listed_for_their_author_only(client, official, everyone, action):
    FormInputFactory(user=official, title="Half a sentence")

    assert "Half a sentence" in client.get(URL).content.decode()
    client.force_login(everyone["lead"])
    assert client.get(URL).context["work"].drafts == []


@pytest.mark.parametrize("role", ["viewer", "partner", "superuser", "former"])
def test_my_work_without_tasks_shows_a_message(client, everyone, action, role):
    client.force_login(everyone[role])

    response = client.get(URL)

    assert (response.context["due"], response.context["groups"]) == ([], [])
    assert "epi-empty" in response.content.decode()


def test_registered_rows_are_listed(client, official, monkeypatch):
    row = work.WorkRow("Rate Lublin", "/evaluation/1/", "Go on", "returned", urgency=work.RETURNED)
    monkeypatch.setattr(work, "_makers", [])
    work.register_work(lambda user: [row])

    assert titles(client.get(URL))[0] == "Rate Lublin"


def test_function_registered_twice_is_kept_once(monkeypatch):
    monkeypatch.setattr(work, "_makers", [])

    def make_rows(user):
        return []

    work.register_work(make_rows)
    work.register_work(make_rows)

    assert work._makers == [make_rows]


# ---- no change


def test_no_change_is_logged_for_several_actions(client, official, city, action):
    other = ActionFactory(city=city)

    response = client.post(reverse("strategies:log_no_change"), {"actions": [action.pk, other.pk]})

    assert response.url == URL
    stored = list(ActionUpdate.objects.values_list("is_no_change", "author"))
    assert stored == [(True, official.pk)] * 2


@pytest.fixture
def before(city, period):
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))


def post_no_change(client, *actions, **fields):
    response = client.post(
        reverse("strategies:log_no_change"), {"actions": [action.pk for action in actions]} | fields, follow=True
    )
    return response.content.decode()


def test_no_change_is_logged_in_the_period_due_first(client, official, city, action, before):
    page = post_no_change(client, action)

    update = ActionUpdate.objects.get()
    assert (update.city_period, update.date, update.is_reported_late) == (before, before.period.ends_on, False)
    assert f"“No change” has been logged for one action in {before.period.name}." in page


@pytest.mark.slow
def test_no_change_is_logged_in_the_chosen_period(client, official, city, action, before, period):
    other = ActionFactory(city=city)
    offered = client.get(URL).content.decode()
    assert offered.index(f'<option value="{before.period.pk}">') < offered.index(f'<option value="{period.period.pk}">')

    page = post_no_change(client, action, other, period=period.period.pk)
    post_no_change(client, action, other, period=before.period.pk)
    post_no_change(client, action, other, period=before.period.pk)

    assert f"“No change” has been logged for 2 actions in {period.period.name}." in page
    assert [update.city_period for update in ActionUpdate.objects.order_by("pk")] == [period] * 2 + [before] * 2


def test_no_change_for_a_closed_period_is_refused(client, official, everyone, action, before):
    periods.submit_period(before, by=everyone["lead"])

    page = post_no_change(client, action, period=before.period.pk)

    assert ("no longer open" in page, ActionUpdate.objects.count()) == (True, 0)


def test_no_change_keeps_the_status_of_its_date(client, official, action, before, period):
    ActionUpdateFactory(action=action, city_period=before, date=before.period.starts_on, stage="paused")
    ActionUpdateFactory(action=action, city_period=period, stage="completed")

    post_no_change(client, action, period=before.period.pk)

    assert ActionUpdate.objects.get(is_no_change=True).stage == "paused"


def test_no_change_form_has_no_period_choice_with_one_open_period(client, official, action, period):
    page = client.get(URL).content.decode()

    assert f'<input type="hidden" name="period" value="{period.period.pk}" id="id_period">' in page
    assert "<select" not in page.split('id="due-title"')[1]


def test_no_change_for_an_action_of_another_city_is_refused(client, official, other_city):
    theirs = ActionFactory(city=other_city)

    client.post(reverse("strategies:log_no_change"), {"actions": [theirs.pk, "x"]})

    assert ActionUpdate.objects.count() == 0


def test_no_change_without_actions_shows_a_message(client, official):
    response = client.post(reverse("strategies:log_no_change"), follow=True)

    assert "First select the actions" in response.content.decode()


def test_no_change_refuses_get(client, official):
    assert client.get(reverse("strategies:log_no_change")).status_code == 405


# ---- query counts


@pytest.mark.parametrize("row_count", [1, 5])
def test_my_work_has_a_query_limit(client, official, city, period, row_count, django_assert_max_num_queries):
    for _ in range(row_count):
        late = ActionFactory(city=city, ends_on=clock.today() - timedelta(days=1), responsible=PersonFactory())
        ActionUpdateFactory(action=late, city_period=period)
        ActionFactory(city=city, responsible=PersonFactory())
        IndicatorFactory(strategy=late.strategy)
        FormInputFactory(user=official)
    client.get(URL)

    with django_assert_max_num_queries(15):
        assert len(client.get(URL).context["work"].drafts) == row_count


# ---- requests to reopen


def test_request_to_reopen_is_a_task_until_it_is_answered(client, everyone, city):
    city_period = CityPeriodFactory(city=city, to_state="published")
    client.force_login(everyone["coordinator"])
    title = f"Reopen {city_period.period.name} for Linköping, or decline the request"
    seen = []
    for step in (
        lambda: None,
        lambda: periods.request_reopen(city_period, by=everyone["lead"], reason="A digit too many."),
        lambda: periods.decline_reopen(city_period, by=everyone["coordinator"], reason="It is right."),
        lambda: periods.request_reopen(city_period, by=everyone["lead"], reason="Please look again."),
        lambda: periods.reopen_period(city_period, by=everyone["coordinator"], reason="Yes."),
    ):
        step()
        response = client.get(URL)
        seen.append(titles(response).count(title))
        said = [row.text for row in response.context["due"] if row.title == title]
        assert all("A digit too many." in text or "Please look again." in text for text in said)

    assert seen == [0, 1, 0, 1, 0]


def test_request_to_reopen_is_no_task_of_others(client, everyone, city):
    city_period = CityPeriodFactory(city=city, to_state="published")
    periods.request_reopen(city_period, by=everyone["lead"], reason="A digit too many.")
    client.force_login(everyone["partner"])

    assert not [title for title in titles(client.get(URL)) if "Reopen" in title]


# ---- emails that were not sent


def test_emails_that_were_not_sent_are_a_task_of_coordinators(client, everyone):
    for state in ("failed", "unknown", "queued"):
        MailFactory(state=state)
    MailFactory(state="failed", created_at=clock.now() - timedelta(days=15))
    seen = {}
    for role in ("coordinator", "lead", "partner"):
        client.force_login(everyone[role])
        seen[role] = [title for title in titles(client.get(URL)) if "not sent" in title]

    assert seen == {"coordinator": ["2 emails were not sent"], "lead": [], "partner": []}
