"""Where recommendations are shown: the city's page, and the next round's pages of raters and the committee."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import clock
from evaluation.panels import recommendations_panel
from evaluation.selectors.recommendations import previous_recommendations
from evaluation.services import recommendations
from tests.factories import ManagementResponseFactory, RecommendationFactory, member

pytestmark = pytest.mark.django_db

TITLE = "Previous recommendations and their follow-up"
TEXT = {"text": "Of this evaluation.", "done_when": "It is seen."}


def rate_page(client, case, user):
    client.force_login(user)
    return client.get(reverse("evaluation:rate_review", args=[case.pk])).content.decode()


@pytest.mark.stage("review")
def test_raters_see_the_previous_ones_and_none_of_this_evaluation(client, case):
    answered = RecommendationFactory(city=case.city, text="Earlier and answered.", verbs=("issue",))
    ManagementResponseFactory(recommendation=answered, due_on=clock.today() - timedelta(days=1))
    RecommendationFactory(city=case.city, text="Only a draft.")
    RecommendationFactory(text="To another city.", verbs=("issue",))
    own = recommendations.draft_in_evaluation(case.evaluation, by=case.committee1, fields=TEXT)
    recommendations.issue(own, by=case.committee1)

    for user in (case.rater1, case.official):
        page = rate_page(client, case, user)
        assert TITLE in page
        assert "Earlier and answered." in page
        assert "Response: accepted." in page
        assert "overdue" in page
        assert [text for text in ("Only a draft.", "To another city.", "Of this evaluation.") if text in page] == []
    assert previous_recommendations(case.evaluation, case.committee3) == []


@pytest.mark.stage("rate")
def test_raters_page_without_previous_ones_has_no_heading(client, case):
    assert TITLE not in rate_page(client, case, case.rater1)


@pytest.mark.stage("review")
def test_committee_sees_the_previous_ones_beside_its_drafts(client, case):
    RecommendationFactory(city=case.city, text="Earlier and issued.", verbs=("issue",))
    RecommendationFactory(city=case.city, text="Draft of the office.")
    recommendations.draft_in_evaluation(case.evaluation, by=case.committee1, fields=TEXT)
    client.force_login(case.committee2)

    page = client.get(reverse("admin:evaluation_review", args=[case.pk])).content.decode()

    assert TITLE in page
    assert "Earlier and issued." in page
    assert "Of this evaluation." in page
    assert "Draft of the office." not in page


def test_page_of_a_city_counts_what_its_reader_sees(client, other_city):
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, other_city)
    RecommendationFactory(city=other_city, text="Not published.", verbs=("issue",))
    done = ManagementResponseFactory(recommendation__city=other_city).recommendation
    late = ManagementResponseFactory(recommendation__city=other_city, due_on=clock.today() - timedelta(days=1))
    recommendations.complete(done, by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))
    address = reverse("cities:city_detail", args=[other_city.slug])

    def counts(user):
        found = recommendations_panel(other_city, user)
        return found and [found.context[f"{name}_count"] for name in ("open", "overdue", "completed")]

    visitor = client.get(address)
    assert "Not published." not in visitor.content.decode()
    assert counts(visitor.wsgi_request.user) is None
    assert counts(lead) == [2, 1, 1]
    recommendations.publish(late.recommendation, by=lead)

    assert counts(client.get(address).wsgi_request.user) == [1, 1, 0]
    client.force_login(lead)
    page = client.get(address).content.decode()
    assert "Not published." in page
    assert f"?city={other_city.slug}" in page
