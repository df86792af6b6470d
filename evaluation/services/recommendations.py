"""Write, issue, publish, withdraw and complete recommendations. The only writer of their state."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Body, City
from core import clock
from core.available import register, require
from core.exceptions import InputRefused, PermissionRefused, ReasonMissing
from core.services import check_version, lock, save_with_history, validate
from evaluation.enums import RECOMMENDATION_TRANSITIONS, RecommendationSource, RecommendationState
from evaluation.exceptions import AlreadyPublished, PublishedWithEvaluation, RecommendationNotPossible
from evaluation.models import Evaluation, Recommendation, RecommendationTransition
from evaluation.rules import SOURCE_OF_BODY

from . import recommendation_notifications as notifications
from .rounds import locked

Fields = Mapping[str, Any]  # text, done_when, priority, dimension


def locked_recommendation(recommendation: Recommendation) -> Recommendation:
    return lock(recommendation, "city", "evaluation__round__framework", "evaluation__strategy", "body", "dimension")


# ---- drafts

register(Evaluation, "recommend", "evaluation.add_recommendation")


@transaction.atomic
def draft_in_evaluation(evaluation: Evaluation, *, by: Any, fields: Fields) -> Recommendation:
    """Save a draft to the evaluated city, by the moderator or a member of the committee.

    It is issued by the publication of the evaluation, or by the committee before or after it. Raises PermissionRefused
    or InputRefused.
    """
    evaluation = locked(evaluation)
    require(evaluation, "recommend", by)
    is_moderator = Evaluation.objects.moderated_by(by.person).filter(pk=evaluation.pk).exists()
    source = RecommendationSource.EVALUATION if is_moderator else RecommendationSource.COMMITTEE
    return _save_new(
        Recommendation(source=source, evaluation=evaluation, city=evaluation.strategy.city), by=by, fields=fields
    )


@transaction.atomic
def draft_from(
    source: str, *, by: Any, fields: Fields, city: City | None = None, body: Body | None = None
) -> Recommendation:
    """Save a draft of the committee, of a city's body or of the network office; ``city`` None is the network.

    ``body`` recommends to its own city. Raises PermissionRefused or InputRefused.
    """
    if body is not None and (body.city_id is None or source != SOURCE_OF_BODY.get(body.kind)):
        raise PermissionRefused
    city = body.city if body is not None else city
    return _save_new(Recommendation(source=source, body=body, city=city), by=by, fields=fields)


def _save_new(row: Recommendation, *, by: Any, fields: Fields) -> Recommendation:
    row.author = by
    _fill(row, fields)
    save_with_history(row, by)
    if not Recommendation.objects.written_by(by).filter(pk=row.pk).exists():
        raise PermissionRefused  # rolls the row back: one query decides for new and for stored rows
    return row


def _fill(row: Recommendation, fields: Fields) -> None:
    for name in ("text", "done_when", "priority", "dimension"):
        if name in fields:
            value = fields[name]
            setattr(row, name, value.strip() if isinstance(value, str) else value)
    chosen, evaluation = row.dimension, row.evaluation
    if chosen is not None and evaluation is not None and chosen.framework_id != evaluation.round.framework_id:
        raise InputRefused({"dimension": _("Choose a dimension of this evaluation’s framework.")})
    validate(row)


def _in_states(verb: str) -> Callable[[Recommendation, Any], None]:
    def check(recommendation: Recommendation, _user: Any) -> None:
        if recommendation.state not in RECOMMENDATION_TRANSITIONS[verb][0]:
            raise RecommendationNotPossible

    return check


def _check_is_draft(recommendation: Recommendation, _user: Any) -> None:
    if recommendation.state != RecommendationState.DRAFT:
        raise RecommendationNotPossible


register(Recommendation, "change", "evaluation.change_recommendation", check=_check_is_draft)


@transaction.atomic
def change_draft(recommendation: Recommendation, *, by: Any, fields: Fields, version: int | None) -> Recommendation:
    """Change a draft. Raises PermissionRefused, RecommendationNotPossible, EditConflict or InputRefused."""
    row = locked_recommendation(recommendation)
    require(row, "change", by)
    check_version(row, version)
    _fill(row, fields)
    save_with_history(row, by)
    return row


# ---- states


def apply_transition(row: Recommendation, verb: str, *, by: Any, reason: str = "") -> RecommendationTransition:
    """Write the transition and the state. Call in a transaction, with the row locked and the permission checked.

    The transition comes first: a trigger refuses it unless it starts from the current state.
    """
    _in_states(verb)(row, by)
    target = RECOMMENDATION_TRANSITIONS[verb][1]
    transition = RecommendationTransition.objects.create(
        recommendation=row, verb=verb, from_state=row.state, to_state=target, by=by, reason=reason.strip()
    )
    row.state = target
    if verb == "issue":
        row.issued_at, row.issued_on = clock.now(), row.today
    save_with_history(row, by, reason=reason)
    return transition


register(Recommendation, "issue", "evaluation.issue_recommendation", check=_in_states("issue"))
register(Recommendation, "withdraw", "evaluation.withdraw_recommendation", check=_in_states("withdraw"))
register(Recommendation, "complete", "evaluation.confirm_recommendation", check=_in_states("complete"))


@transaction.atomic
def issue(recommendation: Recommendation, *, by: Any) -> Recommendation:
    """Issue a draft: its text is fixed, and it can be answered. Raises PermissionRefused or RecommendationNotPossible.

    Everyone sees it when its evaluation is published; without an evaluation, when whom it addresses publishes it.
    """
    row = locked_recommendation(recommendation)
    require(row, "issue", by)
    apply_transition(row, "issue", by=by)
    notifications.notify_of_issue(row)
    return row


def issue_with_publication(evaluation: Evaluation) -> None:
    """Issue the drafts of an evaluation that is being published, in its transaction."""
    for row in Recommendation.objects.of_evaluation_drafts(evaluation).order_by("pk"):
        row = locked_recommendation(row)
        apply_transition(row, "issue", by=None)
        notifications.notify_of_issue(row)


@transaction.atomic
def withdraw(recommendation: Recommendation, *, by: Any, reason: str) -> Recommendation:
    """Withdraw a draft or an open recommendation.

    Raises PermissionRefused, RecommendationNotPossible or ReasonMissing.
    """
    row = locked_recommendation(recommendation)
    require(row, "withdraw", by)
    if not reason.strip():
        raise ReasonMissing
    transition = apply_transition(row, "withdraw", by=by, reason=reason)
    if row.issued_at is not None:
        notifications.notify_of_withdrawal(row, transition)
    return row


@transaction.atomic
def complete(recommendation: Recommendation, *, by: Any) -> Recommendation:
    """Confirm that what was recommended is done. Raises PermissionRefused or RecommendationNotPossible."""
    row = locked_recommendation(recommendation)
    require(row, "complete", by)
    apply_transition(row, "complete", by=by)
    notifications.notify_of_completion(row)
    return row


# ---- publication


def _check_is_unpublished(recommendation: Recommendation, _user: Any) -> None:
    if recommendation.issued_at is None or recommendation.state == RecommendationState.WITHDRAWN:
        raise RecommendationNotPossible
    if recommendation.evaluation_id is not None:
        raise PublishedWithEvaluation
    if recommendation.published_at is not None:
        raise AlreadyPublished


register(Recommendation, "publish", "evaluation.publish_recommendation", check=_check_is_unpublished)


@transaction.atomic
def publish(recommendation: Recommendation, *, by: Any) -> Recommendation:
    """Let everyone see an issued recommendation that has no evaluation, with its response and published progress.

    Raises PermissionRefused, RecommendationNotPossible, PublishedWithEvaluation or AlreadyPublished.
    """
    row = locked_recommendation(recommendation)
    require(row, "publish", by)
    row.published_at, row.published_by = clock.now(), by
    save_with_history(row, by)
    return row
