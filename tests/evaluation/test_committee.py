"""Committee decisions: two approvals of a stated hash, changes requested by one, conflicts, double submission."""

import threading

import pytest
from django.db import connection, connections
from django.urls import reverse

from cities.enums import BodyKind, Role
from core.exceptions import Frozen
from evaluation.enums import Decision
from evaluation.exceptions import (
    AlreadyAnswered,
    AlreadyDecided,
    ContradictoryDecision,
    NothingToReopen,
    NotInStage,
    PermissionRefused,
    ReasonMissing,
    SnapshotChanged,
)
from evaluation.models import CommitteeQuestion, CommitteeReview, EvaluationResult, ReviewVisit
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.results import result_summary
from evaluation.services import committee, conflicts, ratings
from evaluation.signals import evaluation_published
from strategies.models import CityPeriod
from strategies.services.periods import save_narrative
from tests.factories import EvaluationFactory, member
from tests.reports.accepted_city import SECRET, accept, open_city

pytestmark = pytest.mark.django_db
CHANGES = Decision.REQUEST_CHANGES


# ---- decisions


@pytest.mark.slow
def test_two_approvals_publish_the_evaluation(case):
    received = []
    listener = lambda sender, evaluation, result, **_: received.append(result)  # noqa: E731 - a signal's receiver
    evaluation_published.connect(listener, weak=False)
    case.to("review").decide(case.committee1)
    assert case.evaluation.stage == "review"

    case.decide(case.committee2)
    evaluation_published.disconnect(listener)

    evaluation = case.evaluation
    assert (evaluation.stage, evaluation.published_at is not None) == ("published", True)
    assert received == [evaluation.result]


@pytest.mark.stage("published")
def test_result_is_frozen_and_contains_no_names(case):
    result = EvaluationResult.objects.get()
    impact = next(row for row in result.contents["dimensions"] if row["code"] == "impact")
    assert next(row["code"] for row in result.contents["dimensions"]) == "relevance"
    spread = {"n": 2, "median": "1-4", "low": 1, "high": 4, "gap": 3, "not_assessed": 0, "unknown_levels": 0}
    assert impact["agreement"] == spread
    assert impact["by_capacity"]["self"]["median"] == "4"
    assert impact["consensus"]["level"] == 3
    assert len(impact["ratings"]) == 3
    assert result.contents["revision"]["sha256"] == case.evaluation.revision.sha256
    names = [user.person.name for user in (case.rater1, case.moderator, case.committee1)]
    assert not [name for name in names if f'"{name}"' in result.snapshot]
    with pytest.raises(Frozen):
        EvaluationResult.objects.update(snapshot="{}")
    row = result_summary(case.evaluation).rows[5]
    assert (row.range, row.median) == ("1–4", "1–4")


@pytest.mark.stage("review")
def test_request_for_changes_returns_to_moderation_and_starts_a_new_cycle(case):
    case.decide(case.committee1)
    old_hash = committee.decision_hash(case.evaluation)

    case.decide(case.committee2, CHANGES, reason="Say what impact rests on.")
    assert (case.evaluation.stage, case.evaluation.cycle) == ("moderate", 2)
    case.agree(level=2, codes=["impact"])
    case.move("hand_to_committee")
    case.decide(case.committee1)
    assert case.evaluation.stage == "review"
    case.decide(case.committee2)

    rows = list(CommitteeReview.objects.values_list("cycle", "decision"))
    assert rows == [(1, "approve"), (1, "request_changes"), (2, "approve"), (2, "approve")]
    assert CommitteeReview.objects.filter(snapshot_hash=old_hash).count() == 2
    assert case.evaluation.stage == "published"
    assert case.evaluation.transitions.get(verb="request_changes").reason == "Say what impact rests on."


@pytest.mark.parametrize(
    "fields, error",
    [
        ({"decision": CHANGES}, ReasonMissing),
        ({"decision": CHANGES, "reason": "So.", "dimensions": {"impact": (CHANGES, " ")}}, ReasonMissing),
        ({"decision": CHANGES, "reason": "So.", "reopen_ratings": True}, NothingToReopen),
        ({"decision": "approve", "dimensions": {"impact": (CHANGES, "More.")}}, ContradictoryDecision),
        ({"decision": "approve", "snapshot_hash": "0" * 64}, SnapshotChanged),
    ],
)
@pytest.mark.stage("review")
def test_invalid_decisions_are_refused(case, fields, error):
    with pytest.raises(error):
        case.decide(case.committee1, **fields)
    assert not CommitteeReview.objects.exists()


@pytest.mark.stage("review")
def test_decision_without_permission_is_refused(case):
    for user in (case.committee3, case.rater1, case.moderator, case.coordinator, case.lead, case.partner):
        with pytest.raises(PermissionRefused):
            case.decide(user)


@pytest.mark.stage("rate")
def test_rater_cannot_decide(case):
    from evaluation.services import rounds

    rounds.assign_rater(case.evaluation, case.committee1.person, "committee", by=case.coordinator)
    case.rate(case.committee1)
    case.to("review")

    with pytest.raises(PermissionRefused):
        case.decide(case.committee1)


@pytest.mark.stage("moderate")
def test_decision_before_the_review_is_refused(case):
    with pytest.raises(NotInStage):
        case.decide(case.committee1)


@pytest.mark.stage("review")
def test_repeated_decision_is_stored_once(case):
    stated = committee.decision_hash(case.evaluation)

    first = case.decide(case.committee1, snapshot_hash=stated)
    second = case.decide(case.committee1, snapshot_hash=stated)
    with pytest.raises(AlreadyDecided):
        case.decide(case.committee1, CHANGES, reason="On second thoughts.", snapshot_hash=stated)

    assert first == second
    assert CommitteeReview.objects.count() == 1


@pytest.mark.stage("review")
@pytest.mark.parametrize("changed", [{"reason": "More."}, {"dimensions": {"impact": ("approve", "Well shown.")}}])
def test_decision_sent_again_with_other_words_is_not_dropped(case, changed):
    stated = committee.decision_hash(case.evaluation)
    case.decide(case.committee1, snapshot_hash=stated)

    with pytest.raises(AlreadyDecided):
        case.decide(case.committee1, snapshot_hash=stated, **changed)


@pytest.mark.stage("review")
def test_second_decision_in_the_same_cycle_is_refused(case):
    case.decide(case.committee1)
    case.evaluation.consensus.update(reason="Written past the services.")  # the hash is another one now

    with pytest.raises(AlreadyDecided):
        case.decide(case.committee1)


# ---- the hash


@pytest.mark.stage("review")
def test_decision_hash_changes_with_its_contents(case):
    hashes = [committee.decision_hash(case.evaluation)]
    rating = case.evaluation.assessments.first().ratings.first()
    rating.reasons = "Other reasons."
    rating.save()
    hashes.append(committee.decision_hash(case.evaluation))
    consensus = case.evaluation.consensus.first()
    consensus.level = 1
    consensus.save()
    hashes.append(committee.decision_hash(case.evaluation))
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")
    assert committee.decision_hash(case.evaluation) == hashes[-1]
    committee.answer_question(question, by=case.lead, text="All.")
    hashes.append(committee.decision_hash(case.evaluation))
    conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="I advised them.")
    hashes.append(committee.decision_hash(case.evaluation))

    assert len(set(hashes)) == 5


@pytest.mark.stage("review")
def test_conflict_of_a_rater_during_the_review_starts_a_new_cycle(case):
    case.decide(case.committee1)

    conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="I advised them.")
    case.decide(case.committee2)

    assert (case.evaluation.stage, case.evaluation.cycle) == ("review", 2)


@pytest.mark.stage("review")
def test_approval_of_a_member_in_conflict_is_not_counted(case):
    case.decide(case.committee1)
    conflicts.declare_conflict(case.evaluation, by=case.committee1, reason="I advised them.")

    case.decide(case.committee2)

    assert case.evaluation.stage == "review"


# ---- questions


@pytest.mark.stage("review")
def test_question_is_asked_and_answered_once(case):
    fields = {"by": case.committee1, "text": "Who was asked?"}
    first = committee.ask_question(case.evaluation, **fields)
    assert committee.ask_question(case.evaluation, **fields) == first
    for user in (case.partner, case.coordinator, case.committee3):
        with pytest.raises(PermissionRefused):
            committee.ask_question(case.evaluation, by=user, text="Me too?")
    with pytest.raises(PermissionRefused):
        committee.answer_question(first, by=case.expert, text="I say.")
    with pytest.raises(ReasonMissing):
        committee.answer_question(first, by=case.official, text=" ")

    answered = committee.answer_question(first, by=case.official, text="Four hundred.")
    assert committee.answer_question(first, by=case.official, text="Four hundred.") == answered
    with pytest.raises(AlreadyAnswered):
        committee.answer_question(first, by=case.lead, text="Five hundred.")

    assert case.evaluation.stage == "review"
    assert CommitteeQuestion.objects.get().answered_by == case.official


@pytest.mark.stage("moderate")
def test_question_outside_the_review_is_refused(case):
    with pytest.raises(NotInStage):
        committee.ask_question(case.evaluation, by=case.committee1, text="Already?")


# ---- the review page


PREPARED = {"review_page": lambda case: case.to("review")}


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
    "case_of_module, name",
    [("rate", "rate"), ("rate", "rate_review"), ("discuss", "discuss"), ("moderate", "moderate")],
    indirect=["case_of_module"],
    scope="module",
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
    assert "one more has to concur" in page
    assert "Watch this next time." in page


def test_invalid_decision_keeps_the_input(review_page):
    _client, _url, post_decision = review_page

    page = post_decision(decision=CHANGES, reason="", **{"comment-impact": "I typed this."})

    assert page.status_code == 200
    assert "Say what should change and why." in page.content.decode()
    assert "I typed this." in page.content.decode()
    contradiction = post_decision(**{"comment-impact": "More.", "changes-impact": "on"})
    assert "You approve the whole." in contradiction.content.decode()
    without_comment = post_decision(decision=CHANGES, reason="So.", **{"changes-impact": "on"})
    assert "Say what should change here." in without_comment.content.decode()
    reopen = post_decision(decision=CHANGES, reason="So.", reopen_ratings="on")
    assert "Name the dimensions whose ratings" in reopen.content.decode()


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
        assert f"{case.committee2.person.name} asked the city." in page
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
        decision=CHANGES,
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
    assert "cycle 1" in page


# ---- concurrency


@pytest.mark.django_db(transaction=True)
@pytest.mark.stage("review")
def test_concurrent_approvals_publish_once(case):
    stated = committee.decision_hash(case.evaluation)
    barrier, errors = threading.Barrier(2), []

    def decide(user):
        try:
            barrier.wait()
            case.decide(user, snapshot_hash=stated)
        except Exception as error:  # noqa: BLE001 - asserted below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=[user]) for user in (case.committee1, case.committee2)]
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        for thread in threads:  # an in-memory database has one connection: run one thread at a time
            barrier = threading.Barrier(1)
            thread.start()
            thread.join()
    else:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert errors == []
    assert CommitteeReview.objects.count() == 2
    assert EvaluationResult.objects.count() == 1
    assert case.evaluation.transitions.filter(verb="publish").count() == 1
