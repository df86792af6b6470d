"""Rounds, their evaluations, and the people assigned to them."""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from cities.enums import BodyKind, Role
from cities.models import Membership, Person
from cities.rules import CITY_BODIES, person_of
from core import clock
from evaluation.enums import Capacity, Stage
from evaluation.exceptions import (
    AlreadyAdded,
    ConflictStands,
    EnoughMembers,
    ModeratesAlready,
    NobodyNamesThemselves,
    NoSubstitute,
    NothingSubmitted,
    NotLater,
    NotOfTheCity,
    NotOfTheCommittee,
    NotYours,
    RatesAlready,
    ReasonMissing,
    TooLateToAssign,
    WrongRevision,
)
from evaluation.models import (
    Evaluation,
    EvaluationRound,
    Framework,
    RaterAssignment,
    SubstituteAppointment,
)
from evaluation.selectors.people import eligible_members, people_in_conflict
from strategies.models import PeriodRevision, ReportingPeriod, Strategy

from . import letters

ENOUGH = 2  # approvals needed


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
    """Create a round. The dates are the first days of its stages, in order. Raises NotYours or ValidationError."""
    if not by.has_perm("evaluation.add_evaluationround"):
        raise NotYours
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
    row.full_clean()
    row.save()
    return row


@transaction.atomic
def add_evaluation(
    round: EvaluationRound, strategy: Strategy, revision: PeriodRevision | None = None, *, by: Any
) -> Evaluation:
    """Create the evaluation of a strategy, based on the newest revision its city submitted for the round's period.

    Raises NotYours, NothingSubmitted, WrongRevision if ``revision`` is not the newest, or AlreadyAdded.
    """
    if not by.has_perm("evaluation.add_evaluationround"):
        raise NotYours
    of_city = PeriodRevision.objects.filter(city_period__city=strategy.city_id, city_period__period=round.period_id)
    newest = of_city.order_by("-number").first()
    if newest is None:
        raise NothingSubmitted
    if revision is not None and revision.pk != newest.pk:
        raise WrongRevision
    try:
        with transaction.atomic():
            return Evaluation.objects.create(round=round, strategy=strategy, revision=newest)
    except IntegrityError as error:
        raise AlreadyAdded from error


def locked(evaluation: Evaluation) -> Evaluation:
    """Return the row, locked until the commit, with its framework, city and moderator loaded."""
    rows = Evaluation.objects.select_for_update(of=["self"])
    return rows.select_related("round__framework", "strategy__city", "moderator__user").get(pk=evaluation.pk)


def _held_by_coordinator(evaluation: Evaluation, by: Any, person: Person | None = None) -> Evaluation:
    evaluation = locked(evaluation)
    if not by.has_perm("evaluation.assign_evaluation", evaluation):
        raise NotYours
    if person is not None and person == person_of(by):
        raise NobodyNamesThemselves
    return evaluation


def is_in_conflict(evaluation: Evaluation, person: Person) -> bool:
    return Person.objects.filter(people_in_conflict(evaluation), pk=person.pk).exists()


# ---- raters


@transaction.atomic
def assign_rater(evaluation: Evaluation, person: Person, capacity: str, *, by: Any) -> RaterAssignment:
    """Assign a rater and notify them; return the existing assignment if it has the same capacity.

    Raises NotYours, NobodyNamesThemselves, RatesAlready (in another capacity), TooLateToAssign, ModeratesAlready,
    NotOfTheCity, ConflictStands or NotOfTheCommittee.
    """
    evaluation = _held_by_coordinator(evaluation, by, person)
    standing = evaluation.assignments.standing().filter(person=person).first()
    if standing is not None:
        if standing.capacity == capacity:
            return standing
        raise RatesAlready
    if evaluation.stage not in {Stage.DECLARE, Stage.RATE}:
        raise TooLateToAssign
    if evaluation.moderator_id == person.pk:
        raise ModeratesAlready
    _check_capacity(evaluation, person, Capacity(capacity))
    assignment = RaterAssignment.objects.create(evaluation=evaluation, person=person, capacity=capacity, assigned_by=by)
    for assessment in evaluation.assessments.filter(rater=person).exclude(capacity=capacity):
        assessment.capacity, assessment._history_user = capacity, by  # from an earlier, withdrawn assignment
        assessment.save(update_fields=["capacity"])
    letters.tell_of_assignment(assignment)
    return assignment


def _check_capacity(evaluation: Evaluation, person: Person, capacity: Capacity) -> None:
    offices = Membership.objects.current().filter(person=person)
    if capacity in {Capacity.SELF, Capacity.EXPERT_GROUP}:
        kinds = {BodyKind.EXPERT_GROUP} if capacity == Capacity.EXPERT_GROUP else CITY_BODIES
        if not offices.filter(body__city=evaluation.strategy.city_id, body__kind__in=kinds).exists():
            raise NotOfTheCity
        return
    if is_in_conflict(evaluation, person):
        raise ConflictStands
    if capacity == Capacity.COMMITTEE and not offices.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE).exists():
        raise NotOfTheCommittee


@transaction.atomic
def withdraw_rater(assignment: RaterAssignment, *, by: Any, reason: str = "") -> RaterAssignment:
    """Withdraw an assignment; the person's ratings stay but no longer count. Possible until the discussion ends.

    Raises NotYours or TooLateToAssign.
    """
    evaluation = _held_by_coordinator(assignment.evaluation, by)
    assignment = RaterAssignment.objects.select_for_update().get(pk=assignment.pk)
    if assignment.withdrawn_at is not None:
        return assignment
    if evaluation.stage not in {Stage.DECLARE, Stage.RATE, Stage.DISCUSS}:
        raise TooLateToAssign
    return end_assignment(assignment, reason=reason)


def end_assignment(assignment: RaterAssignment, *, reason: str) -> RaterAssignment:
    assignment.withdrawn_at = clock.now()
    assignment._change_reason = reason[:100] or None
    assignment.save(update_fields=["withdrawn_at"])
    return assignment


# ---- the moderator


@transaction.atomic
def set_moderator(evaluation: Evaluation, person: Person, *, by: Any) -> Evaluation:
    """Set the moderator, who must have no conflict and not rate this evaluation, and notify them.

    Raises NotYours, NobodyNamesThemselves, TooLateToAssign, ConflictStands or RatesAlready.
    """
    evaluation = _held_by_coordinator(evaluation, by, person)
    if evaluation.moderator_id == person.pk:
        return evaluation
    if evaluation.stage in {Stage.REVIEW, Stage.PUBLISHED}:
        raise TooLateToAssign
    if is_in_conflict(evaluation, person):
        raise ConflictStands
    if _rates(evaluation, person):
        raise RatesAlready
    evaluation.moderator = person
    evaluation.save(update_fields=["moderator"])
    letters.tell_moderator(evaluation)
    return evaluation


def _rates(evaluation: Evaluation, person: Person) -> bool:
    assigned = evaluation.assignments.standing().filter(person=person).exists()
    return assigned or evaluation.assessments.filter(rater=person).exists()


# ---- substitutes


@transaction.atomic
def appoint_substitute(evaluation: Evaluation, person: Person, *, by: Any, reason: str) -> SubstituteAppointment:
    """Appoint a substitute while fewer than two members are eligible. The members' conflict rules apply.

    Raises NotYours, NobodyNamesThemselves, ReasonMissing, TooLateToAssign, EnoughMembers, NoSubstitute, ConflictStands,
    RatesAlready or ModeratesAlready.
    """
    evaluation = _held_by_coordinator(evaluation, by, person)
    if not reason.strip():
        raise ReasonMissing
    if evaluation.stage == Stage.PUBLISHED:
        raise TooLateToAssign
    found = evaluation.substitutes.filter(person=person).first()
    if found is not None:
        return found
    if eligible_members(evaluation).count() >= ENOUGH:
        raise EnoughMembers
    coordinates = Membership.objects.current().filter(person=person, role=Role.COORDINATOR)
    if coordinates.exists() or person.user_id is None or not person.user.is_active:
        raise NoSubstitute
    if is_in_conflict(evaluation, person):
        raise ConflictStands
    if _rates(evaluation, person):
        raise RatesAlready
    if evaluation.moderator_id == person.pk:
        raise ModeratesAlready
    appointment = SubstituteAppointment.objects.create(
        evaluation=evaluation, person=person, reason=reason.strip(), appointed_by=by
    )
    letters.tell_substitute(appointment)
    return appointment


# ---- extension


@transaction.atomic
def extend_stage(evaluation: Evaluation, *, by: Any, until: date, reason: str = "") -> Evaluation:
    """Extend the current stage to ``until``, that day included: no move by date before then.

    Raises NotYours, TooLateToAssign (published) or NotLater.
    """
    evaluation = _held_by_coordinator(evaluation, by)
    if evaluation.stage == Stage.PUBLISHED:
        raise TooLateToAssign
    if until < clock.today() or (evaluation.extended_to and until < evaluation.extended_to):
        raise NotLater
    evaluation.extended_to = until
    evaluation._change_reason = reason.strip()[:100] or None
    evaluation.save(update_fields=["extended_to"])
    return evaluation
