from datetime import date
from decimal import Decimal

from django.utils import translation
from django.utils.translation import override

from core import locales
from core.locales import day, money, number, percent


def test_country_names_follow_language():
    with translation.override("sv"):
        assert locales.country_name("SE") == "Sverige"
    with translation.override("en"):
        assert locales.country_name("XX") == "XX"


def test_nothing_is_never_negative():
    """Formatted values are kept by value, and nothing equals minus nothing."""
    assert [number(-0.0), number(0), percent(Decimal("-0")), money(Decimal("-0.00"))] == ["0", "0", "0%", "€0"]


def test_kept_numbers_differ_by_language_and_digits():
    found = []
    for language in ("en", "sv", "en"):
        with override(language):
            found.append(
                (number(1234.5), number(1234.5, 2), number(Decimal("1234.50")), percent(5), day(date(2026, 3, 1)))
            )

    assert found[0] == found[2] == ("1,234.5", "1,234.50", "1,234.5", "5%", "1 March 2026")
    assert found[1] == ("1\xa0234,5", "1\xa0234,50", "1\xa0234,5", "5\xa0%", "1 mars 2026")
