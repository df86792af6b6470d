"""Numbers as people type or paste them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from strategies.forms.fields import AmountField, CountField


@pytest.mark.parametrize(
    "language, typed, number",
    [
        ("en", "1200", "1200"),
        ("en", "1,200", "1200"),
        ("en", "1,200.50", "1200.50"),
        ("en", "41 200", "41200"),
        ("en", "41\u202f200,50", "41200.50"),
        ("en", "0.125", "0.125"),
        ("en", "12,5", "12.5"),
        ("en", "1,234,567", "1234567"),
        ("sv", "1200,5", "1200.5"),
        ("sv", "1.200", "1200"),
        ("sv", "1.200,50", "1200.50"),
        ("sv", "0,125", "0.125"),
        ("sv", "12.5", "12.5"),
        ("sv", "\u2212 5", "-5"),
    ],
)
def test_an_amount_is_read_as_it_was_meant(language, typed, number):
    with translation.override(language):
        assert AmountField().clean(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["a lot", "1 2,3,4.5x", "NaN", "Infinity", "--5", "1e999999"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValidationError):
        AmountField(max_digits=14, decimal_places=2).clean(typed)


@pytest.mark.parametrize("typed", ["-1", "1.5", "3000000000", "many"])
def test_a_count_is_whole_and_not_negative(typed):
    with translation.override("en"), pytest.raises(ValidationError):
        CountField().clean(typed)


def test_a_count_is_an_int_and_nothing_is_none():
    assert (CountField().clean("31"), CountField(required=False).clean("")) == (31, None)
