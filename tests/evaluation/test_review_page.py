"""The page on which a committee member reads an evaluation and decides."""

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from evaluation.enums import Decision
from evaluation.models import CommitteeQuestion, CommitteeReview, ReviewVisit
from evaluation.selectors.comparison import comparison_of
from evaluation.services import committee, ratings
from strategies.models import CityPeriod
from strategies.services.periods import save_narrative
from tests.factories import EvaluationFactory, member
from tests.reports.accepted_city import SECRET, accept, open_city

pytestmark = pytest.mark.django_db


PREPARED = {"review_page": "review"}


@pytest.fixture
def review_page(client, case):
    client.force_login(case.committee1)
    url = reverse("admin:evaluation_review", args=[case.pk])

    def post_decision(**data):
        return client.post(
            url, {"snapshot_hash": committee.decision_hash(case.evaluation), "decision": "approve"} | data
        )

    return client, url, post_decision


def test_review_page_shows_all_data_for_the_decision(case, review_page, django_assert_max_num_queries):
    client, url, _post_decision = review_page
    client.get(url)  # what is kept in the process

    with django_assert_max_num_queries(20):
        page = client.get(url).content.decode()

    for words in ("Reason for 1.", "Reason for 4.", "We agreed on it.", "3 levels apart", "all agree", "be the first"):
        assert words in page
    assert committee.decision_hash(case.evaluation) in page
    assert "2 independent raters" in page  # the city's own rating is shown and does not count in the gap
    assert "City self-assessment" in page


def test_review_page_marks_the_extremes_and_explains_the_mark_below_the_table(case, review_page):
    client, url, _post_decision = review_page
    table = comparison_of(case.evaluation, case.committee1)

    page = client.get(url).content.decode()

    assert [side.extremes for side in table.most_disputed_first] == [{1, 4}] + [set()] * 5
    assert page.count("is-split") == 2
    assert page.index("</table>") < page.index("1 not met, 2 partly met") < page.index("Dashed frame")
    assert page.count('<details class="epi-more" open>') == 1  # disputed dimensions are expanded


def test_review_page_shows_and_links_the_submission_under_review(client, city):
    city_data = open_city(city)
    save_narrative(CityPeriod.objects.get(pk=city_data.pk), by=city_data.lead, text="A good quarter.", language="en")
    city_data.revision = accept(city_data)
    evaluation = EvaluationFactory(
        strategy=city_data.strategy, round__period=city_data.period, revision=city_data.revision, stage="review"
    )
    revision_url = reverse("strategies:revision_detail", args=[city_data.pk, city_data.revision.number])
    client.force_login(member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER))

    page = client.get(reverse("admin:evaluation_review", args=[evaluation.pk])).content.decode()

    assert "A good quarter." in page
    assert [action.title for action in city_data.actions if action.title not in page] == []
    assert SECRET not in page
    assert f'href="{revision_url}"' in page
    assert client.get(revision_url).status_code == 200


@pytest.mark.parametrize(
    "shared_case, name",
    [("rate", "rate"), ("rate", "rate_review"), ("discuss", "discuss"), ("moderate", "moderate")],
    indirect=["shared_case"],
    scope="package",
)
def test_pages_of_raters_and_moderator_link_the_submission_under_review(client, case, name):
    evaluation = case.evaluation
    client.force_login(case.moderator if name == "moderate" else case.rater1)
    arguments = [evaluation.pk, "impact"] if name == "rate" else [evaluation.pk]

    page = client.get(reverse(f"evaluation:{name}", args=arguments)).content.decode()

    revision_url = reverse(
        "strategies:revision_detail", args=[evaluation.revision.city_period_id, evaluation.revision.number]
    )
    assert f'href="{revision_url}"' in page


def test_decision_is_stored_from_the_review_page(case, review_page):
    client, url, post_decision = review_page

    response = post_decision(**{"comment-impact": "Watch this next time."})

    assert response.url == reverse("admin:evaluation_review_queue")
    review = CommitteeReview.objects.get()
    assert [(row.dimension.code, row.decision, row.comment) for row in review.dimensions.all()] == [
        ("impact", "approve", "Watch this next time.")
    ]
    assert "You decided on" in client.get(url).content.decode()
    client.force_login(case.committee2)
    page = client.get(url).content.decode()
    assert "One more approval is needed" in page
    assert "Watch this next time." in page


def test_message_after_a_decision_says_what_it_led_to(case, review_page):
    client, _url, post_decision = review_page

    first = client.get(post_decision().url).content.decode()
    client.force_login(case.committee2)
    second = client.get(post_decision().url).content.decode()

    assert "One more approval is needed." in first
    assert "The result has been published for everyone." in second


def test_message_after_a_request_for_changes_says_where_the_evaluation_goes(case, review_page):
    client, _url, post_decision = review_page

    page = client.get(post_decision(decision="request_changes", reason="Which year?").url).content.decode()

    assert "The evaluation has been sent back to the moderator." in page


def test_invalid_decision_keeps_the_input(review_page):
    _client, _url, post_decision = review_page

    page = post_decision(decision=Decision.REQUEST_CHANGES, reason="", **{"comment-impact": "I typed this."})

    assert page.status_code == 200
    assert "Explain what should change and why." in page.content.decode()
    assert "I typed this." in page.content.decode()
    contradiction = post_decision(**{"comment-impact": "More.", "changes-impact": "on"})
    assert "You approve the whole evaluation." in contradiction.content.decode()
    without_comment = post_decision(decision=Decision.REQUEST_CHANGES, reason="So.", **{"changes-impact": "on"})
    assert "Explain what should change here." in without_comment.content.decode()
    reopen = post_decision(decision=Decision.REQUEST_CHANGES, reason="So.", reopen_ratings="on")
    assert "To reopen ratings, request changes" in reopen.content.decode()


def test_decision_on_changed_contents_shows_a_message_and_keeps_the_input(case, review_page):
    _client, _url, post_decision = review_page
    stated = committee.decision_hash(case.evaluation)
    question = committee.ask_question(case.evaluation, by=case.committee2, text="Who was asked?")
    committee.answer_question(question, by=case.lead, text="All.")

    page = post_decision(snapshot_hash=stated, **{"comment-impact": "My long comment."})

    text = page.content.decode()
    assert page.status_code == 409
    assert "has changed since you opened it" in text
    assert "My long comment." in text
    assert f'value="{committee.decision_hash(case.evaluation)}"' in text
    assert not CommitteeReview.objects.exists()
    assert post_decision(**{"comment-impact": "My long comment."}).status_code == 302


@pytest.mark.slow
def test_review_page_lists_changes_since_the_last_visit(case, review_page, days):
    client, url, _post_decision = review_page
    seen_url = reverse("admin:evaluation_review_seen", args=[case.pk])
    client.get(url)
    assert not ReviewVisit.objects.exists()  # GET changes nothing
    client.post(seen_url, headers={"HX-Request": "true"})
    assert "Nothing has changed." in client.get(url).content.decode()

    with days(1):
        committee.ask_question(case.evaluation, by=case.committee2, text="Who was asked?")
        page = client.get(url).content.decode()
        assert f"{case.committee2.person.name} asked the city a question." in page
        client.post(seen_url, {"now": "1"})
        assert "Nothing has changed." in client.get(url).content.decode()
    assert client.get(seen_url).status_code == 405


def test_visit_on_the_same_day_keeps_its_time(case, review_page, days):
    client, _url, _post_decision = review_page
    seen_url = reverse("admin:evaluation_review_seen", args=[case.pk])
    client.post(seen_url)
    first = ReviewVisit.objects.get().at
    client.post(seen_url, headers={"HX-Request": "true"})
    assert ReviewVisit.objects.get().at == first

    with days(1):
        client.post(seen_url, headers={"HX-Request": "true"})

    assert ReviewVisit.objects.get().at > first


def test_question_is_asked_from_the_review_page(case, review_page):
    client, url, _post_decision = review_page
    ask_url = reverse("admin:evaluation_review_ask", args=[case.pk])

    client.post(ask_url, {"text": "Who was asked?", "dimension": "impact"})
    client.post(ask_url, {"text": ""})

    assert CommitteeQuestion.objects.get().dimension.code == "impact"
    assert "Who was asked?" in client.get(url).content.decode()
    assert client.get(ask_url).status_code == 405


def test_review_page_links_the_gates(case, review_page):
    client, url, _post_decision = review_page
    gates_url = reverse("admin:evaluation_review_gates", args=[case.pk])

    assert gates_url in client.get(url).content.decode()
    assert client.get(gates_url).status_code == 200
    assert "<html" not in client.get(gates_url, headers={"HX-Request": "true"}).content.decode()


def test_review_page_in_the_second_cycle_shows_the_requested_changes(case, review_page):
    client, url, post_decision = review_page
    post_decision(
        decision=Decision.REQUEST_CHANGES,
        reason="Thin reasons.",
        reopen_ratings="on",
        **{"changes-impact": "on", "comment-impact": "Cite."},
    )
    ratings.save_rating(
        case.evaluation, case.dimension(), by=case.rater1, level=2, reasons="On second thoughts.", version=1
    )
    case.agree(level=2, codes=["impact"])
    case.move("hand_to_committee")

    page = client.get(url).content.decode()

    assert "Thin reasons." in page
    assert "A rating of Impact was changed." in page
    assert "review 1" in page
