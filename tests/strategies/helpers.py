"""Helpers of the tests of strategies."""

from datetime import timedelta

from cities.enums import BodyKind, Role
from core import clock
from strategies.services import updates
from tests.factories import member


def told(text="We met.", **more):
    """Return the input of an update dated today, with stage ongoing."""
    return updates.UpdateInput(**({"date": clock.today(), "text": text, "stage": "ongoing"} | more))


def days(number):
    return timedelta(days=number)


def an_official(city):
    """Return an official of the city, without login and without creating the other roles."""
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city, organisation=city.municipality)
