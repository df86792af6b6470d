"""A period's page: completeness, submission and later moves, each by the role that may make it."""

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


def as_(client, everyone, role):
    client.force_login(everyone[role])
    return client


def state(period):
    period.refresh_from_db()
    return period.state


@pytest.fixture
def submitted(period, action, everyone):
    ActionUpdateFactory(action=action, text="For the city.", visibility="city", spent="40")
    ActionUpdateFactory(action=action, text="For everybody.", visibility="public")
    periods.save_narrative(period, by=everyone["lead"], text="A good quarter.", language="sv")
    periods.submit_period(period, by=everyone["lead"])
    return period


def test_what_is_missing_leads_to_where_it_is_mended(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy, name="Visits")

    page = client.get(url("cityperiod_detail", period)).content.decode()

    for address in (
        reverse("strategies:action_log", args=[action.pk]),
        url("values_edit", period),
        url("narrative_edit", period),
    ):
        assert address in page
    assert indicator.name in page


def test_missing_values_are_asked_for_in_one_row(client, official, action, period):
    IndicatorFactory.create_batch(3, strategy=action.strategy)

    page = client.get(url("cityperiod_detail", period))

    assert len(page.context["complete"].missing_values) == 3
    assert page.content.decode().count(">Enter values<") == 1


def test_a_period_to_come_says_when_it_opens(client, official, city):
    ahead = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=2), to_state="scheduled")

    page = client.get(url("cityperiod_detail", ahead)).content.decode()

    assert f"Opens on {locales.day(ahead.period.opens_on)}." in page
    assert "What the period will ask for</summary>" in page


def test_what_was_missing_is_there_at_once(client, official, action, period):
    client.post(reverse("strategies:action_log", args=[action.pk]), {"text": "We met."})

    complete = client.get(url("cityperiod_detail", period)).context["complete"]

    assert (complete.actions_reported, complete.actions) == (1, 1)


def test_a_lead_hands_in_and_both_names_are_kept(client, everyone, period, action):
    as_(client, everyone, "lead")
    colleague = everyone["official"].person
    page = client.get(url("cityperiod_submit", period)).content.decode()
    assert "revision 1" in page

    client.post(url("cityperiod_submit", period), {"on_behalf_of": colleague.pk, "early": "on"})

    assert state(period) == PeriodState.SUBMITTED
    move = period.moves.get(verb="submit")
    assert (move.by, move.on_behalf_of) == (everyone["lead"], colleague)


def test_a_period_that_still_runs_is_submitted_only_by_who_says_so(client, everyone, period):
    as_(client, everyone, "lead")
    page = client.get(url("cityperiod_submit", period)).content.decode()
    assert f"The period runs until {locales.day(period.period.ends_on)}." in page

    answer = client.post(url("cityperiod_submit", period), {"on_behalf_of": everyone["lead"].person.pk})

    assert "early" in answer.context["form"].errors
    assert state(period) == PeriodState.OPEN


def test_a_period_that_is_over_is_submitted_without_a_tick(client, everyone, city):
    over = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    as_(client, everyone, "lead")
    assert "The period runs until" not in client.get(url("cityperiod_submit", over)).content.decode()

    client.post(url("cityperiod_submit", over), {"on_behalf_of": everyone["lead"].person.pk})

    assert state(over) == PeriodState.SUBMITTED


def test_publishing_asks_first_and_counts_what_the_public_will_read(client, everyone, period, city):
    published = ActionFactory(city=city, published=True)
    ActionUpdateFactory(action=published, text="For the city.", visibility="city")
    ActionUpdateFactory.create_batch(2, action=published, text="For everybody.", visibility="public")
    periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])

    page = as_(client, everyone, "lead").get(url("cityperiod_publish", period))

    assert page.context["contents"] == {"updates": 2, "values": 0, "has_narrative": False}
    assert state(period) == PeriodState.ACCEPTED


def test_handing_in_twice_is_a_sentence(client, everyone, submitted):
    as_(client, everyone, "lead")

    answer = client.post(
        url("cityperiod_submit", submitted), {"on_behalf_of": everyone["lead"].person.pk, "early": "on"}
    )

    assert "moved on meanwhile" in answer.content.decode()


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


@pytest.mark.parametrize("name, right", BUTTONS)
@pytest.mark.parametrize(
    "role", ["viewer", "official", "lead", "expert", "coordinator", "partner", "trainer", "scientific"]
)
def test_who_may_not_is_refused(client, everyone, period, name, right, role):
    if role == right or (name, role) == ("narrative_edit", "lead"):
        return
    answer = as_(client, everyone, role).post(url(name, period), {"text": "x"})

    assert (answer.status_code, state(period)) == (403, PeriodState.OPEN)


@pytest.mark.parametrize("name, _right", BUTTONS)
@pytest.mark.parametrize("role", ["other_official", "former", "superuser"])
def test_for_others_an_open_period_is_not_there(client, everyone, period, name, _right, role):
    as_(client, everyone, role)

    assert client.get(url("cityperiod_detail", period)).status_code == 404
    assert client.post(url(name, period), {"text": "x"}).status_code == 404


def test_returned_says_why_and_opens_again(client, everyone, submitted):
    as_(client, everyone, "coordinator")
    assert client.post(url("cityperiod_return", submitted), {"text": "  "}).status_code == 200
    client.post(url("cityperiod_return", submitted), {"text": "The second venue has no date."})

    as_(client, everyone, "lead")
    page = client.get(url("cityperiod_detail", submitted))

    assert (state(submitted), submitted.revision) == (PeriodState.RETURNED, 2)
    assert "The second venue has no date." in page.content.decode()
    assert page.context["may"]["submit"]


def test_accepted_published_asked_and_reopened(client, everyone, submitted):
    as_(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))
    assert state(submitted) == PeriodState.ACCEPTED
    as_(client, everyone, "lead").post(url("cityperiod_publish", submitted))
    assert state(submitted) == PeriodState.PUBLISHED
    client.post(url("cityperiod_request_reopen", submitted), {"text": "A digit is wrong."})
    assert submitted.comments.get().text == "A digit is wrong."

    as_(client, everyone, "coordinator").post(url("cityperiod_reopen", submitted), {"text": "A digit."})

    assert (state(submitted), submitted.revision) == (PeriodState.OPEN, 2)
    client.logout()
    page = client.get(url("cityperiod_detail", submitted)).content.decode()
    assert "A good quarter." in page
    assert "is being corrected" in page
    assert f'<a href="{reverse("strategies:revision_detail", args=[submitted.pk, 1])}">Revision 1</a>' in page


def test_only_what_was_published_and_is_open_again_is_said_to_be_corrected(client, everyone, submitted):
    as_(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))
    accepted = client.get(url("cityperiod_detail", submitted)).content.decode()
    as_(client, everyone, "lead").post(url("cityperiod_publish", submitted))
    client.logout()
    published = client.get(url("cityperiod_detail", submitted)).content.decode()

    assert "is being corrected" not in accepted + published


def test_too_late_is_a_sentence_and_changes_nothing(client, everyone, submitted):
    as_(client, everyone, "coordinator").post(url("cityperiod_accept", submitted))

    answer = client.post(url("cityperiod_accept", submitted), follow=True)

    assert "moved on meanwhile" in answer.content.decode()


def test_a_coordinator_of_the_municipality_does_not_accept(client, everyone, submitted, city):
    person = everyone["coordinator"].person
    person.organisation = city.municipality
    person.save()

    assert as_(client, everyone, "coordinator").post(url("cityperiod_accept", submitted)).status_code == 403


def test_the_expert_group_speaks_before_it_is_handed_in(client, everyone, period):
    as_(client, everyone, "expert")
    client.post(url("cityperiod_comment", period), {"text": "Say more about schools."})
    client.post(url("cityperiod_endorse", period), {"text": ""})

    page = client.get(url("cityperiod_detail", period))

    assert [comment.kind for comment in page.context["comments"]] == ["comment", "endorsement"]
    assert "Say more about schools." in page.content.decode()


def test_a_revision_reads_as_it_was_and_is_cut_for_its_reader(client, everyone, submitted, action):
    periods.return_period(submitted, by=everyone["coordinator"], comments="More.")
    action.title = "Another title"
    action.save()
    revision = url("revision_detail", submitted, 1)

    lead = as_(client, everyone, "lead").get(revision).content.decode()
    partner = as_(client, everyone, "partner").get(revision).content.decode()

    assert ("Language café" in lead, "Another title" in lead, "For the city." in lead) == (True, False, True)
    assert ("For everybody." in partner, "For the city." in partner) == (True, False)
    assert "for the city alone" in partner
    assert as_(client, everyone, "other_official").get(revision).status_code == 404
    assert as_(client, everyone, "lead").get(url("revision_detail", submitted, 2)).status_code == 404


def test_the_narrative_is_read_outside_from_submission_on(client, everyone, period):
    periods.save_narrative(period, by=everyone["lead"], text="A good quarter.", language="sv")
    detail = url("cityperiod_detail", period)
    assert "A good quarter." not in as_(client, everyone, "partner").get(detail).content.decode()

    periods.submit_period(period, by=everyone["lead"])

    assert "A good quarter." in as_(client, everyone, "partner").get(detail).content.decode()


def test_the_narrative_of_a_submitted_period_is_refused_kindly(client, everyone, submitted):
    as_(client, everyone, "lead")

    answer = client.post(url("narrative_edit", submitted), {"text": "Other.", "language": "sv", "version": "1"})

    assert "has been submitted" in answer.content.decode()
    assert Narrative.objects.get().text == "A good quarter."


def test_all_values_of_a_period_on_one_page(client, official, action, period):
    visits, firms = (IndicatorFactory(strategy=action.strategy, name=name) for name in ("Visits", "Firms"))
    page = url("values_edit", period)
    assert client.get(page).status_code == 200

    answer = client.post(page, {f"value_{visits.pk}": "1 200", f"note_{visits.pk}": "Estimated."})

    assert answer.status_code == 302
    value = IndicatorValue.objects.get()
    assert (value.indicator, int(value.value), value.note) == (visits, 1200, "Estimated.")
    wrong = client.post(page, {f"value_{firms.pk}": "many", f"value_{visits.pk}": "1200"})
    assert list(wrong.context["form"].errors) == [f"value_{firms.pk}"]


@pytest.mark.parametrize("role, status", [("viewer", 403), ("partner", 403), ("other_official", 404)])
def test_who_does_not_enter_values(client, everyone, action, period, role, status):
    IndicatorFactory(strategy=action.strategy)

    assert as_(client, everyone, role).get(url("values_edit", period)).status_code == status


def test_a_value_is_withdrawn_with_a_reason(client, official, action, period):
    indicator = IndicatorFactory(strategy=action.strategy)
    client.post(url("values_edit", period), {f"value_{indicator.pk}": "5"})
    value = IndicatorValue.objects.get()

    client.post(reverse("strategies:value_withdraw", args=[value.pk]), {"text": "Counted twice."})

    value.refresh_from_db()
    assert (value.withdrawn_at is None, value.withdrawn_reason) == (False, "Counted twice.")


@pytest.mark.parametrize("row_count", [1, 5])
def test_the_list_and_the_page_cost_the_same(client, everyone, city, action, row_count, django_assert_max_num_queries):
    for number in range(row_count):
        past = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1 - number))
        ActionUpdateFactory(action=action, city_period=past)
    as_(client, everyone, "coordinator").get(reverse("strategies:cityperiod_list"))

    with django_assert_max_num_queries(12):
        assert client.get(reverse("strategies:cityperiod_list")).context["paginator"].count == row_count + 1
    with django_assert_max_num_queries(20):
        client.get(url("cityperiod_detail", past))


def test_the_list_filters_by_the_address(client, everyone, city, period):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1), to_state=PeriodState.SCHEDULED)
    as_(client, everyone, "coordinator")
    listed = reverse("strategies:cityperiod_list")

    counts = [
        client.get(listed, query).context["paginator"].count for query in ({}, {"state": "scheduled"}, {"city": "x"})
    ]

    assert counts == [1, 1, 1]
