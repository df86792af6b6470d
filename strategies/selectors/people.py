"""Single figures of few people, who could be recognised: not told to the public, not printed in reports."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cities.rules import insider_cities, reads_network
from core import locales

PEOPLE_AT_LEAST = 5


def is_few(count: int | Decimal | str | None) -> bool:
    """Nobody is not few: a zero tells of no person. Snapshots hold figures as text."""
    return count is not None and 0 < Decimal(count) < PEOPLE_AT_LEAST


def few_words() -> str:
    return _("fewer than %(n)s") % {"n": locales.number(PEOPLE_AT_LEAST)}


def reads_few(user: Any, city_id: int) -> bool:
    """The city's people, and who reads the network."""
    return city_id in insider_cities(user) or reads_network(user)
