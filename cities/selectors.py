"""Queries of the pages of cities and bodies."""

from collections.abc import Collection
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from cities.enums import BodyKind, Role
from cities.models import Attendance, Body, City, Event, Membership, Person, StoredFile
from core.collation import by_title
from core.locales import current_locale

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
    return sorted(by_title(members, "person.name"), key=lambda member: member.role)


def network_bodies() -> QuerySet[Body]:
    return Body.objects.filter(city=None).exclude(kind=BodyKind.NETWORK_OFFICE)


def may_read_minutes(event: Event, user: Any) -> bool:
    """Return whether the user may read minutes and decisions; the public reads date, place and programme."""
    return Event.objects.with_minutes_visible_to(user).filter(pk=event.pk).exists()


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


def attendance_of(event: Event) -> tuple[list[Attendance], int]:
    """Return the rows of attendance, and how many people came in all."""
    rows = list(event.attendances.select_related(*WITH_PERSON))
    people = by_title([row for row in rows if row.person_id], "person.name")
    groups = by_title([row for row in rows if not row.person_id], "label")
    return [*people, *groups], sum(row.count for row in rows)
