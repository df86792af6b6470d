"""Number fields accept numbers as people of any language type them, and ask where a number has two readings."""

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import translation

from core import locales
from core.forms import AmountField, CountField, WholeNumberField, YearField, numbers_as_read

LANGUAGES = ["en", "sv"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "typed, number",
    [
        ("1200", "1200"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("41 200", "41200"),
        ("41\u202f200,50", "41200.50"),
        ("41\u00a0200", "41200"),
        ("1’500", "1500"),
        ("0.125", "0.125"),
        ("0,125", "0.125"),
        ("-0,125", "-0.125"),
        (",5", "0.5"),
        ("12,5", "12.5"),
        ("12.5", "12.5"),
        ("1200,5", "1200.5"),
        ("1 234,567", "1234.567"),
        ("1,2345", "1.2345"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("\u2212 5", "-5"),
    ],
)
def test_number_is_read_alike_in_both_languages(language, typed, number):
    with translation.override(language):
        assert AmountField().clean(typed) == Decimal(number)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("typed", ["1.500", "1,500", "-12.345", "999,999"])
def test_number_with_two_readings_is_not_guessed(language, typed):
    with translation.override(language), pytest.raises(ValidationError) as refused:
        AmountField(max_digits=16, decimal_places=4).clean(typed)

    assert refused.value.code == "ambiguous"


@pytest.mark.parametrize(
    "typed",
    [
        "a lot",
        "1 2,3,4.5x",
        "NaN",
        "Infinity",
        "--5",
        "1e999999",
        "1 2",
        "1.50.0",
        "0.500.000",
        "1,234.567,8",
        ".",
        "-",
    ],
)
def test_amount_field_refuses_text_that_is_not_a_number(typed):
    with pytest.raises(ValidationError):
        AmountField(max_digits=14, decimal_places=2).clean(typed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_reading_that_the_field_cannot_take_is_left_out(language):
    with translation.override(language):
        assert AmountField(max_digits=14, decimal_places=2).clean("1.500") == 1500  # money has at most two decimals
        assert AmountField(max_digits=8, decimal_places=5).clean("59,334") == Decimal("59.334")  # no room for 59,334
        assert CountField().clean("1,500") == 1500
        assert WholeNumberField().clean("1.500") == 1500


@pytest.mark.parametrize("typed", ["-1", "1.5", "0,125", "3000000000", "many"])
def test_count_field_refuses_negative_fractional_and_large_numbers(typed):
    with translation.override("en"), pytest.raises(ValidationError):
        CountField().clean(typed)


def test_count_field_returns_int_or_none_when_empty():
    assert (CountField().clean("31"), CountField(required=False).clean("")) == (31, None)


@pytest.mark.parametrize("typed", ["26", "1.500", "20265"])
def test_year_field_refuses_other_numbers(typed):
    with pytest.raises(ValidationError):
        YearField().clean(typed)
    assert YearField().clean("2026") == 2026


# ---- the question


class Amount(forms.Form):
    amount = AmountField(max_digits=16, decimal_places=4)
    year = YearField(required=False)


def posted(text, reading=""):
    data = QueryDict(mutable=True)
    data.update({"amount": text, "amount_reading": reading, "year": "2026"})
    return Amount(data)


@pytest.mark.parametrize("language, first, second", [("en", "1,500", "1.5"), ("sv", "1\N{NO-BREAK SPACE}500", "1,5")])
def test_question_shows_both_readings_and_keeps_the_text(language, first, second):
    with translation.override(language):
        form = posted("1.500")
        html = str(form["amount"])
        errors = form["amount"].errors

    assert first in errors[0]
    assert second in errors[0]
    assert 'value="1.500"' in html  # what was typed
    assert html.count('type="radio"') == 2
    assert f">{first}</label>" in html
    assert f">{second}</label>" in html


@pytest.mark.parametrize("reading, number", [("1500", "1500"), ("1.500", "1.5")])
def test_chosen_reading_is_taken(reading, number):
    form = posted("1.500", reading)

    assert form.is_valid()
    assert form.cleaned_data["amount"] == Decimal(number)
    assert f'value="{reading}" id="id_amount_reading_{reading}" checked' in str(form["amount"])


def test_reading_of_an_earlier_text_is_not_taken():
    form = posted("2.500", "1500")

    assert form.errors.as_data()["amount"][0].code == "ambiguous"


def test_number_with_one_reading_is_not_asked_about():
    assert 'type="radio"' not in str(posted("1500")["amount"])


def test_numbers_are_shown_as_read():
    form = posted("1.500", "1500")
    form.full_clean()

    assert numbers_as_read(form) == "Amount: 1,500. Year: 2026."


# ---- stored numbers


@pytest.mark.parametrize(
    "language, stored, shown",
    [
        ("en", "9600.00", "9600"),
        ("en", "0.00", "0"),
        ("en", "-12.50", "-12.5"),
        ("en", "0.1250", "0.125"),
        ("en", "1.234", "1.2340"),
        ("sv", "9600.00", "9600"),
        ("sv", "1234.50", "1234,5"),
        ("sv", "0.1250", "0,125"),
        ("sv", "1.234", "1,2340"),
    ],
)
def test_stored_number_is_shown_so_that_it_has_one_reading(language, stored, shown):
    with translation.override(language):
        html = str(Amount(initial={"amount": Decimal(stored)})["amount"])

        assert f'value="{shown}"' in html
        assert AmountField().clean(shown) == Decimal(stored)
        assert not AmountField().has_changed(Decimal(stored), shown)


def test_amount_field_keeps_typed_text():
    assert AmountField().prepare_value("1 200,00") == "1 200,00"


def test_four_decimals_are_shown_in_full():
    with translation.override("en"):
        assert locales.number(Decimal("0.1234")) == "0.1234"
