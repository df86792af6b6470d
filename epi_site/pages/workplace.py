"""Where somebody works: what the navigation offers, and where the front page leads after signing in."""

from django.db.models import Exists, OuterRef
from django.urls import reverse

from cities.enums import Role
from cities.models import Person
from cities.rules import has_network_role, insider_cities, is_scientific_member, offices_of, person_of
from evaluation.models import Evaluation, RaterAssignment


def has_evaluation_work(user) -> bool:
    """Asked to rate or to moderate; read once for each user object."""
    person = person_of(user)
    if person is None:
        return False
    if not hasattr(user, "_epi_evaluates"):
        rates = RaterAssignment.objects.standing().filter(person=OuterRef("pk"))
        moderates = Evaluation.objects.filter(moderator=OuterRef("pk"))
        found = Person.objects.filter(Exists(rates) | Exists(moderates), pk=person.pk)
        user._epi_evaluates = found.exists()
    return user._epi_evaluates


def has_work(user) -> bool:
    """Things may wait for them: people of cities, raters and moderators, and coordinators."""
    return bool(insider_cities(user)) or has_network_role(user, Role.COORDINATOR) or has_evaluation_work(user)


def workplace_url(user) -> str | None:
    """My work for who logs or rates, the desk for the committee, else the dashboards; None without an office."""
    if insider_cities(user) or has_evaluation_work(user):
        return reverse("strategies:my_work")
    if is_scientific_member(user):
        return reverse("admin:evaluation_desk_queue")
    return reverse("dashboards:network") if offices_of(user) else None
