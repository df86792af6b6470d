"""Number fields accept numbers as people type or paste them."""

from decimal import Decimal

import pytest
from django import forms
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
def test_amount_field_parses_localised_numbers(language, typed, number):
    with translation.override(language):
        assert AmountField().clean(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["a lot", "1 2,3,4.5x", "NaN", "Infinity", "--5", "1e999999"])
def test_amount_field_refuses_text_that_is_not_a_number(typed):
    with pytest.raises(ValidationError):
        AmountField(max_digits=14, decimal_places=2).clean(typed)


@pytest.mark.parametrize("typed", ["-1", "1.5", "3000000000", "many"])
def test_count_field_refuses_negative_fractional_and_large_numbers(typed):
    with translation.override("en"), pytest.raises(ValidationError):
        CountField().clean(typed)


def test_count_field_returns_int_or_none_when_empty():
    assert (CountField().clean("31"), CountField(required=False).clean("")) == (31, None)


@pytest.mark.parametrize(
    "language, stored, shown",
    [
        ("en", "9600.00", "9600"),
        ("en", "0.00", "0"),
        ("en", "-12.50", "-12.5"),
        ("en", "0.1250", "0.125"),
        ("sv", "9600.00", "9600"),
        ("sv", "1234.50", "1234,5"),
        ("sv", "0.1250", "0,125"),
    ],
)
def test_amount_field_shows_stored_value_without_trailing_zeros(language, stored, shown):
    class Amount(forms.Form):
        amount = AmountField()

    with translation.override(language):
        html = str(Amount(initial={"amount": Decimal(stored)})["amount"])

        assert f'value="{shown}"' in html
        assert AmountField().clean(shown) == Decimal(stored)


def test_amount_field_keeps_typed_text():
    assert AmountField().prepare_value("1 200,00") == "1 200,00"
