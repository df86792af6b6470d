"""Committee decisions: two approvals of a stated hash, changes requested by one, conflicts, double submission."""

import threading

import pytest
from django.db import connection, connections

from core.exceptions import Frozen, PermissionRefused, ReasonMissing
from evaluation.enums import Decision
from evaluation.exceptions import (
    AlreadyAnswered,
    AlreadyDecided,
    ContradictoryDecision,
    NothingToReopen,
    NotInStage,
    SnapshotChanged,
)
from evaluation.models import CommitteeQuestion, CommitteeReview, EvaluationResult
from evaluation.selectors.results import result_summary
from evaluation.services import committee, conflicts
from evaluation.signals import evaluation_published

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


# ---- concurrency


@pytest.mark.slow
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
