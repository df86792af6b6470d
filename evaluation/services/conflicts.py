"""Conflicts of interest that people declare. Computed ones need no row: see ``querysets.conflict_of``."""

from typing import Any

from django.db import transaction

from cities.models import Person
from cities.rules import person_of
from core import clock
from evaluation.enums import INDEPENDENT, Stage
from evaluation.exceptions import NotYours, ReasonMissing, TooLateToDeclare
from evaluation.models import Assessment, ConflictOfInterest, Evaluation

from . import letters
from .rounds import end_assignment, locked


@transaction.atomic
def declare_conflict(
    evaluation: Evaluation, person: Person | None = None, *, by: Any, reason: str
) -> ConflictOfInterest:
    """One's own, or, by a coordinator, somebody else's (who advised the city, say).

    Ends the task of a peer or committee rater and of the moderator at once. People of the city who rate it in that
    capacity keep theirs: their interest is known. Declaring twice is declaring once.
    """
    evaluation = locked(evaluation)
    own = person_of(by)
    person = person or own
    is_own = own is not None and person == own
    found = evaluation.conflicts.filter(person=person, withdrawn_at=None).first()
    if is_own and found is not None and found.declared_by_id == by.pk and evaluation.stage != Stage.PUBLISHED:
        return found  # it hides the evaluation from who declared it, so the permission is gone
    if not by.has_perm("evaluation.declare_conflict" if is_own else "evaluation.assign_evaluation", evaluation):
        raise NotYours
    if not reason.strip():
        raise ReasonMissing
    if evaluation.stage == Stage.PUBLISHED:
        raise TooLateToDeclare
    if found is not None:
        return found
    conflict = ConflictOfInterest.objects.create(
        evaluation=evaluation, person=person, reason=reason.strip(), declared_by=by
    )
    _end_tasks(evaluation, person)
    letters.tell_of_conflict(conflict)
    return conflict


def _end_tasks(evaluation: Evaluation, person: Person) -> None:
    """Ratings that fall out while the committee decides make what was decided moot: decisions start anew."""
    counted = Assessment.objects.counted().filter(evaluation=evaluation, rater=person, capacity__in=INDEPENDENT)
    if evaluation.stage == Stage.REVIEW and counted.exists():
        evaluation.cycle += 1
    for assignment in evaluation.assignments.standing().filter(person=person, capacity__in=INDEPENDENT):
        end_assignment(assignment, reason="conflict of interest")
    if evaluation.moderator_id == person.pk:
        evaluation.moderator = None
    evaluation.save(update_fields=["moderator", "cycle"])


@transaction.atomic
def withdraw_conflict(conflict: ConflictOfInterest, *, by: Any) -> ConflictOfInterest:
    """A coordinator takes back what was declared by mistake, never for themselves. Tasks do not come back by it."""
    evaluation = locked(conflict.evaluation)
    if not by.has_perm("evaluation.assign_evaluation", evaluation) or conflict.person == person_of(by):
        raise NotYours
    conflict = ConflictOfInterest.objects.select_for_update().get(pk=conflict.pk)
    if conflict.withdrawn_at is None:
        conflict.withdrawn_at = clock.now()
        conflict.save(update_fields=["withdrawn_at"])
        decided = evaluation.reviews.filter(member=conflict.person_id, cycle=evaluation.cycle)
        if evaluation.stage == Stage.REVIEW and decided.exists():
            evaluation.cycle += 1  # the member's earlier decision does not count again by itself
            evaluation.save(update_fields=["cycle"])
    return conflict
