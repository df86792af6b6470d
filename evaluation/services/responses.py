"""The management response: drafted by officials, sent by the lead; for the network by coordinators."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Person
from core import clock
from core.available import register, require
from core.exceptions import InputRefused, PermissionRefused
from core.services import check_version, save_with_history, translate_lock_errors, validate
from evaluation.enums import OPEN_RECOMMENDATION, RecommendationState, ResponseDecision
from evaluation.exceptions import RecommendationClosed, RecommendationNotPossible, ResponseIncomplete
from evaluation.models import ManagementResponse, Recommendation
from evaluation.selectors.recommendations import linkable_actions, people_who_answer
from strategies.models import Action

from . import recommendation_notifications as notifications
from .recommendations import apply_transition, locked_recommendation


def _check_is_open(recommendation: Recommendation, _user: Any) -> None:
    if recommendation.state == RecommendationState.DRAFT:
        raise RecommendationNotPossible
    if recommendation.state not in OPEN_RECOMMENDATION:
        raise RecommendationClosed


def _check_can_be_drafted(recommendation: Recommendation, user: Any) -> None:
    _check_is_open(recommendation, user)
    if recommendation.state != RecommendationState.ISSUED and not _may_answer(user, recommendation):
        raise PermissionRefused  # what the lead has sent, only the lead changes


def _may_answer(user: Any, recommendation: Recommendation) -> bool:
    return user.has_perm("evaluation.answer_recommendation", recommendation)


def _check_can_be_sent(recommendation: Recommendation, _user: Any) -> None:
    if recommendation.state != RecommendationState.ISSUED:
        raise RecommendationNotPossible
    response = ManagementResponse.objects.filter(recommendation=recommendation).first()
    if response is None:
        raise ResponseIncomplete
    if errors := missing_parts(response):
        raise ResponseIncomplete(errors=errors)


register(Recommendation, "respond", "evaluation.draft_response", check=_check_can_be_drafted)
register(Recommendation, "answer", "evaluation.answer_recommendation", check=_check_can_be_sent)


@transaction.atomic
def save_response(
    recommendation: Recommendation,
    *,
    by: Any,
    decision: str,
    reason: str = "",
    responsible: Person | None = None,
    due_on: Any = None,
    actions: Iterable[Action] = (),
    version: int | None = None,
) -> ManagementResponse:
    """Save a draft; or, once it was sent and until the recommendation is closed, a change by who may send it.

    A response that was sent must stay complete, and cannot become a rejection. ``version`` 0 is no response yet.
    Raises PermissionRefused, RecommendationNotPossible, RecommendationClosed, EditConflict or InputRefused.
    """
    recommendation = locked_recommendation(recommendation)
    require(recommendation, "respond", by)
    row = ManagementResponse.objects.select_for_update(of=("self",)).filter(recommendation=recommendation).first()
    if row is None:
        row = ManagementResponse(recommendation=recommendation)
    else:
        check_version(row, version)
    if row.answered_at is not None and decision == ResponseDecision.REJECT:
        raise InputRefused({"decision": _("This recommendation has been accepted. It can no longer be rejected.")})
    row.recommendation, row.decision, row.reason = recommendation, decision, reason.strip()
    row.responsible, row.due_on = responsible, due_on
    actions = list(actions)
    _check_belongs(recommendation, responsible, actions)
    validate(row)
    with translate_lock_errors():
        save_with_history(row, by)
        row._history_user = by
        row.actions.set(actions)
    return row


def _check_belongs(recommendation: Recommendation, responsible: Person | None, actions: list[Action]) -> None:
    people, plan = people_who_answer(recommendation), linkable_actions(recommendation)
    if responsible is not None and not people.filter(pk=responsible.pk).exists():
        raise InputRefused({"responsible": _("Choose a person from the list.")})
    ids = {action.pk for action in actions}
    if ids and plan.filter(pk__in=ids).count() != len(ids):
        raise InputRefused({"actions": _("Choose actions of this city’s current strategy.")})


@transaction.atomic
def answer(recommendation: Recommendation, *, by: Any) -> ManagementResponse:
    """Send the drafted response. A rejection closes the recommendation, with the reason.

    Raises PermissionRefused, RecommendationNotPossible or ResponseIncomplete.
    """
    recommendation = locked_recommendation(recommendation)
    require(recommendation, "answer", by)
    row = ManagementResponse.objects.select_for_update(of=("self",)).get(recommendation=recommendation)
    row.recommendation, row.answered_at, row.answered_by = recommendation, clock.now(), by
    with translate_lock_errors():
        save_with_history(row, by)
    verb = "reject" if row.decision == ResponseDecision.REJECT else "answer"
    apply_transition(recommendation, verb, by=by, reason=row.reason)
    notifications.notify_of_response(row)
    return row


@transaction.atomic
def send_response(recommendation: Recommendation, *, by: Any, **fields: Any) -> ManagementResponse:
    """Save the response and send it: both or, with an error of either, none. ``fields``: see ``save_response``."""
    save_response(recommendation, by=by, **fields)
    return answer(recommendation, by=by)


def missing_parts(response: ManagementResponse) -> Mapping[str, Any]:
    """Return a sentence for each part that the response needs before it is sent."""
    errors = {}
    if response.decision != ResponseDecision.ACCEPT and not response.reason:
        errors["reason"] = _("Explain why you do not accept all of it.")
    if response.decision != ResponseDecision.REJECT:
        if response.responsible_id is None:
            errors["responsible"] = _("Choose who is responsible.")
        if response.due_on is None:
            errors["due_on"] = _("Enter the day by which it will be done.")
    return errors
