"""The moderator's consensus: a level and a reason for each dimension."""

from typing import Any

from django.db import transaction

from cities.rules import person_of
from core import clock
from core.available import register, require
from core.exceptions import PermissionRefused, ReasonMissing
from core.services import save_with_history, set_fields
from evaluation.enums import Stage
from evaluation.exceptions import LevelOrReasonRequired, NotInStage, UnknownLevel
from evaluation.models import Consensus, Dimension, Evaluation

from .rounds import locked


def _check_is_moderated(evaluation: Evaluation, _user: Any) -> None:
    if evaluation.stage != Stage.MODERATE:
        raise NotInStage


register(Evaluation, "save_consensus", "evaluation.moderate_evaluation", check=_check_is_moderated)


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
    require(evaluation, "save_consensus", by)
    if dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    not_assessed_reason, reason = not_assessed_reason.strip(), reason.strip()
    if (level is None) == (not not_assessed_reason):
        raise LevelOrReasonRequired
    if level is not None and str(level) not in evaluation.round.framework.scale:
        raise UnknownLevel
    if not reason:
        raise ReasonMissing
    found = Consensus.objects.select_for_update().filter(evaluation=evaluation, dimension=dimension).first()
    consensus = found or Consensus(evaluation=evaluation, dimension=dimension)
    fields = {"level": level, "not_assessed_reason": not_assessed_reason, "reason": reason}
    if set_fields(consensus, fields, version):
        consensus.moderator, consensus.updated_at = person_of(by), clock.now()
        save_with_history(consensus, by)
    return consensus
