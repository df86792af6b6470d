"""The only writer of an evaluation's stage: moved by the periodic task on its dates, or by a coordinator."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from core import clock
from core.available import Check, register, require
from core.exceptions import ReasonMissing
from core.periodic import for_each
from evaluation.enums import BY_DATE, TRANSITIONS, Stage
from evaluation.exceptions import (
    ConsensusIncomplete,
    EvaluationError,
    ModeratorMissing,
    NoRatingsSubmitted,
    TransitionNotAllowed,
)
from evaluation.models import Assessment, Dimension, Evaluation, StageTransition

from . import notifications
from .blind_levels import keep_blind_levels
from .rounds import locked

TIME_TO_CHANGE = timedelta(days=14)  # for the moderator, after the committee has requested changes


@transaction.atomic
def move_stage(evaluation: Evaluation, verb: str, *, by: Any = None, reason: str = "") -> Evaluation:
    """Start the next stage for a user, or for the periodic task if ``by`` is None.

    ``verb`` is a key of ``BY_DATE``; the committee decides by ``committee.decide``. Raises PermissionRefused,
    TransitionNotAllowed, or what the requirements of the transition raise.
    """
    evaluation = locked(evaluation)
    if verb not in BY_DATE:
        raise TransitionNotAllowed
    require(evaluation, verb, by)
    return apply_transition(evaluation, verb, by=by, reason=reason)


def apply_transition(evaluation: Evaluation, verb: str, *, by: Any, reason: str = "") -> Evaluation:
    """Check the transition, write it and notify the people concerned. Call in a transaction, with the row locked.

    Insert the StageTransition first: a trigger refuses it unless ``from_stage`` is the evaluation's current stage.
    """
    stage, target = Stage(evaluation.stage), TRANSITIONS[verb][1]
    check_transition(evaluation, verb)
    if verb == "request_changes" and not reason.strip():
        raise ReasonMissing
    transition = StageTransition.objects.create(
        evaluation=evaluation, verb=verb, from_stage=stage, to_stage=target, by=by, reason=reason.strip()
    )
    if verb == "start_discussion":
        keep_blind_levels(evaluation.assessments.all())
    evaluation.stage = target
    evaluation.extended_to = first_day_of(evaluation)
    if verb == "request_changes":
        evaluation.cycle += 1
        evaluation.extended_to = clock.today() + TIME_TO_CHANGE  # the planned end of moderation has passed
    if target == Stage.PUBLISHED:
        evaluation.published_at = clock.now()
    evaluation.save(update_fields=["stage", "extended_to", "cycle", "published_at"])
    notifications.notify_of_transition(evaluation, transition)
    return evaluation


# ---- requirements of a transition


def _require_submission(evaluation: Evaluation) -> None:
    if not Assessment.objects.counted().filter(evaluation=evaluation).exists():
        raise NoRatingsSubmitted


def _require_moderator(evaluation: Evaluation) -> None:
    if evaluation.moderator_id is None:
        raise ModeratorMissing


def _require_consensus(evaluation: Evaluation) -> None:
    _require_moderator(evaluation)
    agreed = evaluation.consensus.values("dimension")
    missing = Dimension.objects.filter(framework=evaluation.round.framework_id).exclude(pk__in=agreed)
    if names := [dimension.name for dimension in missing]:
        raise ConsensusIncomplete(names)


_REQUIREMENTS = {
    "start_discussion": _require_submission,
    "start_moderation": _require_moderator,
    "hand_to_committee": _require_consensus,
}


def check_transition(evaluation: Evaluation, verb: str) -> None:
    """Raise unless the stage allows the transition and what it requires is there."""
    if evaluation.stage not in TRANSITIONS[verb][0]:
        raise TransitionNotAllowed
    if verb in _REQUIREMENTS:
        _REQUIREMENTS[verb](evaluation)


def _check(verb: str) -> Check:
    return lambda evaluation, _user: check_transition(evaluation, verb)


# Coordinators may start every stage; the moderator may only submit the consensus to the committee.
for _verb in BY_DATE:
    _others = ("evaluation.moderate_evaluation",) if _verb == "hand_to_committee" else ()
    register(Evaluation, _verb, "evaluation.move_evaluation", *_others, check=_check(_verb))


# ---- by date


def next_verb(evaluation: Evaluation) -> str | None:
    """Return the verb that the periodic task runs next, or None.

    After the committee requested changes, only a person can submit the evaluation to it again.
    """
    for verb in BY_DATE:
        if evaluation.stage in TRANSITIONS[verb][0]:
            return None if verb == "hand_to_committee" and evaluation.cycle > 1 else verb
    return None


def first_day_of(evaluation: Evaluation) -> date | None:
    """Return today if the stage that starts now should have ended already, so that it lasts until the next day."""
    verb, day = next_verb(evaluation), clock.today()
    return day if verb and getattr(evaluation.round, BY_DATE[verb]) <= day else None


def is_due(evaluation: Evaluation, day: date) -> bool:
    verb = next_verb(evaluation)
    if verb is None or (evaluation.extended_to and day <= evaluation.extended_to):
        return False
    return day >= getattr(evaluation.round, BY_DATE[verb])


def move_due_stages() -> list[int]:
    """Start the next stage of all evaluations where it is due, by today in the network's time zone.

    Starts one stage of an evaluation at most, and the one after it on the next day at the earliest: also after an
    outage, people have a day to act in each stage. Safe to call repeatedly. Returns the ids that moved. An evaluation
    whose requirements are not met (no submitted rating, no moderator, no consensus) stays and is tried again at the
    next call.
    """
    day = clock.today()
    waiting = Evaluation.objects.unfinished().exclude(stage=Stage.REVIEW).select_related("round")
    due = [evaluation for evaluation in waiting if is_due(evaluation, day)]
    moved = for_each(due, lambda evaluation: _move_if_ready(evaluation, day))
    return [pk for pk in moved if pk is not None]


def _move_if_ready(evaluation: Evaluation, day: date) -> int | None:
    try:
        return _move_if_due(evaluation, day).pk
    except EvaluationError:
        return None


@transaction.atomic
def _move_if_due(evaluation: Evaluation, day: date) -> Evaluation:
    """Check again under the lock, since another worker may have moved it. Raises TransitionNotAllowed if not due."""
    evaluation = locked(evaluation)
    verb = next_verb(evaluation)
    if verb is None or not is_due(evaluation, day):
        raise TransitionNotAllowed
    return apply_transition(evaluation, verb, by=None)
