"""What the pages of cities and bodies read."""

from typing import Any

from django.db.models import Prefetch, QuerySet, Sum

from cities.enums import BodyKind, Role
from cities.models import Attendance, Body, City, Event, Membership, StoredFile
from core.locales import current_locale

WITH_PERSON = ("person__organisation",)


def country_name(code: str) -> str:
    return current_locale().territories.get(code, code)


def language_name(code: str) -> str:
    return current_locale().languages.get(code, code)


def language_names(city: City) -> list[str]:
    return [language_name(code) for code in [city.language, *city.other_languages] if code]


def bodies_of(city: City) -> QuerySet[Body]:
    """A city's bodies, each with ``chairs``: those alone are named to everybody."""
    chairs = Membership.objects.current().filter(role=Role.CHAIR).select_related(*WITH_PERSON)
    return city.bodies.prefetch_related(Prefetch("memberships", chairs, to_attr="chairs")).order_by("kind")


def members_shown(body: Body, user: Any) -> QuerySet[Membership]:
    """The members by name for insiders and the network; for everybody else the chair."""
    members = body.memberships.current().select_related(*WITH_PERSON).order_by("role", "person__name")
    return members if user.has_perm("cities.view_names", body) else members.filter(role=Role.CHAIR)


def network_bodies() -> QuerySet[Body]:
    return Body.objects.filter(city=None).exclude(kind=BodyKind.NETWORK_OFFICE)


def reads_all_of(event: Event, user: Any) -> bool:
    """Minutes and decisions are for the city and the network; the public reads date, place and programme."""
    return Event.objects.read_whole_by(user).filter(pk=event.pk).exists()


def replaced_minutes(event: Event, user: Any) -> list[StoredFile]:
    """Minutes that a later file took the place of; the files' own rule says who reads them."""
    earlier = Event.history.filter(id=event.pk).exclude(minutes_file=None).exclude(minutes_file=event.minutes_file)
    return list(StoredFile.objects.visible_to(user).filter(pk__in=earlier.values("minutes_file")))


def attendance_of(event: Event) -> tuple[QuerySet[Attendance], int]:
    """Who came, and how many in all."""
    rows = event.attendances.select_related(*WITH_PERSON).order_by("person__name", "label")
    return rows, rows.aggregate(total=Sum("count"))["total"] or 0
