"""One person for each role in a city and in the network."""

from django.contrib.auth.models import AnonymousUser
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from cities.enums import BodyKind, Role, Seat
from cities.models import Body, Membership, Person
from cities.rules import clear_role_cache
from core import clock

from .people import BodyFactory, MembershipFactory, PersonFactory, UserFactory


def one_for_each_role(city, other_city) -> dict:
    """Return a user for each role; city roles belong to ``city``. ``former`` has left; ``superuser`` has no role.

    Many tests ask for them, so each table is written once; memberships have no history.
    """
    office, network, scientific = BodyKind.CITY_OFFICE, BodyKind.NETWORK_OFFICE, BodyKind.SCIENTIFIC_COMMITTEE
    here, there = {"organisation": city.municipality}, {"organisation": other_city.municipality}
    memberships = {
        "viewer": (office, city, {}, {"role": Role.VIEWER}),
        "expert": (BodyKind.EXPERT_GROUP, city, {}, {"role": Role.MEMBER, "seat": Seat.SELECTED_EXPERT}),
        "local_committee": (BodyKind.LOCAL_COMMITTEE, city, {}, {"role": Role.MEMBER, "seat": Seat.PRIVATE}),
        "official": (office, city, here, {"role": Role.OFFICIAL}),
        "lead": (office, city, here, {"role": Role.LEAD_OFFICIAL}),
        "other_official": (office, other_city, there, {"role": Role.OFFICIAL}),
        "partner": (network, None, {}, {"role": Role.PARTNER}),
        "trainer": (network, None, {}, {"role": Role.TRAINER}),
        "data_protection": (network, None, {}, {"role": Role.DATA_PROTECTION}),
        "scientific": (scientific, None, {}, {"role": Role.MEMBER}),
        "scientific_conflicted": (scientific, None, here, {"role": Role.MEMBER}),
        "coordinator": (network, None, {}, {"role": Role.COORDINATOR}),
        "former": (office, city, {}, {"role": Role.LEAD_OFFICIAL, "valid_to": clock.today().replace(month=1, day=1)}),
    }
    superuser = {"is_superuser": True, "is_staff": True}
    more = {"superuser": superuser, "superuser_conflicted": superuser}
    users = {name: UserFactory.build(**more.get(name, {})) for name in [*memberships, *more]}
    User.objects.bulk_create(users.values())

    people = {name: PersonFactory.build(user=users[name], **row[2]) for name, row in memberships.items()}
    people["superuser_conflicted"] = PersonFactory.build(user=users["superuser_conflicted"], **here)
    people["nobody"] = PersonFactory.build(user=None)  # without account: a filter on user=NULL would find this person
    Person.objects.bulk_create(people.values())

    places = dict.fromkeys((kind, of_city) for kind, of_city, *_rest in memberships.values())
    bodies = {(body.kind, body.city): body for body in Body.objects.select_related("city")}
    new = {(kind, of): BodyFactory.build(kind=kind, city=of) for kind, of in places if (kind, of) not in bodies}
    bulk_create_with_history(list(new.values()), Body)
    bodies |= new
    Membership.objects.bulk_create(
        MembershipFactory.build(person=people[name], body=bodies[kind, of_city], **fields)
        for name, (kind, of_city, _person, fields) in memberships.items()
    )
    for user in users.values():
        clear_role_cache(user)
    return {"public": AnonymousUser()} | users
