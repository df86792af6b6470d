"""Queries of the pages of cities and bodies."""

from collections.abc import Collection
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from cities.enums import BodyKind, Role
from cities.models import Attendance, Body, City, Decision, Event, Membership, Person, StoredFile
from core.collation import by_title
from core.locales import current_locale

ROLE_ORDER = list(Role)  # a chair before the secretary, members last
WITH_PERSON = ("person__organisation",)


def language_name(code: str) -> str:
    return current_locale().languages.get(code, code)


def language_names(city: City) -> list[str]:
    return [language_name(code) for code in [city.language, *city.other_languages] if code]


def bodies_of(city: City) -> QuerySet[Body]:
    """Return a city's bodies, each with ``chairs``, the only members whose names are public."""
    chairs = Membership.objects.current().filter(role=Role.CHAIR).select_related(*WITH_PERSON)
    return city.bodies.prefetch_related(Prefetch("memberships", chairs, to_attr="chairs")).order_by("kind")


def members_shown(body: Body, user: Any) -> list[Membership]:
    """Return the members, with names, for insiders and network readers; for everybody else only the chair."""
    members = body.memberships.current().select_related(*WITH_PERSON)
    if not user.has_perm("cities.view_names", body):
        members = members.filter(role=Role.CHAIR)
    return sorted(by_title(members, "person.name"), key=lambda member: ROLE_ORDER.index(member.role))


def network_bodies() -> QuerySet[Body]:
    return Body.objects.filter(city=None).exclude(kind=BodyKind.NETWORK_OFFICE)


def may_read_minutes(event: Event, user: Any) -> bool:
    return Event.objects.with_minutes_visible_to(user).filter(pk=event.pk).exists()


def may_read_details(event: Event, user: Any) -> bool:
    """Return whether the user may read attendance and documentation; the public reads date, place and programme."""
    return Event.objects.with_details_visible_to(user).filter(pk=event.pk).exists()


def replaced_minutes(event: Event, user: Any) -> list[StoredFile]:
    """Return minutes that a later file has replaced, as far as the user may read them."""
    earlier = Event.history.filter(id=event.pk).exclude(minutes_file=None).exclude(minutes_file=event.minutes_file)
    return list(StoredFile.objects.visible_to(user).filter(pk__in=earlier.values("minutes_file")))


def organisations_near_q(cities: Collection[int]) -> Q:
    """Return a Q for municipalities of these cities, organisations at their location, and employers of members."""
    members = Membership.objects.current().filter(body__city__in=cities)
    names = City.objects.filter(pk__in=cities).values("name")
    return Q(governs__in=cities) | Q(location__in=names) | Q(pk__in=members.values("person__organisation"))


def people_invited_to(event: Event) -> QuerySet[Person]:
    """Return the current members of the event's body or, without one, of all bodies of the city."""
    members = Membership.objects.current()
    members = members.filter(body=event.body_id) if event.body_id else members.filter(body__city=event.city_id)
    return Person.objects.filter(pk__in=members.values("person")).select_related("user").order_by("pk")


def people_for_decisions(event: Event) -> QuerySet[Person]:
    """Return who can be responsible for a decision of the meeting: who can read it, as a member of a body.

    These are the current members of the city's bodies, or of the network's body that meets.
    """
    members = Membership.objects.current()
    city = event.host_city
    members = members.filter(body__city=city) if city else members.filter(body=event.body_id)
    return Person.objects.filter(pk__in=members.values("person"))


def open_decisions_of(person: Person, body: Body) -> QuerySet[Decision]:
    """Return the open decisions that the person is responsible for in the body's city, or in the network's body."""
    rows = Decision.objects.open().filter(responsible=person)
    return rows.of_city(body.city) if body.city_id else rows.filter(event__body=body)


def open_decisions_for(body: Body, user: Any) -> list[Decision]:
    """Return the open decisions of the body that the user may read, the one that is due first at the start."""
    rows = Decision.objects.visible_to(user).open().filter(event__body=body).select_related("responsible")
    return list(rows.order_by("due_on", "pk"))


def decisions_of(event: Event, user: Any) -> list[Decision]:
    """Return the meeting's decisions that the user may read, in the order in which they were recorded."""
    rows = Decision.objects.visible_to(user).filter(event=event).select_related("responsible__organisation")
    return list(rows.order_by("pk"))


def attendance_of(event: Event) -> tuple[list[Attendance], int]:
    """Return the rows of attendance, and how many people came in all."""
    rows = list(event.attendances.select_related(*WITH_PERSON))
    people = by_title([row for row in rows if row.person_id], "person.name")
    groups = by_title([row for row in rows if not row.person_id], "label")
    return [*people, *groups], sum(row.count for row in rows)
