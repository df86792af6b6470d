"""Short ways for the tests of strategies."""

from datetime import timedelta

from cities.enums import BodyKind, Role
from core import clock
from strategies.services import updates
from tests.factories import member


def told(text="We met.", **more):
    """What an official types: today, ongoing."""
    return updates.UpdateInput(**({"date": clock.today(), "text": text, "stage": "ongoing"} | more))


def days(number):
    return timedelta(days=number)


def an_official(city):
    """Not signed in, and without the other roles around."""
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city, organisation=city.municipality)
