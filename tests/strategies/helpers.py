"""Helpers for the tests of strategies."""

from datetime import timedelta

from cities.enums import BodyKind, Role
from core import clock
from strategies.models import PeriodTransition
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


def submit(city_period):
    """Submit the period, without its snapshot."""
    city_period.refresh_from_db()
    PeriodTransition.objects.create(
        city_period=city_period,
        number=city_period.transition_count + 1,
        verb="submit",
        from_state=city_period.state,
        to_state="submitted",
        revision=city_period.revision,
    )
    city_period.state, city_period.transition_count = "submitted", city_period.transition_count + 1
    city_period.save()
