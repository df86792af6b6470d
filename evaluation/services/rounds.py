"""Rounds, their evaluations, and the people assigned to them."""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from cities.enums import BodyKind, Role
from cities.models import Membership, Person
from cities.rules import CITY_BODIES, person_of
from core import clock
from core.available import Check, register, require
from core.error_causes import is_unique_violation
from core.exceptions import ReasonMissing
from core.locking import lock_name
from core.services import lock, require_perm, save_with_history, validate
from evaluation.enums import Capacity, Stage
from evaluation.exceptions import (
    AlreadyAdded,
    AlreadyModerator,
    AlreadyRater,
    AssignmentClosed,
    HasConflict,
    IneligibleSubstitute,
    InvalidExtension,
    NotCityMember,
    NotCommitteeMember,
    NothingSubmitted,
    RoundClosed,
    SelfAssignment,
    SubstituteNotNeeded,
    SubstituteStored,
    WrongRevision,
)
from evaluation.models import (
    Evaluation,
    EvaluationRound,
    Framework,
    RaterAssignment,
    RoundResult,
    SubstituteAppointment,
)
from evaluation.models.rounds import people_in_conflict
from evaluation.selectors.eligibility import eligible_members
from strategies.models import PeriodRevision, ReportingPeriod, Strategy

from . import notifications
from .round_results import locked_round

APPROVALS_NEEDED = 2  # approvals needed


@transaction.atomic
def create_round(
    *,
    framework: Framework,
    period: ReportingPeriod,
    name: str,
    declare_on: date,
    rate_on: date,
    discuss_on: date,
    moderate_on: date,
    review_on: date,
    decide_by: date,
    by: Any,
) -> EvaluationRound:
    """Create a round. The dates are the first days of its stages, in order.

    Raises PermissionRefused or InputRefused.
    """
    require_perm(by, "evaluation.add_evaluationround")
    lock_name("evaluation rounds")
    row = EvaluationRound(
        framework=framework,
        period=period,
        name=name,
        declare_on=declare_on,
        rate_on=rate_on,
        discuss_on=discuss_on,
        moderate_on=moderate_on,
        review_on=review_on,
        decide_by=decide_by,
    )
    validate(row)
    row.save()
    return row


def _check_takes_evaluations(round: EvaluationRound, _user: Any) -> None:
    if RoundResult.objects.filter(round=round).exists():
        raise RoundClosed


register(EvaluationRound, "add_evaluation", "evaluation.add_evaluationround", check=_check_takes_evaluations)


@transaction.atomic
def add_evaluation(
    round: EvaluationRound, strategy: Strategy, revision: PeriodRevision | None = None, *, by: Any
) -> Evaluation:
    """Create the evaluation of a strategy, based on the newest revision its city submitted for the round's period.

    Raises PermissionRefused, RoundClosed, NothingSubmitted, WrongRevision if ``revision`` is not the newest, or
    AlreadyAdded.
    """
    require(locked_round(round.pk), "add_evaluation", by)
    of_city = PeriodRevision.objects.filter(city_period__city=strategy.city_id, city_period__period=round.period_id)
    newest = of_city.order_by("-number").first()
    if newest is None:
        raise NothingSubmitted
    if revision is not None and revision.pk != newest.pk:
        raise WrongRevision
    today = clock.today()
    until = today if round.rate_on <= today else None  # added late: conflicts can be declared today
    try:
        with transaction.atomic():
            return Evaluation.objects.create(round=round, strategy=strategy, revision=newest, extended_to=until)
    except IntegrityError as error:
        if not is_unique_violation(error):
            raise
        raise AlreadyAdded from error


def locked(evaluation: Evaluation) -> Evaluation:
    """Return the row, locked until the commit, with its framework, city and moderator loaded."""
    return lock(evaluation, "round__framework", "strategy__city", "moderator__user")


def _check_stage(*stages: Stage) -> Check:
    def check(evaluation: Evaluation, _user: Any) -> None:
        if evaluation.stage not in stages:
            raise AssignmentClosed

    return check


_UNTIL_RATED = (Stage.DECLARE, Stage.RATE)
_UNTIL_DISCUSSED = (*_UNTIL_RATED, Stage.DISCUSS)
_UNTIL_PUBLISHED = (*_UNTIL_DISCUSSED, Stage.MODERATE, Stage.REVIEW)
for _name, _stages in {
    "assign_rater": _UNTIL_RATED,
    "withdraw_rater": _UNTIL_DISCUSSED,
    "set_moderator": (*_UNTIL_DISCUSSED, Stage.MODERATE),
    "appoint_substitute": _UNTIL_PUBLISHED,
    "extend_stage": _UNTIL_PUBLISHED,
}.items():
    register(Evaluation, _name, "evaluation.assign_evaluation", check=_check_stage(*_stages))


def _lock_for_coordinator(evaluation: Evaluation, by: Any, person: Person | None = None) -> Evaluation:
    evaluation = locked(evaluation)
    require_perm(by, "evaluation.assign_evaluation", evaluation)
    if person is not None and person == person_of(by):
        raise SelfAssignment
    return evaluation


def is_in_conflict(evaluation: Evaluation, person: Person) -> bool:
    return Person.objects.filter(people_in_conflict(evaluation), pk=person.pk).exists()


# ---- raters


@transaction.atomic
def assign_rater(evaluation: Evaluation, person: Person, capacity: str, *, by: Any) -> RaterAssignment:
    """Assign a rater and notify them; return the existing assignment if it has the same capacity.

    Raises PermissionRefused, SelfAssignment, AlreadyRater (in another capacity), AssignmentClosed, AlreadyModerator,
    NotCityMember, HasConflict or NotCommitteeMember.
    """
    evaluation = _lock_for_coordinator(evaluation, by, person)
    assignment = evaluation.assignments.active().filter(person=person).first()
    if assignment is not None:
        if assignment.capacity == capacity:
            return assignment
        raise AlreadyRater
    require(evaluation, "assign_rater", by)
    if evaluation.moderator_id == person.pk:
        raise AlreadyModerator
    _check_capacity(evaluation, person, Capacity(capacity))
    assignment = RaterAssignment.objects.create(evaluation=evaluation, person=person, capacity=capacity, assigned_by=by)
    for assessment in evaluation.assessments.filter(rater=person).exclude(capacity=capacity):
        assessment.capacity = capacity  # from an earlier, withdrawn assignment
        save_with_history(assessment, by, update_fields=["capacity"])
    notifications.notify_of_assignment(assignment)
    return assignment


def _check_capacity(evaluation: Evaluation, person: Person, capacity: Capacity) -> None:
    memberships = Membership.objects.current().filter(person=person)
    if capacity in {Capacity.SELF, Capacity.EXPERT_GROUP}:
        kinds = {BodyKind.EXPERT_GROUP} if capacity == Capacity.EXPERT_GROUP else CITY_BODIES
        if not memberships.filter(body__city=evaluation.strategy.city_id, body__kind__in=kinds).exists():
            raise NotCityMember
        return
    if is_in_conflict(evaluation, person):
        raise HasConflict
    if capacity == Capacity.COMMITTEE and not memberships.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE).exists():
        raise NotCommitteeMember


@transaction.atomic
def withdraw_rater(assignment: RaterAssignment, *, by: Any, reason: str = "") -> RaterAssignment:
    """Withdraw an assignment; the person's ratings stay but no longer count. Possible until the discussion ends.

    Raises PermissionRefused or AssignmentClosed.
    """
    evaluation = _lock_for_coordinator(assignment.evaluation, by)
    assignment = lock(assignment)
    if assignment.withdrawn_at is not None:
        return assignment
    require(evaluation, "withdraw_rater", by)
    end_assignment(assignment, by=by, reason=reason)
    notifications.notify_of_release(evaluation, assignment.person, f"rater-{assignment.pk}")
    return assignment


def end_assignment(assignment: RaterAssignment, *, by: Any, reason: str) -> RaterAssignment:
    assignment.withdrawn_at = clock.now()
    save_with_history(assignment, by, reason=reason, update_fields=["withdrawn_at"])
    return assignment


# ---- the moderator


@transaction.atomic
def set_moderator(evaluation: Evaluation, person: Person, *, by: Any) -> Evaluation:
    """Set the moderator, who must have no conflict and not rate this evaluation, and notify them.

    Raises PermissionRefused, SelfAssignment, AssignmentClosed, HasConflict or AlreadyRater.
    """
    evaluation = _lock_for_coordinator(evaluation, by, person)
    if evaluation.moderator_id == person.pk:
        return evaluation
    require(evaluation, "set_moderator", by)
    if is_in_conflict(evaluation, person):
        raise HasConflict
    if _is_rater(evaluation, person):
        raise AlreadyRater
    released, evaluation.moderator = evaluation.moderator, person
    evaluation.save(update_fields=["moderator"])
    notifications.notify_moderator(evaluation)
    if released is not None:
        key = f"moderator-{evaluation.pk}-{evaluation.history.count()}"
        notifications.notify_of_release(evaluation, released, key)
    return evaluation


def _is_rater(evaluation: Evaluation, person: Person) -> bool:
    assigned = evaluation.assignments.active().filter(person=person).exists()
    return assigned or evaluation.assessments.filter(rater=person).exists()


# ---- substitutes


@transaction.atomic
def appoint_substitute(evaluation: Evaluation, person: Person, *, by: Any, reason: str) -> SubstituteAppointment:
    """Appoint a substitute while fewer than two members are eligible. The members' conflict rules apply.

    A second call with the same reason returns the existing appointment. Raises PermissionRefused, SelfAssignment,
    ReasonMissing, AssignmentClosed, SubstituteStored (for another reason), SubstituteNotNeeded, IneligibleSubstitute,
    HasConflict, AlreadyRater or AlreadyModerator.
    """
    evaluation = _lock_for_coordinator(evaluation, by, person)
    if not reason.strip():
        raise ReasonMissing
    require(evaluation, "appoint_substitute", by)
    found = evaluation.substitutes.filter(person=person).first()
    if found is not None:
        if found.reason != reason.strip():
            raise SubstituteStored(found.reason, reason.strip())
        return found
    if eligible_members(evaluation).count() >= APPROVALS_NEEDED:
        raise SubstituteNotNeeded
    coordinates = Membership.objects.current().filter(person=person, role=Role.COORDINATOR)
    if coordinates.exists() or person.user_id is None or not person.user.is_active:
        raise IneligibleSubstitute
    if is_in_conflict(evaluation, person):
        raise HasConflict
    if _is_rater(evaluation, person):
        raise AlreadyRater
    if evaluation.moderator_id == person.pk:
        raise AlreadyModerator
    appointment = SubstituteAppointment.objects.create(
        evaluation=evaluation, person=person, reason=reason.strip(), appointed_by=by
    )
    notifications.notify_substitute(appointment)
    return appointment


# ---- extension


@transaction.atomic
def extend_stage(evaluation: Evaluation, *, by: Any, until: date, reason: str = "") -> Evaluation:
    """Extend the current stage to ``until``, that day included: no transition by date before then.

    Raises PermissionRefused, AssignmentClosed (published) or InvalidExtension.
    """
    evaluation = _lock_for_coordinator(evaluation, by)
    require(evaluation, "extend_stage", by)
    if until < clock.today() or (evaluation.extended_to and until < evaluation.extended_to):
        raise InvalidExtension
    last_day = evaluation.last_day
    evaluation.extended_to = until
    save_with_history(evaluation, by, reason=reason, update_fields=["extended_to"])
    if evaluation.last_day != last_day:
        notifications.notify_of_extension(evaluation)
    return evaluation
