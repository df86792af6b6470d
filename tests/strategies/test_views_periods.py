"""Period pages: missing items, submission, review, publication and revisions, with permissions."""

import pytest
from django.urls import reverse

from core import locales
from strategies.enums import PeriodState
from strategies.models import IndicatorValue, Narrative
from strategies.services import periods
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    IndicatorFactory,
    ReportingPeriodFactory,
)

pytestmark = pytest.mark.django_db


def url(name, period, *more):
    return reverse(f"strategies:{name}", args=[period.pk, *more])


def client_as(client, everyone, role):
    client.force_login(everyone[role])
    return client


def current_state(period):
    period.refresh_from_db()
    return period.state


@pytest.fixture
def submitted(period, action, everyone):
    ActionUpdateFactory(action=action, text="For the city.", visibility="city", spent="40")
    ActionUpdateFactory(action=action, text="For everybody.", visibility="public")
    periods.save_narrative(period, by=everyone["lead"], text="A good quarter.", language="sv")
    periods.submit_period(period, by=everyone["lead"])
    return period


def test_missing_items_link_to_their_forms(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy, name="Visits")

    page = client.get(url("cityperiod_detail", period)).content.decode()

    for link in (
        reverse("strategies:action_log", args=[action.pk]),
        url("values_edit", period),
        url("narrative_edit", period),
    ):
        assert link in page
    assert indicator.name in page


@pytest.mark.parametrize("role, is_told", [("official", True), ("lead", False)])
def test_page_says_who_submits_to_those_who_may_not(client, everyone, action, period, role, is_told):
    page = client_as(client, everyone, role).get(url("cityperiod_detail", period)).content.decode()

    assert ("A lead official submits the report." in page) == is_told
    assert (url("cityperiod_submit", period) in page) != is_told


def test_missing_values_are_listed_in_one_row(client, official, action, period):
    IndicatorFactory.create_batch(3, strategy=action.strategy)

    page = client.get(url("cityperiod_detail", period))

    assert len(page.context["complete"].missing_values) == 3
    assert page.content.decode().count(">Enter values<") == 1


def test_scheduled_period_shows_when_it_opens(client, official, city):
    ahead = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=2), to_state="scheduled")

    page = client.get(url("cityperiod_detail", ahead)).content.decode()

    assert f"Opens on {locales.day(ahead.period.opens_on)}." in page
    assert "What the period requires</summary>" in page


def test_completeness_includes_a_new_update_at_once(client, official, action, period):
    client.post(reverse("strategies:action_log", args=[action.pk]), {"text": "We met."})

    complete = client.get(url("cityperiod_detail", period)).context["complete"]

    assert (complete.actions_reported, complete.actions) == (1, 1)


def test_submission_stores_the_user_and_the_responsible_person(client, everyone, period, action):
    client_as(client, everyone, "lead")
    colleague = everyone["official"].person
    page = client.get(url("cityperiod_submit", period)).content.decode()
    assert "revision 1" in page

    client.post(url("cityperiod_submit", period), {"on_behalf_of": colleague.pk, "early": "on"})

    assert current_state(period) == PeriodState.SUBMITTED
    transition = period.transitions.get(verb="submit")
    assert (transition.by, transition.on_behalf_of) == (everyone["lead"], colleague)


def test_early_submission_needs_confirmation(client, everyone, period):
    client_as(client, everyone, "lead")
    page = client.get(url("cityperiod_submit", period)).content.decode()
    assert f"The period runs until {locales.day(period.period.ends_on)}." in page

    response = client.post(url("cityperiod_submit", period), {"on_behalf_of": everyone["lead"].person.pk})

    assert "early" in response.context["form"].errors
    assert current_state(period) == PeriodState.OPEN


def test_submission_after_the_period_needs_no_confirmation(client, everyone, city):
    over = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    client_as(client, everyone, "lead")
    assert "The period runs until" not in client.get(url("cityperiod_submit", over)).content.decode()

    client.post(url("cityperiod_submit", over), {"on_behalf_of": everyone["lead"].person.pk})

    assert current_state(over) == PeriodState.SUBMITTED


def test_publish_page_counts_what_will_be_public(client, everyone, period, city):
    published = ActionFactory(city=city, published=True)
    ActionUpdateFactory(action=published, text="For the city.", visibility="city")
    ActionUpdateFactory.create_batch(2, action=published, text="For everybody.", visibility="public")
    periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])

    page = client_as(client, everyone, "lead").get(url("cityperiod_publish", period))

    assert page.context["contents"] == {"updates": 2, "values": 0, "has_narrative": False}
    assert current_state(period) == PeriodState.ACCEPTED


def test_second_submission_shows_a_message(client, everyone, submitted):
    client_as(client, everyone, "lead")

    response = client.post(
        url("cityperiod_submit", submitted), {"on_behalf_of": everyone["lead"].person.pk, "early": "on"}
    )

    assert "status of the period has changed" in response.content.decode()


BUTTONS = [
    ("cityperiod_submit", "lead"),
    ("cityperiod_return", "coordinator"),
    ("cityperiod_accept", "coordinator"),
    ("cityperiod_publish", "lead"),
    ("cityperiod_reopen", "coordinator"),
    ("cityperiod_request_reopen", "lead"),
    ("cityperiod_comment", "expert"),
    ("cityperiod_endorse", "expert"),
    ("narrative_edit", "official"),
]


@pytest.mark.parametrize("name, allowed_role", BUTTONS)
@pytest.mark.parametrize(
    "role", ["viewer", "official", "lead", "expert", "coordinator", "partner", "trainer", "scientific"]
)
def test_period_form_without_permission_returns_403(client, everyone, period, name, allowed_role, role):
    if role == allowed_role or (name, role) == ("narrative_edit", "lead"):
        return
    response = client_as(client, everyone, role).post(url(name, period), {"text": "x"})

    assert (response.status_code, current_state(period)) == (403, PeriodState.OPEN)


@pytest.mark.parametrize("name, _allowed_role", BUTTONS)
@pytest.mark.parametrize("role", ["other_official", "former", "superuser"])
def test_open_period_of_another_city_returns_404(client, everyone, period, name, _allowed_role, role):
    client_as(client, everyone, role)

    assert client.get(url("cityperiod_detail", period)).status_code == 404
    assert client.post(url(name, period), {"text": "x"}).status_code == 404


def test_returned_period_shows_the_reason_and_can_be_submitted(client, everyone, submitted):
    client_as(client, everyone, "coordinator")
    assert client.post(url("cityperiod_return", submitted), {"text": "  "}).status_code == 200
    client.post(url("cityperiod_return", submitted), {"text": "The second venue has no date."})

    client_as(client, everyone, "lead")
    page = client.get(url("cityperiod_detail", submitted))

    assert (current_state(submitted), submitted.revision) == (PeriodState.RETURNED, 2)
    assert "The second venue has no date." in page.content.decode()
    assert page.context["may"]["submit"]


def test_period_is_accepted_published_and_reopened_on_request(client, everyone, submitted):
    client_as(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))
    assert current_state(submitted) == PeriodState.ACCEPTED
    client_as(client, everyone, "lead").post(url("cityperiod_publish", submitted))
    assert current_state(submitted) == PeriodState.PUBLISHED
    client.post(url("cityperiod_request_reopen", submitted), {"text": "A digit is wrong."})
    assert submitted.comments.get().text == "A digit is wrong."

    client_as(client, everyone, "coordinator").post(url("cityperiod_reopen", submitted), {"text": "A digit."})

    assert (current_state(submitted), submitted.revision) == (PeriodState.OPEN, 2)
    client.logout()
    page = client.get(url("cityperiod_detail", submitted)).content.decode()
    assert "A good quarter." in page
    assert "is being corrected" in page
    assert f'<a href="{reverse("strategies:revision_detail", args=[submitted.pk, 1])}">Revision 1</a>' in page


def test_correction_notice_is_absent_unless_reopened_after_publication(client, everyone, submitted):
    client_as(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))
    accepted = client.get(url("cityperiod_detail", submitted)).content.decode()
    client_as(client, everyone, "lead").post(url("cityperiod_publish", submitted))
    client.logout()
    published = client.get(url("cityperiod_detail", submitted)).content.decode()

    assert "is being corrected" not in accepted + published


def test_second_acceptance_shows_a_message(client, everyone, submitted):
    client_as(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))

    response = client.post(url("cityperiod_accept", submitted), follow=True)

    assert "status of the period has changed" in response.content.decode()


def test_coordinator_of_the_municipality_cannot_accept(client, everyone, submitted, city):
    person = everyone["coordinator"].person
    person.organisation = city.municipality
    person.save()

    assert client_as(client, everyone, "coordinator").post(url("cityperiod_accept", submitted)).status_code == 403


def test_expert_group_comments_and_endorses_before_submission(client, everyone, period):
    client_as(client, everyone, "expert")
    client.post(url("cityperiod_comment", period), {"text": "Say more about schools."})
    client.post(url("cityperiod_endorse", period), {"text": ""})

    page = client.get(url("cityperiod_detail", period))

    assert [comment.kind for comment in page.context["comments"]] == ["comment", "endorsement"]
    assert "Say more about schools." in page.content.decode()


def test_revision_is_unchanged_and_redacted_for_each_role(client, everyone, submitted, action):
    periods.return_period(submitted, by=everyone["coordinator"], comments="More.")
    action.title = "Another title"
    action.save()
    revision = url("revision_detail", submitted, 1)

    lead = client_as(client, everyone, "lead").get(revision).content.decode()
    partner = client_as(client, everyone, "partner").get(revision).content.decode()

    assert ("Language café" in lead, "Another title" in lead, "For the city." in lead) == (True, False, True)
    assert ("For everybody." in partner, "For the city." in partner) == (True, False)
    assert "not shared by the city" in partner
    assert client_as(client, everyone, "other_official").get(revision).status_code == 404
    assert client_as(client, everyone, "lead").get(url("revision_detail", submitted, 2)).status_code == 404


def test_narrative_is_visible_to_partners_after_submission(client, everyone, period):
    periods.save_narrative(period, by=everyone["lead"], text="A good quarter.", language="sv")
    detail = url("cityperiod_detail", period)
    assert "A good quarter." not in client_as(client, everyone, "partner").get(detail).content.decode()

    periods.submit_period(period, by=everyone["lead"])

    assert "A good quarter." in client_as(client, everyone, "partner").get(detail).content.decode()


def test_narrative_edit_in_a_submitted_period_is_refused(client, everyone, submitted):
    client_as(client, everyone, "lead")

    response = client.post(url("narrative_edit", submitted), {"text": "Other.", "language": "sv", "version": "1"})

    assert "has been submitted" in response.content.decode()
    assert Narrative.objects.get().text == "A good quarter."


def test_values_page_saves_all_values_of_a_period(client, official, action, period):
    visits, firms = (IndicatorFactory(strategy=action.strategy, name=name) for name in ("Visits", "Firms"))
    page = url("values_edit", period)
    assert client.get(page).status_code == 200

    response = client.post(page, {f"value_{visits.pk}": "1 200", f"note_{visits.pk}": "Estimated."})

    assert response.status_code == 302
    value = IndicatorValue.objects.get()
    assert (value.indicator, int(value.value), value.note) == (visits, 1200, "Estimated.")
    wrong = client.post(page, {f"value_{firms.pk}": "many", f"value_{visits.pk}": "1200"})
    assert list(wrong.context["form"].errors) == [f"value_{firms.pk}"]


def test_note_without_value_and_cleared_value_are_refused_beside_the_value(client, official, action, period):
    visits, firms = (IndicatorFactory(strategy=action.strategy, name=name) for name in ("Visits", "Firms"))
    page = url("values_edit", period)
    client.post(page, {f"value_{visits.pk}": "5"})

    response = client.post(page, {f"value_{visits.pk}": "", f"note_{firms.pk}": "Estimated."})

    errors = response.context["form"].errors
    assert errors[f"value_{visits.pk}"] == ["You cannot clear a saved value. Change or withdraw it."]
    assert errors[f"value_{firms.pk}"] == ["Enter the value that the note is about."]
    assert int(IndicatorValue.objects.get().value) == 5


@pytest.mark.parametrize("role, status", [("viewer", 403), ("partner", 403), ("other_official", 404)])
def test_values_page_is_refused_without_permission(client, everyone, action, period, role, status):
    IndicatorFactory(strategy=action.strategy)

    assert client_as(client, everyone, role).get(url("values_edit", period)).status_code == status


def test_value_is_withdrawn_with_a_reason(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy)
    client.post(url("values_edit", period), {f"value_{indicator.pk}": "5"})
    value = IndicatorValue.objects.get()

    client.post(reverse("strategies:value_withdraw", args=[value.pk]), {"text": "Counted twice."})

    value.refresh_from_db()
    assert (value.withdrawn_at is None, value.withdrawn_reason) == (False, "Counted twice.")


@pytest.mark.parametrize("row_count", [1, 5])
def test_period_list_and_page_have_a_query_limit(
    client, everyone, city, action, row_count, django_assert_max_num_queries
):
    for number in range(row_count):
        past = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1 - number))
        ActionUpdateFactory(action=action, city_period=past)
    client_as(client, everyone, "coordinator").get(reverse("strategies:cityperiod_list"))

    with django_assert_max_num_queries(12):
        assert client.get(reverse("strategies:cityperiod_list")).context["paginator"].count == row_count + 1
    with django_assert_max_num_queries(20):
        client.get(url("cityperiod_detail", past))


def test_period_list_is_filtered_by_query_parameters(client, everyone, city, period):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state=PeriodState.SCHEDULED)
    client_as(client, everyone, "coordinator")
    listed = reverse("strategies:cityperiod_list")

    counts = [
        client.get(listed, query).context["paginator"].count for query in ({}, {"state": "scheduled"}, {"city": "x"})
    ]

    assert counts == [1, 1, 1]
