"""What a form refuses is said in our words: no constraint shows Django's message with names of fields or tables."""

import pytest
from django.contrib import admin
from django.forms import ModelForm

from core.admin import ReadOnlyAdmin
from core.exceptions import InputRefused
from strategies.models import PriorityArea
from strategies.services import plans
from tests.factories import PriorityAreaFactory
from tests.project.test_whole import our_models


def _subclasses(cls):
    return {part for child in cls.__subclasses__() for part in {child, *_subclasses(child)}}


def models_with_forms():
    forms = {form._meta.model for form in _subclasses(ModelForm) if getattr(form, "_meta", None) and form._meta.model}
    edited = {model for model, page in admin.site._registry.items() if not isinstance(page, ReadOnlyAdmin)}
    return [model for model in our_models() if model in forms | edited]


@pytest.mark.parametrize("model", models_with_forms(), ids=lambda model: model._meta.label)
def test_constraints_have_own_messages(model):
    raw = [
        constraint.name
        for constraint in model._meta.constraints
        if constraint.violation_error_message == constraint.default_violation_error_message
    ]
    raw += [
        field.name
        for field in model._meta.concrete_fields
        if field.unique
        and field.editable
        and not field.primary_key
        and field.name not in CHOSEN_BY_SERVICES
        and "unique" not in (field._error_messages or {})
    ]

    assert raw == []


CHOSEN_BY_SERVICES = {"user", "replaces", "city_period"}  # no form has these fields


def test_models_with_forms_are_found():
    assert {"strategies.PriorityArea", "cities.Organisation", "evaluation.EvaluationRound"} <= {
        model._meta.label for model in models_with_forms()
    }


@pytest.mark.django_db
def test_second_area_with_a_code_is_refused_in_our_words(everyone, city):
    area = PriorityAreaFactory(strategy__city=city, code="1")

    with pytest.raises(InputRefused) as refused:
        plans.save_part(
            PriorityArea(strategy=area.strategy),
            by=everyone["official"],
            fields={"code": "1", "title": "Housing", "theme": area.theme},
        )

    assert str(refused.value) == "Another part in the same place already has this code. Choose another code."
