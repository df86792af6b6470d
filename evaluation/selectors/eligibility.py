"""Who may take part in an evaluation, as querysets of persons. Conflicts: ``models.rounds.conflict_condition``."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from cities.enums import BodyKind
from cities.models import Membership, Person
from evaluation.models import Assessment, Evaluation, RaterAssignment, SubstituteAppointment
from evaluation.models.rounds import people_in_conflict


def people_without_role(evaluation: Evaluation) -> QuerySet[Person]:
    """Return persons who have no conflict with the evaluation, do not rate it and do not moderate it."""
    assigned = RaterAssignment.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    rated = Assessment.objects.filter(evaluation=evaluation, rater=OuterRef("pk"))
    return (
        Person.objects.exclude(people_in_conflict(evaluation) & Q(pk__isnull=False))
        .exclude(pk=evaluation.moderator_id or 0)
        .filter(~Exists(assigned), ~Exists(rated))
    )


def eligible_members(evaluation: Evaluation) -> QuerySet[Person]:
    """Return who may decide: current committee members and substitutes with an active account, see
    ``people_without_role``.
    """
    committee = Membership.objects.current().filter(person=OuterRef("pk"), body__kind=BodyKind.SCIENTIFIC_COMMITTEE)
    appointed = SubstituteAppointment.objects.filter(evaluation=evaluation, person=OuterRef("pk"))
    return (
        people_without_role(evaluation)
        .filter(Q(Exists(committee)) | Q(Exists(appointed)), user__is_active=True)
        .select_related("user")
    )


def people_near_q(evaluation: Evaluation) -> Q:
    """Return a Q over Person: members of the city's bodies and of those of the network, and who takes part already."""
    city = evaluation.strategy.city_id
    members = Membership.objects.current().filter(Q(body__city=city) | Q(body__city=None))
    near = Q(pk__in=members.values("person")) | Q(pk=evaluation.moderator_id)
    for rows in (RaterAssignment, SubstituteAppointment):
        near |= Q(pk__in=rows.objects.filter(evaluation=evaluation).values("person"))
    return near


def assignable_raters(evaluation: Evaluation) -> QuerySet[Person]:
    """Return persons with an active account who neither rate nor moderate it. The service checks the capacity."""
    assigned = RaterAssignment.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    return (
        Person.objects.filter(~Exists(assigned), user__is_active=True)
        .exclude(pk=evaluation.moderator_id or 0)
        .select_related("organisation")
    )
