"""Recipients of the notification about a report: by role, and only those who may open it."""

from typing import Any

from django.db.models import Q

from cities.enums import BodyKind, Role
from cities.models import Membership
from cities.rules import OFFICIALS
from reports.enums import Recipients
from reports.models import Report


def recipients_of(report: Report) -> list:
    """Return persons with an active account who may open the report, each once, ordered by primary key."""
    wanted = [_MEMBERSHIPS[name](report) for name in report.recipients if name in _MEMBERSHIPS]
    if not wanted:
        return []
    chosen = wanted[0]
    for more in wanted[1:]:
        chosen |= more
    rows = Membership.objects.current().filter(chosen, person__user__is_active=True)
    people = {row.person_id: row.person for row in rows.select_related("person__user").order_by("person")}
    return [person for person in people.values() if _may_open(person.user, report)]


def _may_open(user: Any, report: Report) -> bool:
    return Report.objects.visible_to(user).filter(pk=report.pk).exists()


def _of_city(report: Report) -> Q:
    officials = Q(body__kind=BodyKind.CITY_OFFICE, role__in=OFFICIALS)
    people = officials | Q(body__kind=BodyKind.EXPERT_GROUP)
    return people & Q(body__city=report.city_id) if report.city_id else people


def _partners(report: Report) -> Q:
    return Q(body__kind=BodyKind.NETWORK_OFFICE, role=Role.PARTNER)


def _committee(report: Report) -> Q:
    return Q(body__kind=BodyKind.SCIENTIFIC_COMMITTEE)


def _coordinators(report: Report) -> Q:
    return Q(body__kind=BodyKind.NETWORK_OFFICE, role=Role.COORDINATOR)


_MEMBERSHIPS = {
    Recipients.CITY: _of_city,
    Recipients.PARTNERS: _partners,
    Recipients.COMMITTEE: _committee,
    Recipients.COORDINATORS: _coordinators,
}
