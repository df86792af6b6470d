"""Numbers, money and dates in the reader's language. English is written as in Europe, not as in the United States."""

import re
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from django.utils import timezone
from django.utils.translation import get_language, to_locale

from . import clock

NOTHING = "–"
GROUPED = r"[1-9][0-9]{0,2}(?:(?P<by>[\s'’.,])[0-9]{3})(?:(?P=by)[0-9]{3})*"
WHOLE_NUMBER = re.compile(rf"(?:[0-9]+|{GROUPED})")
DECIMAL_NUMBER = re.compile(rf"(?P<whole>[0-9]*|{GROUPED})(?!(?P=by))[.,](?P<decimals>[0-9]*)")
NATIONAL = {"en": "en_GB"}


@lru_cache(maxsize=32)
def _locale_of(language: str) -> Locale:
    return Locale.parse(NATIONAL.get(language) or to_locale(language))


def current_locale() -> Locale:
    return _locale_of(get_language() or "en")


def as_number(value: Any) -> Decimal:
    """Return the number; nothing is never negative."""
    return (value if isinstance(value, Decimal) else Decimal(str(value))) or Decimal(0)


def number(value: Any, decimals: int | None = None) -> str:
    """Format as ``1 234,5``, with at most four decimals; with ``decimals``, exactly that many."""
    if value is None or value == "":
        return NOTHING
    pattern = "#,##0.####" if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return _decimal(as_number(value), pattern, get_language())


@lru_cache(maxsize=4096)  # pages repeat small numbers, and Babel reads the pattern anew for each
def _decimal(value: Decimal, pattern: str, language: str | None) -> str:
    return numbers.format_decimal(value, format=pattern, locale=current_locale())


def number_readings(text: str) -> list[Decimal]:
    """Return the numbers that a typed text can mean in any language: none, one or two.

    Two only for digits such as ``1.500`` and ``1,500``, where the separator may group thousands or begin decimals;
    the whole number comes first. A number that starts with 0 and a separator is a decimal.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    sign, digits = (text[0], text[1:].strip()) if text[:1] in {"+", "-"} else ("", text)
    found = []
    if WHOLE_NUMBER.fullmatch(digits):
        found.append(Decimal(sign + _only_digits(digits)))
    if (match := DECIMAL_NUMBER.fullmatch(digits)) and (match["whole"] or match["decimals"]):
        found.append(Decimal(f"{sign}{_only_digits(match['whole']) or '0'}.{match['decimals']}"))
    return found


def _only_digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def round_percent(value: Any, decimals: int = 0) -> Decimal:
    """Round a share in per cent, halves up: 100 only if all of it is reached, 0 only if there is nothing.

    Every share that is shown, stored or drawn is rounded here or by ``share_expression`` in SQL.
    """
    share, unit = as_number(value), Decimal(1).scaleb(-decimals)
    rounded = share.quantize(unit, ROUND_HALF_UP)
    if rounded == 100 and share < 100:
        return rounded - unit
    return unit.copy_sign(share) if share and not rounded else rounded


def percent(value: Any, decimals: int = 0) -> str:
    """Format ``61`` as ``61 %``: the value is in per cent already. ``round_percent`` rounds it."""
    if value is None or value == "":
        return NOTHING
    return _percent(round_percent(value, decimals), decimals, get_language())


@lru_cache(maxsize=4096)
def _percent(value: Decimal, decimals: int, language: str | None) -> str:
    digits = "#,##0" + ("." + "0" * decimals if decimals else "")
    pattern = current_locale().percent_formats[None].pattern.replace("#,##0", digits)
    return numbers.format_percent(value / 100, format=pattern, locale=current_locale())


def money(value: Any, currency: str = "EUR") -> str:
    """Format an amount with its currency; cents only where there are any."""
    if value is None or value == "":
        return NOTHING
    return _money(as_number(value), currency, get_language())


@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str, language: str | None) -> str:
    pattern = current_locale().currency_formats["standard"].pattern
    if amount == amount.to_integral_value():
        pattern = pattern.replace(".00", "")
    if _ends_in_letter(currency):
        pattern = pattern.replace("¤#", "¤\N{NO-BREAK SPACE}#")
    return numbers.format_currency(amount, currency or "EUR", pattern, locale=current_locale(), currency_digits=False)


def money_short(value: Any, currency: str = "EUR") -> str:
    """Format as ``€840K``, for figures that are read at a glance; show the exact amount elsewhere."""
    if value is None or value == "":
        return NOTHING
    amount = as_number(value)
    if abs(amount) < 10_000:
        return money(amount.quantize(Decimal(1)), currency)
    digits = 2 if abs(amount) >= 1_000_000 else 0
    short = numbers.format_compact_currency(amount, currency, locale=current_locale(), fraction_digits=digits)
    if not _ends_in_letter(currency):
        return short
    return re.sub(r"(?<=[^\W\d])(?=\d)", "\N{NO-BREAK SPACE}", short, count=1)


def _ends_in_letter(currency: str) -> bool:
    """Whether the currency symbol ends in a letter, which needs a space before digits: SEK 41,200."""
    return numbers.get_currency_symbol(currency or "EUR", locale=current_locale())[-1].isalpha()


def country_name(code: str) -> str:
    """Return the name of an ISO country code in the reader's language."""
    return current_locale().territories.get(code, code)


def day(value: date | None, style: str = "long", zone: str | tzinfo | None = None) -> str:
    """Format as 12 September 2026; ``medium``: 12 Sep 2026. Of a datetime, the date in ``zone`` or the current one."""
    if not value:
        return NOTHING
    if isinstance(value, datetime):
        value = clock.day_of(value, zone or timezone.get_current_timezone())
    return _day(value, style, get_language())


@lru_cache(maxsize=4096)
def _day(value: date, style: str, language: str | None) -> str:
    return dates.format_date(value, style, locale=current_locale())


def days(first: date, last: date) -> str:
    """Format as 19–21 Jan 2026: what both dates share is written once."""
    return dates.format_interval(first, last, skeleton="yMMMd", locale=current_locale())


def moment(value: datetime | None, zone: str | tzinfo | None = None) -> str:
    """Format date and time in ``zone``, by default in the current time zone."""
    if not value:
        return NOTHING
    zone = ZoneInfo(zone) if isinstance(zone, str) and zone else zone or None
    local = timezone.localtime(value, zone)
    return f"{day(value, zone=zone)}, {dates.format_time(local.time(), 'HH:mm', locale=current_locale())}"
