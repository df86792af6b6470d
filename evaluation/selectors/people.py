"""Who may take part in an evaluation: the same rules as ``querysets.conflict_of``, asked for many persons at once."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from cities.enums import BodyKind
from cities.models import Membership, Person
from evaluation.models import Assessment, ConflictOfInterest, Evaluation, RaterAssignment, SubstituteAppointment
from strategies.models import Action


def people_in_conflict(evaluation: Evaluation) -> Q:
    """Over Person: declared; of the same city, now or before; of the city's own house or one that owns its actions."""
    city = evaluation.strategy.city
    declared = ConflictOfInterest.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    member = Membership.objects.filter(body__city=city, person=OuterRef("pk"))
    owners = Action.objects.filter(
        objective__area__strategy=evaluation.strategy_id, owner__isnull=False, withdrawn_at=None
    ).values("owner")
    houses = Q(organisation=city.municipality_id) | Q(organisation__in=owners)
    return Q(Exists(declared)) | Q(Exists(member)) | houses


def people_free(evaluation: Evaluation) -> QuerySet[Person]:
    """Without conflict, and neither rating nor moderating it: they may review it, or be given a task in it."""
    assigned = RaterAssignment.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    rated = Assessment.objects.filter(evaluation=evaluation, rater=OuterRef("pk"))
    return (
        Person.objects.exclude(people_in_conflict(evaluation) & Q(pk__isnull=False))
        .exclude(pk=evaluation.moderator_id or 0)
        .filter(~Exists(assigned), ~Exists(rated))
    )


def eligible_members(evaluation: Evaluation) -> QuerySet[Person]:
    """Who may decide: current committee members and appointed substitutes, free and with an account to do it with."""
    committee = Membership.objects.current().filter(person=OuterRef("pk"), body__kind=BodyKind.SCIENTIFIC_COMMITTEE)
    appointed = SubstituteAppointment.objects.filter(evaluation=evaluation, person=OuterRef("pk"))
    return (
        people_free(evaluation)
        .filter(Q(Exists(committee)) | Q(Exists(appointed)), user__is_active=True)
        .select_related("user")
    )


def raters_to_choose(evaluation: Evaluation) -> QuerySet[Person]:
    """Persons with an account who do not rate it yet; who may in which capacity, the service decides."""
    assigned = RaterAssignment.objects.filter(evaluation=evaluation, person=OuterRef("pk"), withdrawn_at=None)
    return (
        Person.objects.filter(~Exists(assigned), user__is_active=True)
        .exclude(pk=evaluation.moderator_id or 0)
        .select_related("organisation")
    )
