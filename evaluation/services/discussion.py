"""Comments by raters and the moderator on a dimension, from the discuss stage on."""

from typing import Any

from django.db import transaction

from cities.rules import person_of
from core.available import register, require
from core.exceptions import PermissionRefused, ReasonMissing
from evaluation.enums import Stage
from evaluation.exceptions import NotInStage
from evaluation.models import Dimension, DiscussionNote, Evaluation

from .rounds import locked


def _check_is_discussed(evaluation: Evaluation, _user: Any) -> None:
    if evaluation.stage not in {Stage.DISCUSS, Stage.MODERATE}:
        raise NotInStage


register(Evaluation, "add_note", "evaluation.discuss_evaluation", check=_check_is_discussed)


@transaction.atomic
def add_note(evaluation: Evaluation, dimension: Dimension, *, by: Any, text: str) -> DiscussionNote:
    """Add a comment; return the newest one instead if it has the same author and text.

    Raises PermissionRefused, NotInStage (not discuss or moderate) or ReasonMissing (empty text).
    """
    evaluation = locked(evaluation)
    require(evaluation, "add_note", by)
    if not text.strip():
        raise ReasonMissing
    if dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    author = person_of(by)
    last = evaluation.notes.filter(dimension=dimension).last()
    if last is not None and last.author_id == author.pk and last.text == text.strip():
        return last
    return DiscussionNote.objects.create(evaluation=evaluation, dimension=dimension, author=author, text=text.strip())
