"""Where a user works: what the navigation offers, and where the front page leads after login."""

from django.urls import reverse

from cities.enums import Role
from cities.rules import active_roles, has_network_role, insider_city_ids, is_scientific_member, person_of
from evaluation.rules import duties_of


def has_evaluation_work(user) -> bool:
    """Return whether the user is asked to rate or to moderate; read once for each user object."""
    person = person_of(user)
    if person is None:
        return False
    duties = duties_of(person)
    return duties.rates or duties.moderates


def is_appointed_substitute(user) -> bool:
    """Return whether a coordinator has ever appointed the user to decide on an evaluation."""
    person = person_of(user)
    return person is not None and duties_of(person).substitutes


def has_work(user) -> bool:
    """Return whether My work may have tasks: for members of city bodies, raters, moderators and coordinators."""
    return bool(insider_city_ids(user)) or has_network_role(user, Role.COORDINATOR) or has_evaluation_work(user)


def landing_url(user) -> str | None:
    """Return My work for city members and raters, the review queue for the committee, else the dashboards.

    Returns None for users without any role.
    """
    if insider_city_ids(user) or has_evaluation_work(user):
        return reverse("strategies:my_work")
    if is_scientific_member(user):
        return reverse("admin:evaluation_review_queue")
    return reverse("dashboards:network") if active_roles(user) else None
