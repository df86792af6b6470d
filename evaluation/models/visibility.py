"""Who sees which rating and report: conditions that several models share (docs/access.md).

Two rules have no exception, not even for superusers and coordinators: ratings are hidden until the discussion begins,
and nobody with a conflict of interest rates as peer or committee, moderates or decides.
"""

from django.db.models import Exists, OuterRef, Q

from cities.enums import Role
from cities.rules import has_network_role, insider_city_ids, is_scientific_member, person_of
from evaluation.enums import FROM_DISCUSS, FROM_REVIEW, Stage

from .rounds import Evaluation, RaterAssignment


def evaluations_with_visible_ratings(user, person):
    """Return evaluations whose submitted ratings the user sees, with the raters' names."""
    discussed = Evaluation.objects.filter(stage__in=FROM_DISCUSS)
    seen = Q(pk__in=discussed.rated_by(person).values("pk")) | Q(pk__in=discussed.moderated_by(person).values("pk"))
    seen |= Q(pk__in=Evaluation.objects.filter(stage__in=FROM_REVIEW).reviewable_by(user).values("pk"))
    if is_scientific_member(user):
        seen |= Q(pk__in=Evaluation.objects.filter(stage__in=FROM_REVIEW).without_conflict(person).values("pk"))
    return Evaluation.objects.filter(seen)


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


def reviewed_by(user):
    """Return evaluations in which the user sees the committee's reviews and questions before publication."""
    person = person_of(user)
    if person is None:
        return Evaluation.objects.none()
    seen = Q(pk__in=Evaluation.objects.reviewable_by(user).values("pk"))
    if is_scientific_member(user):
        seen |= Q(pk__in=Evaluation.objects.without_conflict(person).values("pk"))
    return Evaluation.objects.filter(seen)
