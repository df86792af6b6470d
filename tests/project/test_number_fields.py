"""Every number field of the site reads the same numbers in the same way, in both languages."""

import pkgutil
from decimal import Decimal
from importlib import import_module

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.utils import translation

from core.first_party import first_party_packages
from core.forms import AmountField, YearField

NUMBERS = (forms.IntegerField, forms.FloatField, forms.DecimalField)


def form_classes():
    """Return the form classes of our modules, and those of the admin."""
    for package in sorted(first_party_packages()):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if {"forms", "admin", "filters"} & set(module.name.split(".")):
                import_module(module.name)
    pending, found = [forms.BaseForm], set()
    while pending:
        form = pending.pop()
        pending += form.__subclasses__()
        if form.__module__.split(".")[0] in first_party_packages() and hasattr(form, "base_fields"):
            found.add(form)
    return found


def fields_of(form):
    return {name: field for name, field in form.base_fields.items() if not field.widget.is_hidden}


def admin_forms(user):
    request = RequestFactory().get("/")
    request.user = user
    return [row.get_form(request) for row in admin.site._registry.values()]


@pytest.fixture
def number_fields(everyone):
    every_form = [*form_classes(), *admin_forms(everyone["superuser"])]
    return [
        (f"{form.__module__}.{form.__name__}.{name}", field)
        for form in every_form
        for name, field in fields_of(form).items()
        if isinstance(field, NUMBERS)
    ]


@pytest.mark.django_db
def test_all_number_fields_use_the_common_parser(number_fields):
    names = {name.split(".")[-1] for name, _field in number_fields}

    assert names >= {"amount", "baseline", "target", "spent", "progress", "people_reached", "weight", "population"}
    assert names >= {"latitude", "capacity", "offset_days"}  # of the admin
    assert [name for name, field in number_fields if not isinstance(field, AmountField)] == []


def read(field, text):
    """Return the number, "asks", or "refuses"."""
    try:
        return field.clean(text)
    except ValidationError as error:
        return "asks" if "ambiguous" in {one.code for one in error.error_list} else "refuses"


def expected(field):
    """Return what the field has to make of ``1.500``. With four decimals, the same number has one reading."""
    possible = [number for text in ("1500", "1.5000") if (number := read(field, text)) not in {"asks", "refuses"}]
    return "asks" if len(possible) == 2 else possible[0] if possible else "refuses"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("text", ["1.500", "1,500"])
def test_ambiguous_number_is_asked_about_or_has_one_possible_reading(number_fields, language, text):
    with translation.override(language):
        wrong = [
            (name, text, read(field, text)) for name, field in number_fields if read(field, text) != expected(field)
        ]

    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("text", ["0.125", "0,125"])
def test_number_that_starts_with_zero_is_a_decimal(number_fields, language, text):
    with translation.override(language):
        found = {read(field, text) for _name, field in number_fields}

    assert found == {Decimal("0.125"), "refuses"}


@pytest.mark.django_db
def test_year_columns_have_a_year_field(number_fields):
    of_site = {name: field for name, field in number_fields if "year" in name.split(".")[-1]}

    assert of_site
    assert all(isinstance(field, YearField) for field in of_site.values())
