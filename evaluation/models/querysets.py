"""Who sees which evaluation, rating and report. Blindness and conflict have no exception, for nobody."""

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value

from cities.enums import Role
from cities.models import Membership
from cities.rules import (
    has_network_role,
    insider_cities,
    is_scientific_member,
    lead_cities,
    official_cities,
    person_of,
)
from core.models import FrozenQuerySet
from evaluation.enums import FROM_DISCUSS, FROM_REVIEW, INDEPENDENT, Capacity, Stage
from strategies.models import Action

BESIDE = {Capacity.SELF, Capacity.EXPERT_GROUP}  # people of the city rate it in these capacities, conflict or not


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Rounds with an evaluation that the user sees; all for coordinators and the committee."""
        if has_network_role(user, Role.COORDINATOR) or is_scientific_member(user):
            return self
        evaluations = self.model.evaluations.rel.related_model.objects.visible_to(user).filter(round=OuterRef("pk"))
        return self.filter(Exists(evaluations))


def conflict_of(person, prefix: str = "") -> Q:
    """Evaluations that ``person`` must keep away from: declared; of the same city, now or before; of the same house."""
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


class EvaluationQuerySet(models.QuerySet):
    def with_place(self):
        return self.select_related(
            "round__framework", "round__period", "strategy__city", "moderator", "revision__city_period"
        )

    def without_conflict(self, person):
        return self.filter(~conflict_of(person))

    def rated_by(self, person):
        """Assigned to rate, and free to: a peer or committee rater in conflict is not."""
        from .rounds import RaterAssignment

        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        beside = assigned.filter(capacity__in=BESIDE)
        return self.filter(Exists(beside) | (Q(Exists(assigned)) & ~conflict_of(person)))

    def moderated_by(self, person):
        return self.filter(~conflict_of(person), moderator=person.pk)

    def on_desk_of(self, user):
        """For a committee member: what she may review, now or later; conflicts and own ratings left out."""
        from .ratings import Assessment
        from .rounds import RaterAssignment, SubstituteAppointment

        person = person_of(user)
        if person is None:
            return self.none()
        rated = Assessment.objects.filter(evaluation=OuterRef("pk"), rater=person.pk)
        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        free = self.filter(~conflict_of(person), ~Exists(rated), ~Exists(assigned)).exclude(moderator=person.pk)
        if is_scientific_member(user):
            return free
        appointed = SubstituteAppointment.objects.filter(evaluation=OuterRef("pk"), person=person.pk)
        return free.filter(Exists(appointed))

    def with_part_of(self, user):
        """Adds ``is_rater``, ``is_moderator``, ``is_reviewer``: what the rules of these names say, in one query."""
        person, rows = person_of(user), self.model.objects
        if person is None:
            return self.annotate(is_rater=Value(False), is_moderator=Value(False), is_reviewer=Value(False))
        here = {"pk": OuterRef("pk")}
        return self.annotate(
            is_rater=Exists(rows.rated_by(person).filter(**here)),
            is_moderator=Exists(rows.moderated_by(person).filter(**here)),
            is_reviewer=Exists(rows.on_desk_of(user).filter(**here)),
        )

    def visible_to(self, user):
        """That it is, and its stage. The committee and substitutes see what they are free to review."""
        seen = Q(stage=Stage.PUBLISHED) | Q(strategy__city__in=insider_cities(user))
        person = person_of(user)
        if person is None:
            return self.filter(Q(stage=Stage.PUBLISHED))
        if has_network_role(user, Role.COORDINATOR, Role.PARTNER, Role.TRAINER):
            return self
        for rows in (self.model.objects.rated_by(person), self.model.objects.moderated_by(person)):
            seen |= Q(pk__in=rows.values("pk"))
        if is_scientific_member(user):
            seen |= ~conflict_of(person)
        else:
            seen |= Q(pk__in=self.model.objects.on_desk_of(user).values("pk"))
        return self.filter(seen)


class AssignmentQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """One's own; the moderator's; coordinators assign."""
        from .rounds import Evaluation

        person = person_of(user)
        if person is None:
            return self.none()
        if has_network_role(user, Role.COORDINATOR):
            return self
        moderated = Evaluation.objects.moderated_by(person).values("pk")
        return self.filter(Q(person=person.pk) | Q(evaluation__in=moderated))


def _others_seen_by(user, person):
    """Evaluations whose submitted ratings the user sees by name."""
    from .rounds import Evaluation

    discussed = Evaluation.objects.filter(stage__in=FROM_DISCUSS)
    seen = Q(pk__in=discussed.rated_by(person).values("pk")) | Q(pk__in=discussed.moderated_by(person).values("pk"))
    seen |= Q(pk__in=Evaluation.objects.filter(stage__in=FROM_REVIEW).on_desk_of(user).values("pk"))
    if is_scientific_member(user):
        seen |= Q(pk__in=Evaluation.objects.filter(stage__in=FROM_REVIEW).without_conflict(person).values("pk"))
    return Evaluation.objects.filter(seen)


def _left_out(evaluation: str, rater: str):
    """Raters that were withdrawn and not named again: what they submitted no longer counts."""
    from .rounds import RaterAssignment

    of_rater = RaterAssignment.objects.filter(evaluation=OuterRef(evaluation), person=OuterRef(rater))
    return Exists(of_rater.exclude(withdrawn_at=None)) & ~Exists(of_rater.filter(withdrawn_at=None))


class AssessmentQuerySet(models.QuerySet):
    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def counted(self):
        """Submitted, and the rater was not withdrawn since."""
        return self.submitted().filter(~_left_out("evaluation", "rater"))

    def visible_to(self, user):
        """One's own always; others' submitted ones as their ratings."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(submitted_at__isnull=False, evaluation__in=_others_seen_by(user, person).values("pk"))
        return self.filter(Q(rater=person.pk) | others)


class RatingQuerySet(models.QuerySet):
    def counted(self):
        """Of assessments that count; whether a reader may see that is asked apart."""
        left_out = _left_out("assessment__evaluation", "assessment__rater")
        return self.filter(~left_out, assessment__submitted_at__isnull=False)

    def independent(self):
        return self.filter(assessment__capacity__in=INDEPENDENT)

    def visible_to(self, user):
        """Before the discuss stage nobody but the author, whoever asks."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(
            assessment__submitted_at__isnull=False,
            assessment__evaluation__in=_others_seen_by(user, person).values("pk"),
        )
        return self.filter(Q(assessment__rater=person.pk) | others)


class ConsensusQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Published ones; the city's leads and the committee from review on; the moderator's own."""
        from .rounds import Evaluation

        seen = Q(evaluation__stage=Stage.PUBLISHED)
        seen |= Q(evaluation__stage__in=FROM_REVIEW, evaluation__strategy__city__in=lead_cities(user))
        person = person_of(user)
        if person is not None:
            moderated = Evaluation.objects.filter(stage__in=FROM_DISCUSS).moderated_by(person)
            reviewed = Evaluation.objects.filter(stage__in=FROM_REVIEW)
            seen |= Q(evaluation__in=moderated.values("pk"))
            seen |= Q(evaluation__in=reviewed.on_desk_of(user).values("pk"))
            if is_scientific_member(user):
                seen |= Q(evaluation__in=reviewed.without_conflict(person).values("pk"))
        return self.filter(seen)


class DiscussionNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the ratings that it is about: raters and moderator from discuss on, the committee from review on."""
        person = person_of(user)
        if person is None:
            return self.none()
        return self.filter(evaluation__in=_others_seen_by(user, person).values("pk"))


class ReviewQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        """Members free of conflict, and substitutes: they have to concur. Others once published."""
        return self.filter(_published_for(user) | Q(evaluation__in=_reviewed_by(user).values("pk")))


class QuestionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(answered_at=None)

    def visible_to(self, user):
        """The city's officials, who answer; the committee and substitutes. Others once published."""
        asked = Q(evaluation__strategy__city__in=official_cities(user))
        return self.filter(asked | _published_for(user) | Q(evaluation__in=_reviewed_by(user).values("pk")))


def _published_for(user) -> Q:
    """What the committee said in a published evaluation: for people of the city, and the network office."""
    published = Q(evaluation__stage=Stage.PUBLISHED)
    if has_network_role(user, Role.PARTNER, Role.TRAINER, Role.COORDINATOR):
        return published
    return published & Q(evaluation__strategy__city__in=insider_cities(user))


def _reviewed_by(user):
    """Evaluations in which the user sees what the committee says."""
    from .rounds import Evaluation

    person = person_of(user)
    if person is None:
        return Evaluation.objects.none()
    seen = Q(pk__in=Evaluation.objects.on_desk_of(user).values("pk"))
    if is_scientific_member(user):
        seen |= Q(pk__in=Evaluation.objects.without_conflict(person).values("pk"))
    return Evaluation.objects.filter(seen)
