"""Who may take part: computed and declared conflicts, roles that exclude each other, substitutes."""

import pytest
from django.db import IntegrityError

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.models import Person
from cities.rules import clear_role_cache
from core import clock
from core.available import available_actions
from core.exceptions import PermissionRefused, ReasonMissing
from evaluation.exceptions import (
    AlreadyAdded,
    AlreadyModerator,
    AlreadyRater,
    AssignmentClosed,
    DeclarationClosed,
    HasConflict,
    IneligibleSubstitute,
    NotCityMember,
    NotCommitteeMember,
    NothingSubmitted,
    SelfAssignment,
    SubstituteNotNeeded,
    WrongRevision,
)
from evaluation.models import Evaluation
from evaluation.models.rounds import people_in_conflict
from evaluation.selectors.eligibility import eligible_members
from evaluation.services import committee, conflicts, notifications, rounds
from tests.factories import (
    ActionFactory,
    EvaluationFactory,
    MembershipFactory,
    OrganisationFactory,
    PersonFactory,
    StrategyFactory,
    UserFactory,
    member,
)

pytestmark = pytest.mark.django_db


def assign(case, person, capacity="peer", by=None):
    return rounds.assign_rater(case.evaluation, person, capacity, by=by or case.coordinator)


# ---- evaluations


def test_evaluation_is_added_once_for_the_newest_revision(case, city):
    strategy = StrategyFactory(city=city, published=True)
    with pytest.raises(NothingSubmitted):
        rounds.add_evaluation(case.round, strategy, by=case.coordinator)
    with pytest.raises(AlreadyAdded):
        rounds.add_evaluation(case.round, case.evaluation.strategy, by=case.coordinator)
    other = EvaluationFactory(strategy=strategy, round__period=case.round.period)

    added = rounds.add_evaluation(case.round, strategy, other.revision, by=case.coordinator)

    assert (added.revision, added.stage) == (other.revision, "declare")
    with pytest.raises(WrongRevision):
        rounds.add_evaluation(case.round, strategy, case.evaluation.revision, by=case.coordinator)
    with pytest.raises(PermissionRefused):
        rounds.add_evaluation(case.round, strategy, by=case.partner)


# ---- conflicts


def conflicted_people(case):
    """One person for each kind of conflict with Lublin, and two without one."""
    owner = OrganisationFactory()
    ActionFactory(city=case.city, owner=owner)
    former = PersonFactory()
    MembershipFactory(person=former, body=case.official.person.memberships.get().body, valid_to="2021-01-01")
    declared = PersonFactory()
    conflicts.declare_conflict(case.evaluation, declared, by=case.coordinator, reason="Advised the city.")
    in_conflict = [
        case.expert.person,
        former,
        PersonFactory(organisation=case.city.municipality),
        PersonFactory(organisation=owner),
        declared,
    ]
    return in_conflict, [PersonFactory(), PersonFactory(organisation=OrganisationFactory())]


def test_person_in_conflict_cannot_get_any_task(case):
    in_conflict, without_conflict = conflicted_people(case)

    for person in in_conflict:
        for capacity in ("peer", "committee"):
            with pytest.raises(HasConflict):
                assign(case, person, capacity)
        with pytest.raises(HasConflict):
            rounds.set_moderator(case.evaluation, person, by=case.coordinator)
    for person in without_conflict:
        assert assign(case, person).person == person


def test_conflict_querysets_of_evaluations_and_people_agree(case):
    conflicted_people(case)
    ended = ActionFactory(city=case.city, owner=OrganisationFactory(), withdrawn_at=clock.now(), withdrawn_reason="x")
    PersonFactory(organisation=ended.owner)
    by_mistake = PersonFactory()
    conflict = conflicts.declare_conflict(case.evaluation, by_mistake, by=case.coordinator, reason="Wrong person.")
    conflicts.withdraw_conflict(conflict, by=case.coordinator)
    elsewhere = EvaluationFactory(round=case.round)
    conflicts.declare_conflict(elsewhere, PersonFactory(), by=case.coordinator, reason="Advised the other city.")
    PersonFactory(organisation=elsewhere.strategy.city.municipality)

    by_person = {
        person.pk
        for person in Person.objects.all()
        if not Evaluation.objects.without_conflict(person).filter(pk=case.pk).exists()
    }
    by_evaluation = set(Person.objects.filter(people_in_conflict(case.evaluation)).values_list("pk", flat=True))

    assert by_person == by_evaluation
    assert len(by_person) == 5 + 3  # the official, the lead and the member who works for the municipality


def test_declared_conflict_ends_the_task_and_notifies_coordinators_without_the_reason(case):
    conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="My sister works there.")
    conflicts.declare_conflict(case.evaluation, by=case.moderator, reason="I advised them.")

    assert not case.evaluation.assignments.active().filter(person=case.rater1.person).exists()
    assert case.evaluation.moderator is None
    mails = Mail.objects.filter(key__startswith="evaluation-conflict/")
    assert [mail.recipient for mail in mails] == [case.coordinator.email] * 2
    assert not mails.filter(body__contains="sister").exists()


def test_declared_conflict_of_a_self_assessor_keeps_the_task(case):
    conflicts.declare_conflict(case.evaluation, by=case.official, reason="It is my city.")

    assert case.evaluation.assignments.active().filter(person=case.official.person).exists()


def test_conflict_needs_a_reason_and_is_withdrawn_by_coordinators(case):
    with pytest.raises(ReasonMissing):
        conflicts.declare_conflict(case.evaluation, by=case.rater1, reason=" ")
    with pytest.raises(PermissionRefused):
        conflicts.declare_conflict(case.evaluation, case.rater2.person, by=case.rater1, reason="They advised.")
    first = conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="I advised.")
    with pytest.raises(PermissionRefused):
        conflicts.withdraw_conflict(first, by=case.rater1)

    withdrawn = conflicts.withdraw_conflict(first, by=case.coordinator)

    assert withdrawn.withdrawn_at is not None
    assert assign(case, case.rater1.person).capacity == "peer"


def test_own_conflict_is_withdrawn_by_another_coordinator(case):
    own = conflicts.declare_conflict(case.evaluation, by=case.coordinator, reason="I advised them.")
    other = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)

    with pytest.raises(PermissionRefused):
        conflicts.withdraw_conflict(own, by=case.coordinator)

    assert conflicts.withdraw_conflict(own, by=other).withdrawn_at is not None


@pytest.mark.stage("published")
def test_conflict_after_publication_is_refused(case):
    with pytest.raises(DeclarationClosed):
        conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="Late.")
    with pytest.raises(DeclarationClosed):
        conflicts.declare_conflict(case.evaluation, case.rater2.person, by=case.coordinator, reason="Late.")


@pytest.mark.stage("published")
def test_user_who_is_no_person_has_no_conflict_to_declare(case):
    superuser = UserFactory(is_superuser=True, is_staff=True)

    found = available_actions(case.evaluation, superuser, is_found=True)["declare_conflict"]

    assert isinstance(found.reason, PermissionRefused)


# ---- capacities


def test_capacities_are_limited_to_eligible_people(case, city):
    of_other_city = member(BodyKind.EXPERT_GROUP, Role.MEMBER, city).person
    for capacity in ("self", "expert_group"):
        with pytest.raises(NotCityMember):
            assign(case, of_other_city, capacity)
    with pytest.raises(NotCityMember):
        assign(case, case.lead.person, "expert_group")
    with pytest.raises(NotCommitteeMember):
        assign(case, of_other_city, "committee")

    assert assign(case, case.expert.person, "expert_group").capacity == "expert_group"
    assert assign(case, case.lead.person, "self").capacity == "self"
    assert assign(case, case.committee1.person, "committee").capacity == "committee"
    assert assign(case, of_other_city).capacity == "peer"


def test_rater_and_moderator_tasks_exclude_each_other(case):
    with pytest.raises(AlreadyModerator):
        assign(case, case.moderator.person)
    with pytest.raises(AlreadyRater):
        rounds.set_moderator(case.evaluation, case.rater1.person, by=case.coordinator)
    with pytest.raises(AlreadyRater):
        assign(case, case.rater1.person, "committee")

    assert assign(case, case.rater1.person) == assign(case, case.rater1.person)


def test_assignment_is_limited_to_coordinators_and_to_other_people(case):
    with pytest.raises(SelfAssignment):
        assign(case, case.coordinator.person)
    with pytest.raises(SelfAssignment):
        rounds.set_moderator(case.evaluation, case.coordinator.person, by=case.coordinator)
    with pytest.raises(PermissionRefused):
        assign(case, PersonFactory(), by=case.rater1)


@pytest.mark.stage("moderate")
def test_assignments_cannot_change_after_their_stage(case):
    with pytest.raises(AssignmentClosed):
        assign(case, PersonFactory())
    with pytest.raises(AssignmentClosed):
        rounds.withdraw_rater(case.evaluation.assignments.first(), by=case.coordinator)
    case.to("review")
    with pytest.raises(AssignmentClosed):
        rounds.set_moderator(case.evaluation, PersonFactory(), by=case.coordinator)


# ---- substitutes


def test_substitute_is_refused_while_two_members_are_eligible(case):
    assert {person.user for person in eligible_members(case.evaluation)} == {case.committee1, case.committee2}
    with pytest.raises(SubstituteNotNeeded):
        rounds.appoint_substitute(case.evaluation, PersonFactory(), by=case.coordinator, reason="To be safe.")


@pytest.mark.slow
def test_substitute_is_appointed_with_a_reason_and_decides(case):
    conflicts.declare_conflict(case.evaluation, by=case.committee2, reason="I advised.")
    case.to("review")
    substitute = PersonFactory()
    appoint = {"by": case.coordinator, "reason": "Only one member is free."}

    with pytest.raises(ReasonMissing):
        rounds.appoint_substitute(case.evaluation, substitute, by=case.coordinator, reason="")
    for person, error in (
        (case.expert.person, HasConflict),
        (case.rater1.person, AlreadyRater),
        (case.moderator.person, AlreadyModerator),
        (PersonFactory(user=None), IneligibleSubstitute),
        (member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR).person, IneligibleSubstitute),
    ):
        with pytest.raises(error):
            rounds.appoint_substitute(case.evaluation, person, **appoint)
    with pytest.raises(PermissionRefused):
        case.decide(substitute.user)
    rounds.appoint_substitute(case.evaluation, substitute, **appoint)
    clear_role_cache(substitute.user)
    case.decide(case.committee1)
    case.decide(substitute.user)

    assert case.evaluation.stage == "published"
    assert not substitute.user.has_perm("cities.use_admin")  # the evaluation is published


def test_substitute_uses_the_admin_only_for_the_desk(case):
    conflicts.declare_conflict(case.evaluation, by=case.committee2, reason="I advised.")
    substitute = PersonFactory()
    rounds.appoint_substitute(case.evaluation, substitute, by=case.coordinator, reason="Only one is free.")

    assert substitute.user.has_perm("cities.use_admin")
    assert not substitute.user.has_perm("evaluation.view_framework")
    assert committee.decision_hash(case.evaluation)


# ---- emails about tasks


def test_released_rater_is_notified(case):
    rounds.withdraw_rater(case.evaluation.assignments.get(person=case.rater1.person), by=case.coordinator)

    mail = Mail.objects.get(key__startswith="evaluation-release/")
    assert (mail.recipient, mail.subject.split(":")[0]) == (case.rater1.email, "Your task has ended")


def test_moderator_who_is_replaced_and_named_again_is_notified_each_time(case):
    other = member(BodyKind.NETWORK_OFFICE, Role.TRAINER)
    for user in (other, case.moderator):
        rounds.set_moderator(case.evaluation, user.person, by=case.coordinator)

    mails = Mail.objects.filter(key__regex="^evaluation-(moderator|release)/").order_by("pk")
    asked, released = "You have been appointed as moderator", "Your task has ended"
    assert [(mail.recipient, mail.subject.split(":")[0]) for mail in mails] == [
        (case.moderator.email, asked),
        (other.email, asked),
        (case.moderator.email, released),
        (case.moderator.email, asked),
        (other.email, released),
    ]


@pytest.mark.parametrize("stage, is_ahead", [("rate", True), ("moderate", False)])
def test_moderator_is_told_when_the_discussion_starts_while_that_is_ahead(case, stage, is_ahead):
    case.to(stage)
    Mail.objects.filter(key__startswith="evaluation-moderator/").delete()

    notifications.notify_moderator(case.evaluation)

    mail = Mail.objects.get(key__startswith="evaluation-moderator/")
    assert ("The discussion starts on" in mail.body) is is_ahead


def test_only_an_evaluation_that_is_there_is_called_added_already(case, monkeypatch):
    monkeypatch.setattr(rounds, "is_unique_violation", lambda error: False)

    with pytest.raises(IntegrityError):
        rounds.add_evaluation(case.round, case.evaluation.strategy, by=case.coordinator)


@pytest.mark.parametrize(
    "permission, expected",
    [
        ("rate_evaluation", {"rater1", "rater2", "official"}),
        ("discuss_evaluation", {"rater1", "rater2", "official", "moderator"}),
        ("moderate_evaluation", {"moderator"}),
    ],
)
def test_permission_without_object_is_that_for_any_evaluation(case, permission, expected):
    people = ("rater1", "rater2", "official", "moderator", "coordinator", "lead", "committee1")

    assert {name for name in people if getattr(case, name).has_perm(f"evaluation.{permission}")} == expected
