"""One person for each role in a city and in the network."""

from django.contrib.auth.models import AnonymousUser

from cities.enums import BodyKind, Role, Seat
from core import clock

from .people import PersonFactory, UserFactory, member


def one_for_each_role(city, other_city) -> dict:
    """Return a user for each role; city roles belong to ``city``. ``former`` has left; ``superuser`` has no role."""
    office, network = BodyKind.CITY_OFFICE, BodyKind.NETWORK_OFFICE
    people = {
        "public": AnonymousUser(),
        "viewer": member(office, Role.VIEWER, city),
        "expert": member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, seat=Seat.SELECTED_EXPERT),
        "local_committee": member(BodyKind.LOCAL_COMMITTEE, Role.MEMBER, city, seat=Seat.PRIVATE),
        "official": member(office, Role.OFFICIAL, city, organisation=city.municipality),
        "lead": member(office, Role.LEAD_OFFICIAL, city, organisation=city.municipality),
        "other_official": member(office, Role.OFFICIAL, other_city, organisation=other_city.municipality),
        "partner": member(network, Role.PARTNER),
        "trainer": member(network, Role.TRAINER),
        "data_protection": member(network, Role.DATA_PROTECTION),
        "scientific": member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER),
        "scientific_conflicted": member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER, organisation=city.municipality),
        "coordinator": member(network, Role.COORDINATOR),
        "former": member(office, Role.LEAD_OFFICIAL, city, valid_to=clock.today().replace(month=1, day=1)),
        "superuser": UserFactory(is_superuser=True, is_staff=True),
        "superuser_conflicted": PersonFactory(
            user__is_superuser=True, user__is_staff=True, organisation=city.municipality
        ).user,
    }
    PersonFactory(user=None)  # without account: a filter on user=NULL would find this person
    return people
