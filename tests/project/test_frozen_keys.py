"""A frozen row cannot be replaced by a row with the same key: the triggers check every unique key."""

import pytest
from django.apps import apps
from django.db.models import Q, UniqueConstraint

from core import triggers
from core.models import FrozenModel

FROZEN = sorted(triggers.frozen(), key=lambda model: model._meta.label)


def columns_of(model, names) -> frozenset[str]:
    return frozenset(model._meta.get_field(name.split("__")[0]).column for name in names)


def named_in(condition: Q | None) -> set[str]:
    """Return the fields of a constraint's condition: with them, the key is unique without the condition."""
    parts = condition.children if condition else []
    return set().union(*(named_in(part) if isinstance(part, Q) else {part[0]} for part in parts))


def keys_of(model) -> set[frozenset[str]]:
    keys = {frozenset({field.column}) for field in model._meta.fields if field.unique}
    keys |= {columns_of(model, names) for names in model._meta.unique_together}
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert not constraint.expressions, "A key over expressions cannot be compared: give it columns."
            keys.add(columns_of(model, {*constraint.fields, *named_in(constraint.condition)}))
    return keys


def test_every_frozen_model_has_triggers():
    ours = {model for model in apps.get_models() if issubclass(model, FrozenModel)}

    assert ours
    assert ours - set(FROZEN) == set()


@pytest.mark.parametrize("model", FROZEN, ids=lambda model: model._meta.label)
def test_triggers_check_every_key_of_frozen_model(model):
    known = {frozenset(key) for key in triggers.frozen()[model]}

    assert keys_of(model) - known == set(), f"Name it in freeze({model.__name__}, unique=...)."
