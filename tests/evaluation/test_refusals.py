"""What the services refuse with a reason, and what they return where the same was done before."""

from datetime import timedelta

import pytest

from cities.enums import BodyKind, Role, Seat
from core import clock
from core.exceptions import PermissionRefused, ReasonMissing
from evaluation.exceptions import (
    AssignmentClosed,
    LevelOrReasonRequired,
    NotInStage,
    SubstituteStored,
    TransitionNotAllowed,
    UnknownLevel,
)
from evaluation.services import committee, conflicts, consensus, discussion, rounds, stages
from tests.factories import BodyFactory, MembershipFactory, PersonFactory
from tests.factories.evaluation import DimensionFactory

pytestmark = pytest.mark.django_db


# ---- consensus and discussion


@pytest.mark.parametrize(
    "fields, error",
    [
        ({}, LevelOrReasonRequired),
        ({"level": 3, "not_assessed_reason": "Nothing to go by."}, LevelOrReasonRequired),
        ({"level": 9}, UnknownLevel),
        ({"level": 3, "reason": " "}, ReasonMissing),
    ],
)
@pytest.mark.stage("moderate")
def test_consensus_without_level_or_reason_is_refused(case, fields, error):
    with pytest.raises(error):
        consensus.save_consensus(
            case.evaluation, case.dimension(), by=case.moderator, **{"reason": "We agreed on it."} | fields
        )

    assert not case.evaluation.consensus.exists()


@pytest.mark.stage("moderate")
def test_dimension_of_another_framework_is_refused(case):
    other = DimensionFactory()

    with pytest.raises(PermissionRefused):
        consensus.save_consensus(case.evaluation, other, by=case.moderator, level=3, reason="We agreed on it.")
    with pytest.raises(PermissionRefused):
        discussion.add_note(case.evaluation, other, by=case.rater1, text="Why?")


@pytest.mark.stage("discuss")
def test_comment_without_text_is_refused_and_the_same_one_is_added_once(case):
    with pytest.raises(ReasonMissing):
        discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text=" ")

    first = discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text="Why?")
    second = discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text=" Why? ")

    assert first == second
    assert case.evaluation.notes.count() == 1


# ---- questions


@pytest.mark.stage("review")
def test_question_without_text_or_on_another_framework_is_refused(case):
    with pytest.raises(ReasonMissing):
        committee.ask_question(case.evaluation, by=case.committee1, text=" ")
    with pytest.raises(PermissionRefused):
        committee.ask_question(case.evaluation, by=case.committee1, text="Why?", dimension=DimensionFactory())


@pytest.mark.stage("review")
def test_answer_after_a_decision_starts_a_new_cycle(case):
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Why?")
    case.decide(case.committee1)

    committee.answer_question(question, by=case.official, text="Because.")

    assert case.evaluation.cycle == 2
    case.decide(case.committee2)
    assert case.evaluation.stage == "review"


@pytest.mark.stage("review")
def test_question_is_not_answered_after_publication(case):
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Why?")
    case.to("published")

    with pytest.raises(NotInStage):
        committee.answer_question(question, by=case.official, text="Because.")
    question.refresh_from_db()
    assert question.answer == ""


# ---- conflicts


def test_own_conflict_is_declared_once(case):
    first = conflicts.declare_conflict(case.evaluation, by=case.committee1, reason="I advised the city.")

    second = conflicts.declare_conflict(case.evaluation, by=case.committee1, reason=" I advised the city. ")

    assert first == second


@pytest.mark.stage("review")
def test_withdrawn_conflict_does_not_bring_an_earlier_decision_back(case):
    case.decide(case.committee1)
    declared = conflicts.declare_conflict(
        case.evaluation, case.committee1.person, by=case.coordinator, reason="Advised the city."
    )
    cycle = case.evaluation.cycle

    conflicts.withdraw_conflict(declared, by=case.coordinator)
    conflicts.withdraw_conflict(declared, by=case.coordinator)

    assert case.evaluation.cycle == cycle + 1


# ---- assignments, substitutes, extension


@pytest.mark.stage("rate")
def test_assignment_is_withdrawn_once(case):
    assignment = case.evaluation.assignments.first()
    first = rounds.withdraw_rater(assignment, by=case.coordinator).withdrawn_at

    assert rounds.withdraw_rater(assignment, by=case.coordinator).withdrawn_at == first


def test_ratings_of_a_withdrawn_assignment_take_the_capacity_of_the_next(case):
    case.to("rate").rate(case.official, 4)
    person = case.official.person
    rounds.withdraw_rater(case.evaluation.assignments.get(person=person), by=case.coordinator)
    MembershipFactory(
        person=person, body=BodyFactory(kind=BodyKind.EXPERT_GROUP, city=case.city), role=Role.MEMBER, seat=Seat.PRIVATE
    )

    rounds.assign_rater(case.evaluation, person, "expert_group", by=case.coordinator)

    assert case.evaluation.assessments.get(rater=person).capacity == "expert_group"


@pytest.mark.stage("published")
def test_nothing_is_appointed_or_extended_after_publication(case):
    with pytest.raises(AssignmentClosed):
        rounds.appoint_substitute(case.evaluation, PersonFactory(), by=case.coordinator, reason="Two have left.")
    with pytest.raises(AssignmentClosed):
        rounds.extend_stage(case.evaluation, by=case.coordinator, until=clock.today() + timedelta(days=5))
    assert stages.next_verb(case.evaluation) is None


@pytest.mark.stage("review")
def test_substitute_is_appointed_once(case):
    conflicts.declare_conflict(case.evaluation, case.committee2.person, by=case.coordinator, reason="Advised the city.")
    person = PersonFactory()

    first = rounds.appoint_substitute(case.evaluation, person, by=case.coordinator, reason="One is left.")
    second = rounds.appoint_substitute(case.evaluation, person, by=case.coordinator, reason="One is left. ")

    assert first == second


@pytest.mark.stage("review")
def test_second_reason_for_a_substitute_is_refused_and_shown_beside_the_first(case):
    conflicts.declare_conflict(case.evaluation, case.committee2.person, by=case.coordinator, reason="Advised the city.")
    person = PersonFactory()
    rounds.appoint_substitute(case.evaluation, person, by=case.coordinator, reason="One is left.")

    with pytest.raises(SubstituteStored, match=r"“One is left.”.*“She knows the city's language.”"):
        rounds.appoint_substitute(case.evaluation, person, by=case.coordinator, reason="She knows the city's language.")


# ---- transitions


@pytest.mark.stage("review")
def test_changes_are_requested_with_a_reason(case):
    with pytest.raises(ReasonMissing):
        stages.apply_transition(case.evaluation, "request_changes", by=case.committee1)


def test_move_that_another_worker_made_is_refused(case):
    with pytest.raises(TransitionNotAllowed):
        stages._move_if_due(case.evaluation, case.round.declare_on - timedelta(days=1))
