"""Helpers for the tests of strategies."""

from datetime import timedelta

from cities.enums import BodyKind, Role
from core import clock
from strategies.services import updates
from tests.factories import member


def update_input(text="We met.", **more):
    """Return the input of an update dated today, with the status "ongoing"."""
    return updates.UpdateInput(**({"date": clock.today(), "text": text, "stage": "ongoing"} | more))


def days(number):
    return timedelta(days=number)


def an_official(city):
    """Return an official of the city, not signed in and without users for the other roles."""
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city, organisation=city.municipality)
