"""Permissions of evaluations.

``visible_to`` in the querysets also excludes evaluations with a conflict of interest and ratings that are still hidden.
"""

from itertools import count
from typing import NamedTuple

import rules
from django.apps import apps
from django.db.models import Exists, OuterRef

from cities.enums import BodyKind, Role
from cities.rules import (
    active_roles,
    has_network_role,
    is_coordinator,
    is_instance,
    is_lead,
    is_official,
    is_scientific,
    is_scientific_member,
    is_visible,
    person_of,
)
from core.versions import Kept
from evaluation.enums import RecommendationSource


class Duties(NamedTuple):
    """Whether a person has each kind of duty in any evaluation, before conflicts are excluded."""

    rates: bool
    moderates: bool
    substitutes: bool


_kept_duties = Kept()
_version = count(1)
_current_version = 0


def forget_duties(**_signal) -> None:
    """Signal receiver: the cached duties of everybody are read again."""
    global _current_version
    _current_version = next(_version)


def duties_of(person) -> Duties:
    """Return the person's duties. Cached on the person object until a duty is saved or deleted in this process.

    Most people have none, so the subqueries about conflicts of interest are not built for them. The first time they are
    kept under the version that was read with the user, so that most requests need no query for them.
    """
    held = getattr(person, "_epi_duties", None)
    if held is None or held[0] != _current_version:
        version = getattr(person, "page_version", None) if held is None else None
        found = _kept_duties.get(person.pk, version, lambda: _read_duties(person))
        held = person._epi_duties = (_current_version, found)
    return held[1]


def _read_duties(person) -> Duties:
    assigned = _rows("RaterAssignment").filter(person=OuterRef("pk"), withdrawn_at=None)
    moderated = _rows("Evaluation").filter(moderator=OuterRef("pk"))
    appointed = _rows("SubstituteAppointment").filter(person=OuterRef("pk"))
    rows = type(person)._default_manager.filter(pk=person.pk)
    return Duties(*rows.values_list(Exists(assigned), Exists(moderated), Exists(appointed)).get())


def _includes(rows, evaluation) -> bool:
    if evaluation is None:
        return rows.exists()
    return isinstance(evaluation, rows.model) and rows.filter(pk=evaluation.pk).exists()


def _rows(name: str):
    return apps.get_model("evaluation", name).objects  # models import rules


@rules.predicate
def is_rater(user, evaluation):
    person = person_of(user)
    return person is not None and _includes(_rows("Evaluation").rated_by(person), evaluation)


@rules.predicate
def is_late_rater(user, evaluation):
    """Return whether the user may still submit complete ratings of an evaluation that is under discussion already."""
    person = person_of(user)
    if person is None or evaluation is None:
        return False
    return _includes(_rows("Evaluation").late_for(person), evaluation)


@rules.predicate
def is_moderator(user, evaluation):
    person = person_of(user)
    return person is not None and _includes(_rows("Evaluation").moderated_by(person), evaluation)


@rules.predicate
def is_reviewer(user, evaluation):
    """Return whether a committee member or substitute may decide on it: no conflict, no other role in it."""
    return _includes(_rows("Evaluation").reviewable_by(user), evaluation)


@rules.predicate
def is_substitute(user):
    """Return whether a coordinator appointed the user to decide on an evaluation that is not published yet."""
    person = person_of(user)
    if person is None or is_scientific_member(user) or not duties_of(person).substitutes:
        return False
    return _rows("Evaluation").reviewable_by(user).exclude(stage="published").exists()


# ---- recommendations


SOURCE_OF_BODY: dict[str, RecommendationSource] = {  # bodies whose chair recommends to their city
    BodyKind.EXPERT_GROUP: RecommendationSource.EXPERT_GROUP,
    BodyKind.LOCAL_COMMITTEE: RecommendationSource.BODY_DECISION,
}


def chairs_city_body(user) -> bool:
    return any(seat.role == Role.CHAIR and seat.kind in SOURCE_OF_BODY for seat in active_roles(user))


@rules.predicate
def writes_recommendation(user, recommendation):
    """Return whether the user writes this one: moderator, committee, chair of its body, or its network office."""
    return _includes(_rows("Recommendation").written_by(user), recommendation)


@rules.predicate
def issues_recommendation(user, recommendation):
    return _includes(_rows("Recommendation").issuable_by(user), recommendation)


@rules.predicate
def withdraws_recommendation(user, recommendation):
    return _includes(_rows("Recommendation").withdrawable_by(user), recommendation)


@rules.predicate
def follows_recommendation(user, recommendation):
    return _includes(_rows("Recommendation").confirmable_by(user), recommendation)


@rules.predicate
def answers_for_network(user, row):
    """A coordinator, on a recommendation to the network."""
    if not has_network_role(user, Role.COORDINATOR):
        return False
    return row is None or (is_instance(row, "evaluation.Recommendation") and row.city_id is None)


@rules.predicate
def is_addressed(_user, row):
    return row is None or is_instance(row, "evaluation.Recommendation")


@rules.predicate
def may_recommend(user, row):
    """Return whether the user may write a recommendation about an evaluation, or without one (``row`` is None)."""
    if row is not None:
        return _includes(_rows("Recommendation").evaluations_of(user), row)
    return is_scientific_member(user) or has_network_role(user, Role.COORDINATOR) or chairs_city_body(user)


rules.add_perm("evaluation", is_coordinator | is_scientific | is_substitute)
rules.set_perm("cities.use_admin", rules.permissions.permissions["cities.use_admin"] | is_substitute)  # review page
for _model in ("evaluationround", "framework", "dimension"):
    rules.add_perm(f"evaluation.add_{_model}", is_coordinator)
    rules.add_perm(f"evaluation.change_{_model}", is_coordinator)
    rules.add_perm(f"evaluation.delete_{_model}", rules.always_deny)
rules.add_perm("evaluation.close_evaluationround", is_coordinator)
rules.add_perm("evaluation.view_evaluationround", is_visible)
rules.add_perm("evaluation.view_framework", is_coordinator | is_scientific)
rules.add_perm("evaluation.view_dimension", is_coordinator | is_scientific)
rules.add_perm("evaluation.adopt_framework", is_scientific)

rules.add_perm("evaluation.view_evaluation", is_visible)
rules.add_perm("evaluation.change_evaluation", rules.always_deny)  # only services change it
rules.add_perm("evaluation.assign_evaluation", is_coordinator)  # raters, moderator, extension, substitutes
rules.add_perm("evaluation.move_evaluation", is_coordinator)
rules.add_perm("evaluation.remove_evaluation", is_coordinator)
rules.add_perm("evaluation.view_raterassignment", is_visible)
rules.add_perm("evaluation.rate_evaluation", is_rater)
rules.add_perm("evaluation.view_assessment", is_visible)
rules.add_perm("evaluation.view_rating", is_visible)
rules.add_perm("evaluation.discuss_evaluation", (is_rater & ~is_late_rater) | is_moderator)
rules.add_perm("evaluation.follow_raters", is_coordinator | is_moderator)  # who has started and submitted, never what
rules.add_perm("evaluation.moderate_evaluation", is_moderator)
rules.add_perm("evaluation.view_consensus", is_visible)
rules.add_perm("evaluation.review_evaluation", is_reviewer)
rules.add_perm("evaluation.ask_question", is_reviewer)  # object: the evaluation
rules.add_perm("evaluation.answer_question", is_official)  # object: the evaluation
rules.add_perm("evaluation.view_discussionnote", is_visible)
rules.add_perm("evaluation.view_committeereview", is_visible)
rules.add_perm("evaluation.view_committeequestion", is_visible)
rules.add_perm("evaluation.view_recommendation", is_visible)
rules.add_perm("evaluation.view_recommendationprogress", is_visible)
rules.add_perm("evaluation.add_recommendation", may_recommend)  # object: an evaluation, or None
rules.add_perm("evaluation.change_recommendation", writes_recommendation)
rules.add_perm("evaluation.issue_recommendation", issues_recommendation)
rules.add_perm("evaluation.withdraw_recommendation", withdraws_recommendation)
rules.add_perm("evaluation.confirm_recommendation", follows_recommendation)
rules.add_perm("evaluation.draft_response", (is_official & is_addressed) | answers_for_network)
rules.add_perm("evaluation.answer_recommendation", (is_lead & is_addressed) | answers_for_network)
rules.add_perm("evaluation.report_progress", (is_official & is_addressed) | answers_for_network)
rules.add_perm("evaluation.publish_recommendation", (is_lead & is_addressed) | answers_for_network)
rules.add_perm("evaluation.declare_conflict", is_visible)  # object: the evaluation; for the user's own conflict
