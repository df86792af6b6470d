"""Remove an evaluation that was added to a round by mistake."""

from typing import Any

from django.db import transaction

from core.text_limits import HISTORY_REASON
from core.texts import shorten
from evaluation.exceptions import AlreadyRated, PermissionRefused, ReasonMissing
from evaluation.models import Evaluation, Rating

from .round_results import close_if_complete
from .rounds import end_assignment, locked
from .stages import apply_transition


@transaction.atomic
def remove_evaluation(evaluation: Evaluation, *, by: Any, reason: str) -> Evaluation:
    """Remove it from its round while nobody has rated it. Its rows stay, with the reason; nobody is asked any more.

    The city can be added to the round again. If all other evaluations are published, the round closes.
    Raises PermissionRefused, ReasonMissing, AlreadyRated or TransitionNotAllowed.
    """
    evaluation = locked(evaluation)
    if not by.has_perm("evaluation.remove_evaluation", evaluation):
        raise PermissionRefused
    if not reason.strip():
        raise ReasonMissing
    if Rating.objects.filter(assessment__evaluation=evaluation).exists():
        raise AlreadyRated
    evaluation._change_reason = shorten(reason, HISTORY_REASON)
    evaluation = apply_transition(evaluation, "remove", by=by, reason=reason)
    for assignment in evaluation.assignments.active():
        end_assignment(assignment, reason="removed from the round")
    evaluation.moderator = None
    evaluation.save(update_fields=["moderator"])
    close_if_complete(evaluation.round_id)
    return evaluation
