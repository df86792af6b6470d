"""How a state is shown: a shape, a word and a colour, never the colour alone.

A member of an enumeration brings its own ``label``; the words here are for plain values.
"""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SHAPES = {
    "disc": "M5 .5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
    "ring": "M5 .5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zm0 1.6a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8z",
    "half": "M5 .5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM5 2.1v5.8a2.9 2.9 0 0 1 0-5.8z",
    "triangle": "M5 .5 9.7 9.3H.3z",
    "square": "M.7.7h8.6v8.6H.7z",
    "diamond": "M5 .2 9.8 5 5 9.8.2 5z",
    "dash": "M.8 4.1h8.4v1.8H.8z",
    "check": "M3.9 8.9.4 5.4l1.5-1.5 2 2L8.1 1.3l1.5 1.4z",
    "cross": "m1.9.5 3.1 3.1L8.1.5l1.4 1.4L6.4 5l3.1 3.1-1.4 1.4L5 6.4 1.9 9.5.5 8.1 3.6 5 .5 1.9z",
    "pause": "M1.5.8h2.6v8.4H1.5zM5.9.8h2.6v8.4H5.9z",
    "arrow": "M5.6.9 9.7 5 5.6 9.1 4.3 7.8l1.9-1.9H.4V4.1h5.8L4.3 2.2z",
    "back": "M4.4.9.3 5l4.1 4.1 1.3-1.3-1.9-1.9h5.8V4.1H3.8l1.9-1.9z",
}


class Badge(NamedTuple):
    tone: str  # CSS class ``is-<tone>`` and colour ``--epi-<tone>``
    shape: str
    word: Any


BADGES = {
    # health of an action
    "done": Badge("done", "check", _("Done")),
    "not_started": Badge("not-started", "dash", _("Not started")),
    "late": Badge("late", "square", _("Late")),
    "stale": Badge("stale", "ring", _("No recent update")),
    "at_risk": Badge("at-risk", "triangle", _("At risk")),
    "on_track": Badge("on-track", "disc", _("On track")),
    # implementation stage of an action
    "planned": Badge("not-started", "dash", _("Planned")),
    "ongoing": Badge("done", "arrow", _("Ongoing")),
    "paused": Badge("stale", "pause", _("Paused")),
    "completed": Badge("on-track", "check", _("Completed")),
    "cancelled": Badge("not-started", "cross", _("Cancelled")),
    # a city's reporting period
    "scheduled": Badge("not-started", "dash", _("Scheduled")),
    "open": Badge("done", "half", _("Open")),
    "submitted": Badge("stale", "arrow", _("Submitted")),
    "returned": Badge("at-risk", "back", _("Returned")),
    "accepted": Badge("on-track", "check", _("Accepted")),
    "published": Badge("on-track", "disc", _("Published")),
    # stages of an evaluation
    "declare": Badge("not-started", "dash", _("Declare")),
    "rate": Badge("done", "half", pgettext_lazy("stage", "Rate")),
    "discuss": Badge("done", "half", pgettext_lazy("stage", "Discuss")),
    "moderate": Badge("stale", "diamond", pgettext_lazy("stage", "Moderate")),
    "review": Badge("stale", "diamond", _("Review")),
    "removed": Badge("not-started", "cross", _("Removed")),
    # reports and other background jobs
    "queued": Badge("not-started", "ring", _("Queued")),
    "building": Badge("done", "half", _("Being created")),
    "ready": Badge("on-track", "check", _("Ready")),
    "failed": Badge("late", "square", _("Failed")),
    # emails (labels come from their enumeration)
    "sending": Badge("done", "half", ""),
    "sent": Badge("on-track", "check", _("Sent")),
    "unknown": Badge("at-risk", "triangle", ""),
    # requirements of a phase
    "met": Badge("on-track", "check", _("Met")),
    "not_met": Badge("not-started", "ring", _("Not yet met")),
    "waived": Badge("stale", "diamond", _("Waived")),
    # versions of the pact
    "in_force": Badge("on-track", "disc", _("In force")),
    "withdrawn": Badge("not-started", "cross", _("Withdrawn")),
    # drafts, answers, recommendations
    "draft": Badge("not-started", "dash", _("Draft")),
    "approved": Badge("on-track", "check", _("Approved")),
    "adopted": Badge("on-track", "check", _("Adopted")),
    "superseded": Badge("not-started", "dash", _("Superseded")),
    "accept": Badge("on-track", "check", _("Accepted")),
    "partly": Badge("at-risk", "triangle", _("Partly accepted")),
    "reject": Badge("not-started", "cross", _("Not accepted")),
    "dropped": Badge("not-started", "cross", _("Dropped")),
    "closed": Badge("on-track", "check", _("Closed")),
    # recommendations (labels come from their enumeration)
    "issued": Badge("at-risk", "triangle", ""),
    "answered": Badge("stale", "arrow", ""),
    "in_progress": Badge("done", "half", ""),
    "rejected": Badge("not-started", "cross", ""),
}
UNKNOWN = Badge("not-started", "dash", "")


def badge_for(state: Any) -> Badge:
    """Return how to show a member of an enumeration or a plain value; an unknown one gets a dash and its own name."""
    value = getattr(state, "value", state)
    badge = BADGES.get(str(value), UNKNOWN)
    word = getattr(state, "label", None) or badge.word or str(value).replace("_", " ").capitalize()
    return badge._replace(word=word)
