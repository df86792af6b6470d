"""Declared conflicts of interest. Computed conflicts have no row: see ``models.rounds.conflict_q``."""

from typing import Any

from django.db import transaction

from cities.models import Person
from cities.rules import person_of
from core import clock
from core.available import register, require
from core.exceptions import PermissionRefused, ReasonMissing
from core.services import lock, require_perm
from evaluation.enums import INDEPENDENT, Stage
from evaluation.exceptions import ConflictRecordedByOthers, ConflictStored, DeclarationClosed
from evaluation.models import Assessment, ConflictOfInterest, Evaluation

from . import notifications
from .rounds import end_assignment, locked


def _check_can_be_declared(evaluation: Evaluation, user: Any) -> None:
    if person_of(user) is None:
        raise PermissionRefused
    if evaluation.stage == Stage.PUBLISHED:
        raise DeclarationClosed
    found = evaluation.conflicts.filter(person=person_of(user), withdrawn_at=None).first()
    if found is not None:
        raise ConflictRecordedByOthers(found.reason, "")


register(Evaluation, "declare_conflict", "evaluation.declare_conflict", check=_check_can_be_declared)


@transaction.atomic
def declare_conflict(
    evaluation: Evaluation, person: Person | None = None, *, by: Any, reason: str
) -> ConflictOfInterest:
    """Declare the user's own conflict, or as coordinator that of ``person``, for example somebody who advised the city.

    Ends the person's task as peer rater, committee rater or moderator at once. People of the city who rate it in that
    capacity keep their task: their interest is known. A second call with the same reason returns the existing row.
    Raises PermissionRefused, ReasonMissing, DeclarationClosed (published), or for another reason
    ConflictStored or ConflictRecordedByOthers.
    """
    evaluation = locked(evaluation)
    own = person_of(by)
    person = person or own
    is_own = own is not None and person == own
    found = evaluation.conflicts.filter(person=person, withdrawn_at=None).first()
    if is_own and found is not None and found.declared_by_id == by.pk and evaluation.stage != Stage.PUBLISHED:
        return _same(found, reason)  # it hides the evaluation from this user, so a permission check would fail
    if is_own and found is None:
        require(evaluation, "declare_conflict", by)
    else:
        require_perm(by, "evaluation.declare_conflict" if is_own else "evaluation.assign_evaluation", evaluation)
    if not reason.strip():
        raise ReasonMissing
    if evaluation.stage == Stage.PUBLISHED:
        raise DeclarationClosed
    if found is not None and is_own:
        raise ConflictRecordedByOthers(found.reason, reason.strip())
    if found is not None:
        return _same(found, reason)
    conflict = ConflictOfInterest.objects.create(
        evaluation=evaluation, person=person, reason=reason.strip(), declared_by=by
    )
    _end_tasks(evaluation, person, by=by)
    notifications.notify_of_conflict(conflict)
    return conflict


def _same(conflict: ConflictOfInterest, reason: str) -> ConflictOfInterest:
    """Return the conflict if ``reason`` is its reason. Raises ConflictStored for another one."""
    if reason.strip() not in {"", conflict.reason}:
        raise ConflictStored(conflict.reason, reason.strip())
    return conflict


def _end_tasks(evaluation: Evaluation, person: Person, *, by: Any) -> None:
    """End the person's assignments and moderation.

    If counted ratings drop out during the review, start a new cycle: decisions made so far no longer count.
    """
    counted = Assessment.objects.counted().filter(evaluation=evaluation, rater=person, capacity__in=INDEPENDENT)
    if evaluation.stage == Stage.REVIEW and counted.exists():
        evaluation.cycle += 1
    for assignment in evaluation.assignments.active().filter(person=person, capacity__in=INDEPENDENT):
        end_assignment(assignment, by=by, reason="conflict of interest")
    if evaluation.moderator_id == person.pk:
        evaluation.moderator = None
    evaluation.save(update_fields=["moderator", "cycle"])


@transaction.atomic
def withdraw_conflict(conflict: ConflictOfInterest, *, by: Any) -> ConflictOfInterest:
    """Withdraw a conflict that was declared by mistake. Ended tasks are not restored.

    Raises PermissionRefused unless the user is a coordinator, or if it is the coordinator's own conflict.
    """
    evaluation = locked(conflict.evaluation)
    require_perm(by, "evaluation.assign_evaluation", evaluation)
    if conflict.person == person_of(by):
        raise PermissionRefused
    conflict = lock(conflict)
    if conflict.withdrawn_at is None:
        conflict.withdrawn_at = clock.now()
        conflict.save(update_fields=["withdrawn_at"])
        decided = evaluation.reviews.filter(member=conflict.person_id, cycle=evaluation.cycle)
        if evaluation.stage == Stage.REVIEW and decided.exists():
            evaluation.cycle += 1  # otherwise the member's earlier decision would count again
            evaluation.save(update_fields=["cycle"])
    return conflict
