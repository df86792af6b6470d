import uuid
from datetime import UTC, date, datetime
from functools import cache

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from accounts.models import User
from cities.enums import NETWORK_BODIES, BodyKind, EventKind, FileState, OrganisationKind, Role
from cities.models import Body, City, Decision, Event, Membership, Organisation, Person, StoredFile, Theme
from cities.rules import clear_role_cache

from .figures import actions_of_member, refreshed

PASSWORD = "a-long-test-password"
hashed = cache(make_password)  # once for each process: hashing is slow on purpose


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@town.example")
    password = factory.LazyFunction(lambda: hashed(PASSWORD))


class ThemeFactory(DjangoModelFactory):
    class Meta:
        model = Theme

    code = factory.Sequence(lambda n: f"theme-{n}")
    name = factory.Sequence(lambda n: f"Theme {n}")


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Organisation {n}")
    kind = OrganisationKind.MUNICIPALITY
    country = "SE"


class PersonFactory(DjangoModelFactory):
    class Meta:
        model = Person

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda person: person.user.email if person.user else "")
    user = factory.SubFactory(UserFactory)


class CityFactory(DjangoModelFactory):
    class Meta:
        model = City

    name = factory.Sequence(lambda n: f"Town {n}")
    slug = factory.Sequence(lambda n: f"town-{n}")
    municipality = factory.SubFactory(OrganisationFactory)
    country = "SE"
    latitude = "58.41"
    longitude = "15.62"
    currency = "SEK"
    language = "sv"
    timezone = "Europe/Stockholm"


class BodyFactory(DjangoModelFactory):
    class Meta:
        model = Body
        django_get_or_create = ("kind", "city")

    kind = BodyKind.CITY_OFFICE
    city = factory.LazyAttribute(lambda body: None if body.kind in NETWORK_BODIES else CityFactory())
    name = factory.LazyAttribute(lambda body: f"{body.kind} of {body.city or 'the network'}")


@refreshed(actions_of_member)
class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    person = factory.SubFactory(PersonFactory)
    body = factory.SubFactory(BodyFactory)
    role = Role.OFFICIAL
    valid_from = date(2020, 1, 1)


class EventFactory(DjangoModelFactory):
    class Meta:
        model = Event

    kind = EventKind.MEETING
    city = factory.SubFactory(CityFactory)
    title = factory.Sequence(lambda n: f"Meeting {n}")
    starts_at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    minutes_state = factory.LazyAttribute(lambda event: "draft" if event.minutes or event.minutes_file else "")
    minutes = ""
    minutes_file = None


class DecisionFactory(DjangoModelFactory):
    class Meta:
        model = Decision

    event = factory.SubFactory(EventFactory)
    text = factory.Sequence(lambda n: f"Decision {n}.")
    responsible = factory.SubFactory(PersonFactory)
    due_on = date(2026, 6, 30)


class StoredFileFactory(DjangoModelFactory):
    class Meta:
        model = StoredFile

    name = factory.Sequence(lambda n: f"file-{n}.pdf")
    content_type = "application/pdf"
    size = 10
    sha256 = "0" * 64
    path = factory.LazyFunction(lambda: f"test/{uuid.uuid4()}")
    state = FileState.PENDING
    uploaded_by = factory.SubFactory(UserFactory)


def member(kind, role, city=None, *, user=None, seat="", valid_to=None, organisation=None) -> User:
    """Return a user whose person has ``role`` in the body of ``kind``, of ``city`` if given."""
    body = BodyFactory(kind=kind, city=city)
    person = getattr(user, "person", None) if user else None
    if person is None:
        person = PersonFactory(user=user or UserFactory(), organisation=organisation)
    MembershipFactory(person=person, body=body, role=role, seat=seat, valid_to=valid_to)
    clear_role_cache(person.user)
    return person.user
