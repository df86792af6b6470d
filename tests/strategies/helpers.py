"""Short ways for the tests of strategies."""

from datetime import timedelta

from epi_site.shared import clock
from strategies.services import updates


def told(text="We met.", **more):
    """What an official types: today, ongoing."""
    return updates.UpdateInput(**({"date": clock.today(), "text": text, "status": "ongoing"} | more))


def days(number):
    return timedelta(days=number)
