"""Bounds of dates, countries and currencies that no form can leave."""

import re
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.numbers import list_currencies
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 1900, 2100
NOT_IN_ISO = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}  # of the CLDR
COUNTRIES = {code for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))} - NOT_IN_ISO
CURRENCIES = list_currencies()


def year_error(day: date | datetime | None) -> str:
    """Return why the year cannot be right, or ``""``: a typed 0206 or 20226 instead of 2026."""
    if day is None or FIRST_YEAR <= day.year <= LAST_YEAR:
        return ""
    words = {"first": FIRST_YEAR, "last": LAST_YEAR}
    return _("Check the year. It must be between %(first)s and %(last)s.") % words


def year_errors(values: dict[str, Any]) -> dict[str, str]:
    """Return an error for each date whose year cannot be right, by name."""
    found = {name: year_error(value) for name, value in values.items() if isinstance(value, date)}
    return {name: sentence for name, sentence in found.items() if sentence}


def country_error(code: str) -> str:
    if not code or code in COUNTRIES:
        return ""
    words = _("“%(code)s” is not a country code. Enter two capital letters (ISO 3166-1), for example SE.")
    return words % {"code": code}


def currency_error(code: str) -> str:
    if code in CURRENCIES:
        return ""
    words = _("“%(code)s” is not a currency code. Enter three capital letters (ISO 4217), for example EUR.")
    return words % {"code": code}
