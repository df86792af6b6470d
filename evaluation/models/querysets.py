"""Who sees which evaluation, rating and report.

Two rules have no exception, not even for superusers and coordinators: ratings are hidden until the discussion begins,
and nobody with a conflict of interest rates as peer or committee, moderates or decides.
"""

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value

from cities.enums import Role
from cities.models import Membership
from cities.rules import (
    has_network_role,
    insider_city_ids,
    is_scientific_member,
    lead_city_ids,
    official_city_ids,
    person_of,
)
from core.models import FrozenQuerySet
from evaluation.enums import FROM_DISCUSS, FROM_REVIEW, INDEPENDENT, Capacity, Stage
from evaluation.rules import duties_of
from strategies.models import Action

CITY_CAPACITIES = {Capacity.SELF, Capacity.EXPERT_GROUP}  # people of the city: they may rate it despite their conflict


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return rounds with an evaluation visible to the user; all rounds for coordinators and the committee."""
        if has_network_role(user, Role.COORDINATOR) or is_scientific_member(user):
            return self
        evaluations = self.model.evaluations.rel.related_model.objects.visible_to(user).filter(round=OuterRef("pk"))
        return self.filter(Exists(evaluations))


def conflict_q(person, prefix: str = "") -> Q:
    """Return a Q over Evaluation for those in which ``person`` has a conflict of interest.

    A conflict is declared, or computed: the person is or was a member of a body of the city, or belongs to the city's
    municipality or to an organisation that owns one of the strategy's actions. ``prefix`` is the path to the
    evaluation. ``selectors.people.people_in_conflict`` is the same rule over Person: change both together.
    """
    from .rounds import ConflictOfInterest

    evaluation, city = OuterRef(f"{prefix}pk"), OuterRef(f"{prefix}strategy__city")
    declared = ConflictOfInterest.objects.filter(evaluation=evaluation, person=person.pk, withdrawn_at=None)
    member = Membership.objects.filter(body__city=city, person=person.pk)
    conflict = Q(Exists(declared)) | Q(Exists(member))
    if person.organisation_id:
        owned = Action.objects.filter(
            objective__area__strategy=OuterRef(f"{prefix}strategy"), owner=person.organisation_id, withdrawn_at=None
        )
        conflict |= Q(**{f"{prefix}strategy__city__municipality": person.organisation_id}) | Q(Exists(owned))
    return conflict


def _in_any(path: str, *querysets) -> Q:
    """Return a Q for rows whose ``path`` is in any of the querysets. Empty querysets cost no subquery."""
    found = Q(pk__in=[])
    for rows in querysets:
        if not rows.query.is_empty():
            found |= Q(**{f"{path}__in": rows.values("pk")})
    return found


class EvaluationQuerySet(models.QuerySet):
    def with_related(self):
        return self.select_related(
            "round__framework", "round__period", "strategy__city", "moderator", "revision__city_period"
        )

    def without_conflict(self, person):
        return self.filter(~conflict_q(person))

    def rated_by(self, person):
        """Return evaluations the person is assigned to rate; a conflict excludes peer and committee raters."""
        from .rounds import RaterAssignment

        if not duties_of(person).rates:
            return self.none()
        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        beside = assigned.filter(capacity__in=CITY_CAPACITIES)
        return self.filter(Exists(beside) | (Q(Exists(assigned)) & ~conflict_q(person)))

    def moderated_by(self, person):
        if not duties_of(person).moderates:
            return self.none()
        return self.filter(~conflict_q(person), moderator=person.pk)

    def reviewable_by(self, user):
        """Return evaluations the user may review as committee member or substitute, now or at a later stage.

        Leaves out those the user has a conflict with, rates or moderates.
        """
        from .ratings import Assessment
        from .rounds import RaterAssignment, SubstituteAppointment

        person = person_of(user)
        if person is None or not (is_scientific_member(user) or duties_of(person).substitutes):
            return self.none()
        rated = Assessment.objects.filter(evaluation=OuterRef("pk"), rater=person.pk)
        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        free = self.filter(~conflict_q(person), ~Exists(rated), ~Exists(assigned)).exclude(moderator=person.pk)
        if is_scientific_member(user):
            return free
        appointed = SubstituteAppointment.objects.filter(evaluation=OuterRef("pk"), person=person.pk)
        return free.filter(Exists(appointed))

    def reviewed_by(self, user):
        """Return evaluations whose ratings and reviews the user sees as a committee member or as a substitute."""
        if is_scientific_member(user):
            return self.without_conflict(person_of(user))
        return self.reviewable_by(user)

    def with_roles_of(self, user):
        """Annotate ``is_rater``, ``is_moderator``, ``is_reviewer`` in one query. Equal to the rules of these names."""
        person, rows = person_of(user), self.model.objects
        if person is None:
            return self.annotate(is_rater=Value(False), is_moderator=Value(False), is_reviewer=Value(False))
        return self.annotate(
            is_rater=_is_among(rows.rated_by(person)),
            is_moderator=_is_among(rows.moderated_by(person)),
            is_reviewer=_is_among(rows.reviewable_by(user)),
        )

    def visible_to(self, user):
        """Return evaluations whose existence and stage the user may see.

        Committee members see those they have no conflict with; substitutes those they may review.
        """
        seen = Q(stage=Stage.PUBLISHED) | Q(strategy__city__in=insider_city_ids(user))
        person = person_of(user)
        if person is None:
            return self.filter(Q(stage=Stage.PUBLISHED))
        if has_network_role(user, Role.COORDINATOR, Role.PARTNER, Role.TRAINER):
            return self
        rows = self.model.objects
        seen |= _in_any("pk", rows.rated_by(person), rows.moderated_by(person))
        if is_scientific_member(user):
            seen |= ~conflict_q(person)
        else:
            seen |= _in_any("pk", rows.reviewable_by(user))
        return self.filter(seen)


def _is_among(rows):
    return Value(False) if rows.query.is_empty() else Exists(rows.filter(pk=OuterRef("pk")))


class AssignmentQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """Return the user's own assignments and those of evaluations the user moderates; all for coordinators."""
        from .rounds import Evaluation

        person = person_of(user)
        if person is None:
            return self.none()
        if has_network_role(user, Role.COORDINATOR):
            return self
        return self.filter(Q(person=person.pk) | _in_any("evaluation", Evaluation.objects.moderated_by(person)))


def _evaluations_with_visible_ratings(user, person, path: str) -> Q:
    """Return a Q for rows of evaluations whose submitted ratings the user sees, with the raters' names.

    ``path`` is the lookup from the row to its evaluation.
    """
    from .rounds import Evaluation

    discussed = Evaluation.objects.filter(stage__in=FROM_DISCUSS)
    reviewed = Evaluation.objects.filter(stage__in=FROM_REVIEW)
    return _in_any(path, discussed.rated_by(person), discussed.moderated_by(person), reviewed.reviewed_by(user))


def _is_withdrawn(evaluation: str, rater: str):
    """Return an Exists for raters who were withdrawn and not assigned again: their ratings no longer count.

    ``evaluation`` and ``rater`` are lookup paths of the outer query.
    """
    from .rounds import RaterAssignment

    of_rater = RaterAssignment.objects.filter(evaluation=OuterRef(evaluation), person=OuterRef(rater))
    return Exists(of_rater.exclude(withdrawn_at=None)) & ~Exists(of_rater.filter(withdrawn_at=None))


class AssessmentQuerySet(models.QuerySet):
    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def counted(self):
        """Return submitted assessments whose rater was not withdrawn."""
        return self.submitted().filter(~_is_withdrawn("evaluation", "rater"))

    def visible_to(self, user):
        """Return the user's own, and other people's submitted ones wherever the user may see the ratings."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(submitted_at__isnull=False) & _evaluations_with_visible_ratings(user, person, "evaluation")
        return self.filter(Q(rater=person.pk) | others)


class RatingQuerySet(models.QuerySet):
    def counted(self):
        """Return ratings of assessments that count. Does not check visibility: combine with ``visible_to``."""
        left_out = _is_withdrawn("assessment__evaluation", "assessment__rater")
        return self.filter(~left_out, assessment__submitted_at__isnull=False)

    def independent(self):
        return self.filter(assessment__capacity__in=INDEPENDENT)

    def visible_to(self, user):
        """Return ratings visible to the user. Before the discuss stage only the author's own, whoever the user is."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(assessment__submitted_at__isnull=False) & _evaluations_with_visible_ratings(
            user, person, "assessment__evaluation"
        )
        return self.filter(Q(assessment__rater=person.pk) | others)


class ConsensusQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return published ones; from review on also for the city's leads and the committee; the moderator's own."""
        from .rounds import Evaluation

        seen = Q(evaluation__stage=Stage.PUBLISHED)
        seen |= Q(evaluation__stage__in=FROM_REVIEW, evaluation__strategy__city__in=lead_city_ids(user))
        person = person_of(user)
        if person is not None:
            moderated = Evaluation.objects.filter(stage__in=FROM_DISCUSS).moderated_by(person)
            reviewed = Evaluation.objects.filter(stage__in=FROM_REVIEW)
            seen |= _in_any("evaluation", moderated, reviewed.reviewed_by(user))
        return self.filter(seen)


class DiscussionNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return notes visible like the ratings: raters and moderator from discuss on, the committee from review on."""
        person = person_of(user)
        if person is None:
            return self.none()
        return self.filter(_evaluations_with_visible_ratings(user, person, "evaluation"))


class ReviewQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        """Return reviews for committee members without a conflict and for substitutes; for others once published."""
        return self.filter(_published_for(user) | _reviewed_by(user))


class QuestionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(answered_at=None)

    def visible_to(self, user):
        """Return questions for the city's officials, the committee and substitutes; for others once published."""
        asked = Q(evaluation__strategy__city__in=official_city_ids(user))
        return self.filter(asked | _published_for(user) | _reviewed_by(user))


def _published_for(user) -> Q:
    """Return a Q for published evaluations whose committee texts the user sees: people of the city, network office."""
    published = Q(evaluation__stage=Stage.PUBLISHED)
    if has_network_role(user, Role.PARTNER, Role.TRAINER, Role.COORDINATOR):
        return published
    return published & Q(evaluation__strategy__city__in=insider_city_ids(user))


def _reviewed_by(user) -> Q:
    """Return a Q for rows of evaluations in which the user sees the committee's reviews before publication."""
    from .rounds import Evaluation

    return _in_any("evaluation", Evaluation.objects.reviewed_by(user))
