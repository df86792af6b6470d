"""The moderator's consensus: a level and a reason for each dimension."""

from typing import Any

from django.db import transaction

from cities.rules import person_of
from core import clock
from core.exceptions import EditConflict
from evaluation.enums import Stage
from evaluation.exceptions import LevelOrReasonRequired, NotInStage, PermissionRefused, ReasonMissing, UnknownLevel
from evaluation.models import Consensus, Dimension, Evaluation

from .rounds import locked


@transaction.atomic
def save_consensus(
    evaluation: Evaluation,
    dimension: Dimension,
    *,
    by: Any,
    level: int | None = None,
    not_assessed_reason: str = "",
    reason: str,
    version: int | None = None,
) -> Consensus:
    """Save the agreed level, or why the dimension is not assessed, with the reason.

    ``version`` is the version that the form was opened on, None for the first save. Saving what is stored already
    changes nothing. Raises PermissionRefused, NotInStage, LevelOrReasonRequired, UnknownLevel, ReasonMissing or
    EditConflict.
    """
    evaluation = locked(evaluation)
    if not by.has_perm("evaluation.moderate_evaluation", evaluation):
        raise PermissionRefused
    if evaluation.stage != Stage.MODERATE:
        raise NotInStage
    if dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    not_assessed_reason, reason = not_assessed_reason.strip(), reason.strip()
    if (level is None) == (not not_assessed_reason):
        raise LevelOrReasonRequired
    if level is not None and str(level) not in evaluation.round.framework.scale:
        raise UnknownLevel
    if not reason:
        raise ReasonMissing
    fields = (level, not_assessed_reason, reason)
    consensus = Consensus.objects.select_for_update().filter(evaluation=evaluation, dimension=dimension).first()
    if consensus is None:
        consensus = Consensus(evaluation=evaluation, dimension=dimension)
    elif (consensus.level, consensus.not_assessed_reason, consensus.reason) == fields:
        return consensus
    elif consensus.version != version:
        raise EditConflict
    else:
        consensus.version += 1
    consensus.level, consensus.not_assessed_reason, consensus.reason = fields
    consensus.moderator, consensus.updated_at = person_of(by), clock.now()
    consensus.save()
    return consensus
