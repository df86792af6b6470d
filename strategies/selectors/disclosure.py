"""Disclosure control: single figures of few people, who could be recognised, are hidden from the public and reports."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.rules import insider_city_ids, reads_network
from core import locales

PEOPLE_AT_LEAST = 5


def is_few(count: int | Decimal | str | None) -> bool:
    """Return whether the figure is above 0 and below PEOPLE_AT_LEAST. Snapshots contain figures as text."""
    return count is not None and 0 < Decimal(count) < PEOPLE_AT_LEAST


def few_text() -> str:
    """Return the text shown instead of a figure of few people."""
    return _("fewer than %(n)s") % {"n": locales.number(PEOPLE_AT_LEAST)}


def withheld_text(visibility: str) -> str:
    """Return the text shown instead of a value that the reader may not see: nobody should take it for missing."""
    return _("not shared by the city") if visibility == Visibility.CITY else _("not public")


def reads_all_figures(user: Any, city_id: int) -> bool:
    """Return whether the user reads figures of open periods and of few people.

    These are people of the city, and readers of the network. For the latter, pages mark figures of open periods as not
    yet submitted.
    """
    return city_id in insider_city_ids(user) or reads_network(user)
