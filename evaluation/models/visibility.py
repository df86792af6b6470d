"""Who sees which rating and report: conditions that several models share (docs/access.md).

Two rules have no exception, not even for superusers and coordinators: ratings are hidden until the discussion begins,
and nobody with a conflict of interest rates as peer or committee, moderates or decides.
"""

from django.db.models import Exists, OuterRef, Q

from cities.enums import Role
from cities.rules import has_network_role, insider_city_ids
from evaluation.enums import FROM_DISCUSS, FROM_REVIEW, Stage

from .rounds import Evaluation, RaterAssignment, in_any


def visible_ratings_q(user, person, path: str) -> Q:
    """Return a Q for rows of evaluations whose submitted ratings the user sees, with the raters' names.

    ``path`` is the lookup from the row to its evaluation.
    """
    discussed = Evaluation.objects.filter(stage__in=FROM_DISCUSS)
    reviewed = Evaluation.objects.filter(stage__in=FROM_REVIEW)
    return in_any(path, discussed.discussed_by(person), discussed.moderated_by(person), reviewed.reviewed_by(user))


def is_withdrawn(evaluation: str, rater: str):
    """Return an Exists for raters who were withdrawn and not assigned again: their ratings no longer count.

    ``evaluation`` and ``rater`` are lookup paths of the outer query.
    """
    of_rater = RaterAssignment.objects.filter(evaluation=OuterRef(evaluation), person=OuterRef(rater))
    return Exists(of_rater.exclude(withdrawn_at=None)) & ~Exists(of_rater.filter(withdrawn_at=None))


def published_for(user) -> Q:
    """Return a Q for published evaluations whose committee texts the user sees: people of the city, network office."""
    published = Q(evaluation__stage=Stage.PUBLISHED)
    if has_network_role(user, Role.PARTNER, Role.TRAINER, Role.COORDINATOR):
        return published
    return published & Q(evaluation__strategy__city__in=insider_city_ids(user))


def reviewed_by_q(user) -> Q:
    """Return a Q for rows of evaluations in which the user sees the committee's reviews before publication."""
    return in_any("evaluation", Evaluation.objects.reviewed_by(user))
