"""Choices and transitions of strategies and periods. Imports no module of this project."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class StrategyStatus(TextChoices):
    DRAFT = "draft", _("draft")
    ADOPTED = "adopted", _("adopted")


class SwotKind(TextChoices):
    STRENGTH = "strength", _("strength")
    WEAKNESS = "weakness", _("weakness")
    OPPORTUNITY = "opportunity", _("opportunity")
    CHALLENGE = "challenge", _("challenge")


class ImplementationStage(TextChoices):
    PLANNED = "planned", pgettext_lazy("action", "planned")
    ONGOING = "ongoing", _("ongoing")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", pgettext_lazy("action", "cancelled")


class BudgetStatus(TextChoices):
    UNKNOWN = "unknown", _("not yet known")
    LINES = "lines", _("entered as budget lines")
    NONE_NEEDED = "none_needed", _("none needed")


class Health(TextChoices):
    """Derived status of an action, never stored for an open period. The first member whose rule holds applies."""

    CANCELLED = "cancelled", pgettext_lazy("action", "cancelled")
    DONE = "done", _("done")
    PAUSED = "paused", _("paused")
    NOT_STARTED = "not_started", _("not started")
    LATE = "late", _("late")
    STALE = "stale", _("no recent update")
    AT_RISK = "at_risk", _("at risk")
    ON_TRACK = "on_track", _("on track")


WORST_FIRST = [
    Health.LATE,
    Health.STALE,
    Health.AT_RISK,
    Health.ON_TRACK,
    Health.PAUSED,
    Health.NOT_STARTED,
    Health.DONE,
    Health.CANCELLED,
]


AT_REST = [Health.DONE, Health.CANCELLED, Health.PAUSED]  # nothing of such an action is due


class Direction(TextChoices):
    UP = "up", _("higher is better")
    DOWN = "down", _("lower is better")


class Addition(TextChoices):
    """How values of an indicator are combined over time or across cities."""

    SUM = "sum", _("sum")
    LATEST = "latest", _("latest value")
    MEAN = "mean", _("average")
    MAX = "max", _("highest value")


class Frequency(TextChoices):
    PERIOD = "period", _("each period")
    YEAR = "year", _("each year")


class ChangeCause(TextChoices):
    """Why a part of the plan that figures depend on is changed. It is stored with a reason in words."""

    CORRECTION = "correction", _("correction of a mistake")
    EVIDENCE = "evidence", _("new facts or better data")
    DECISION = "decision", _("decision by the city")
    METHOD = "method", _("change of measuring method")
    MEANS = "means", _("change in money, staff or time")
    CONDITIONS = "conditions", _("changed circumstances outside the city")
    OTHER = "other", _("other reason")


class PeriodState(TextChoices):
    SCHEDULED = "scheduled", _("scheduled")
    OPEN = "open", _("open")
    SUBMITTED = "submitted", _("submitted")
    RETURNED = "returned", _("returned")
    ACCEPTED = "accepted", _("accepted")
    PUBLISHED = "published", _("published")


TRANSITIONS = {  # verb: (source states, target state)
    "open": ({PeriodState.SCHEDULED}, PeriodState.OPEN),
    "submit": ({PeriodState.OPEN, PeriodState.RETURNED}, PeriodState.SUBMITTED),
    "return": ({PeriodState.SUBMITTED}, PeriodState.RETURNED),
    "accept": ({PeriodState.SUBMITTED}, PeriodState.ACCEPTED),
    "publish": ({PeriodState.ACCEPTED}, PeriodState.PUBLISHED),
    "reopen": ({PeriodState.SUBMITTED, PeriodState.ACCEPTED, PeriodState.PUBLISHED}, PeriodState.OPEN),
}
LOCKED = {PeriodState.SUBMITTED, PeriodState.ACCEPTED, PeriodState.PUBLISHED}
# A redaction submits the next revision; acceptance and publication of the one before are then carried over.
ALL_TRANSITIONS = TRANSITIONS | {"redact": (LOCKED, PeriodState.SUBMITTED)}
NEEDS_TEXT = {"return", "reopen"}
NEXT_REVISION = {"return", "reopen", "redact"}  # the submitted revision is kept; the city continues in the next one


class PeriodVerb(TextChoices):
    OPEN = "open", _("opened")
    SUBMIT = "submit", _("submitted")
    RETURN = "return", _("returned")
    ACCEPT = "accept", _("accepted")
    PUBLISH = "publish", _("published")
    REOPEN = "reopen", _("reopened")
    REDACT = "redact", _("redacted")


class CommentKind(TextChoices):
    COMMENT = "comment", _("comment")
    ENDORSEMENT = "endorsement", _("endorsement")
    ASK_REOPEN = "ask_reopen", _("request to reopen")
    DECLINE = "decline", _("request declined")
