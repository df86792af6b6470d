"""Choices and stage transitions of evaluations and reports. Imports no other project module."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(TextChoices):
    DECLARE = "declare", _("conflict of interest declarations")
    RATE = "rate", _("rating")
    DISCUSS = "discuss", _("discussion")
    MODERATE = "moderate", _("moderation")
    REVIEW = "review", _("committee review")
    PUBLISHED = "published", _("published")
    REMOVED = "removed", _("removed from the round")


STAGES = [stage for stage in Stage if stage != Stage.REMOVED]  # in their order

TRANSITIONS = {  # verb: (allowed source stages, target stage)
    "start_rating": ({Stage.DECLARE}, Stage.RATE),
    "start_discussion": ({Stage.RATE}, Stage.DISCUSS),
    "start_moderation": ({Stage.DISCUSS}, Stage.MODERATE),
    "hand_to_committee": ({Stage.MODERATE}, Stage.REVIEW),
    "request_changes": ({Stage.REVIEW}, Stage.MODERATE),
    "publish": ({Stage.REVIEW}, Stage.PUBLISHED),
    "remove": ({Stage.DECLARE, Stage.RATE}, Stage.REMOVED),
}
BY_DATE = {  # verbs that the periodic task runs: verb -> field of the round with the start date
    "start_rating": "rate_on",
    "start_discussion": "discuss_on",
    "start_moderation": "moderate_on",
    "hand_to_committee": "review_on",
}
FROM_DISCUSS = {Stage.DISCUSS, Stage.MODERATE, Stage.REVIEW, Stage.PUBLISHED}
FROM_REVIEW = {Stage.REVIEW, Stage.PUBLISHED}


class StageVerb(TextChoices):
    START_RATING = "start_rating", _("rating started")
    START_DISCUSSION = "start_discussion", _("discussion started")
    START_MODERATION = "start_moderation", _("moderation started")
    HAND_TO_COMMITTEE = "hand_to_committee", _("sent to the committee")
    REQUEST_CHANGES = "request_changes", _("changes requested")
    PUBLISH = "publish", _("published")
    REMOVE = "remove", _("removed from the round")


class RaterState(TextChoices):
    """What a rater has done so far; derived, never stored."""

    NOT_STARTED = "not_started", _("not started")
    STARTED = "started", _("started, not submitted")
    SUBMITTED = "submitted", _("submitted")
    SUBMITTED_LATE = "submitted_late", _("submitted late")


class Capacity(TextChoices):
    SELF = "self", _("city self-assessment")
    EXPERT_GROUP = "expert_group", _("expert group")
    PEER = "peer", _("peer city")
    COMMITTEE = "committee", _("committee")


INDEPENDENT = {Capacity.PEER, Capacity.COMMITTEE}  # ratings in other capacities count in neither median nor alpha


class Strength(TextChoices):
    STRONG = "strong", _("strong")
    MODERATE = "moderate", _("moderate")
    LIMITED = "limited", _("limited")
    NONE = "none", pgettext_lazy("strength", "none")


class SourceKind(TextChoices):
    UPDATE = "update", _("update")
    VALUE = "value", _("indicator value")
    DOCUMENT = "document", _("document")
    EVENT = "event", _("event")


class Decision(TextChoices):
    APPROVE = "approve", _("approve")
    REQUEST_CHANGES = "request_changes", _("request changes")


# ---- recommendations


class RecommendationSource(TextChoices):
    """Who recommends. ``body_decision`` and ``peer_review`` get their links later."""

    EVALUATION = "evaluation", _("evaluation")
    COMMITTEE = "committee", _("scientific committee")
    EXPERT_GROUP = "expert_group", _("expert group")
    NETWORK_OFFICE = "network_office", _("network office")
    BODY_DECISION = "body_decision", _("decision of a body")
    PEER_REVIEW = "peer_review", _("peer review")


BODY_SOURCES = (RecommendationSource.EXPERT_GROUP, RecommendationSource.BODY_DECISION)  # fixed order, for a constraint


class Priority(TextChoices):
    HIGH = "high", _("high")
    MEDIUM = "medium", _("medium")
    LOW = "low", _("low")


class RecommendationState(TextChoices):
    DRAFT = "draft", _("draft")
    ISSUED = "issued", _("awaiting response")
    ANSWERED = "answered", pgettext_lazy("recommendation", "answered")
    IN_PROGRESS = "in_progress", pgettext_lazy("recommendation", "in progress")
    COMPLETED = "completed", pgettext_lazy("recommendation", "completed")
    REJECTED = "rejected", pgettext_lazy("recommendation", "rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("recommendation", "withdrawn")


UNDER_WAY = {RecommendationState.ANSWERED, RecommendationState.IN_PROGRESS}  # accepted, at least partly, and not done
OPEN_RECOMMENDATION = {RecommendationState.ISSUED, *UNDER_WAY}
CLOSED_RECOMMENDATION = {
    RecommendationState.COMPLETED,
    RecommendationState.REJECTED,
    RecommendationState.WITHDRAWN,
}
RECOMMENDATION_TRANSITIONS = {  # verb: (allowed source states, target state)
    "issue": ({RecommendationState.DRAFT}, RecommendationState.ISSUED),
    "answer": ({RecommendationState.ISSUED}, RecommendationState.ANSWERED),
    "reject": ({RecommendationState.ISSUED}, RecommendationState.REJECTED),
    "start": ({RecommendationState.ANSWERED}, RecommendationState.IN_PROGRESS),
    "complete": (UNDER_WAY, RecommendationState.COMPLETED),
    "withdraw": ({RecommendationState.DRAFT, *OPEN_RECOMMENDATION}, RecommendationState.WITHDRAWN),
}


class RecommendationVerb(TextChoices):
    ISSUE = "issue", _("issued")
    ANSWER = "answer", pgettext_lazy("recommendation", "answered")
    REJECT = "reject", pgettext_lazy("recommendation", "rejected")
    START = "start", _("first progress reported")
    COMPLETE = "complete", _("completion confirmed")
    WITHDRAW = "withdraw", pgettext_lazy("recommendation", "withdrawn")


class ResponseDecision(TextChoices):
    ACCEPT = "accept", _("accepted")
    PARTLY = "partly", _("partly accepted")
    REJECT = "reject", pgettext_lazy("recommendation", "rejected")
