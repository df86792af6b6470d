"""Remove an evaluation that was added to a round by mistake."""

from typing import Any

from django.db import transaction

from core.available import register, require
from core.exceptions import ReasonMissing
from core.services import save_with_history
from evaluation.exceptions import AlreadyRated
from evaluation.models import Evaluation, Rating

from .round_results import close_if_complete
from .rounds import end_assignment, locked
from .stages import apply_transition, check_transition


def _check_can_be_removed(evaluation: Evaluation, _user: Any) -> None:
    if Rating.objects.filter(assessment__evaluation=evaluation).exists():
        raise AlreadyRated
    check_transition(evaluation, "remove")


register(Evaluation, "remove", "evaluation.remove_evaluation", check=_check_can_be_removed)


@transaction.atomic
def remove_evaluation(evaluation: Evaluation, *, by: Any, reason: str) -> Evaluation:
    """Remove it from its round while nobody has rated it. Its rows stay, with the reason; nobody is asked any more.

    The city can be added to the round again. If all other evaluations are published, the round closes.
    Raises PermissionRefused, ReasonMissing, AlreadyRated or TransitionNotAllowed.
    """
    evaluation = locked(evaluation)
    require(evaluation, "remove", by)
    if not reason.strip():
        raise ReasonMissing
    evaluation = apply_transition(evaluation, "remove", by=by, reason=reason)
    for assignment in evaluation.assignments.active():
        end_assignment(assignment, by=by, reason="removed from the round")
    evaluation.moderator = None
    save_with_history(evaluation, by, reason=reason, update_fields=["moderator"])
    close_if_complete(evaluation.round_id)
    return evaluation
