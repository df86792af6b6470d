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
    committee = Membership.objects.current().filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE).values("person")
    appointed = SubstituteAppointment.objects.filter(evaluation=evaluation).values("person")
    members = Q(pk__in=committee) | Q(pk__in=appointed)  # not Exists, for which a database reads everybody
    return people_without_role(evaluation).filter(members, user__is_active=True).select_related("user")


def people_near(evaluation: Evaluation) -> set[int]:
    """Return ids of persons: members of the city's bodies and of those of the network, and who takes part already."""
    city = evaluation.strategy.city_id
    members = Membership.objects.current().filter(Q(body__city=city) | Q(body__city=None))
    raters = RaterAssignment.objects.filter(evaluation=evaluation)
    substitutes = SubstituteAppointment.objects.filter(evaluation=evaluation)
    first, *others = (rows.order_by().values_list("person", flat=True) for rows in (members, raters, substitutes))
    ids = set(first.union(*others))
    return ids | ({evaluation.moderator_id} if evaluation.moderator_id else set())


def assignable_raters(evaluation: Evaluation) -> QuerySet[Person]:
    """Return persons with an active account who neither rate nor moderate it. The service checks the capacity."""
    assigned = RaterAssignment.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    return (
        Person.objects.filter(~Exists(assigned), user__is_active=True)
        .exclude(pk=evaluation.moderator_id or 0)
        .select_related("organisation")
    )
