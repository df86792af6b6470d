"""Test that every permission has a rule, and that every model with permissions has a view rule."""

import re
from pathlib import Path

import pytest
import rules
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from rules.permissions import permissions

from cities.enums import BodyKind, Role
from core.first_party import first_party_apps
from tests import factories
from tests.factories import CityFactory, member
from tests.project.access import each_role
from tests.project.first_party import python_files

ROOT = Path(settings.BASE_DIR)
OF_NO_MODEL = {"cities.change_municipality", "cities.view_names", "cities.view_attendance_names"}
MODEL_PERMISSION = re.compile(r"(?P<app>\w+)\.(?:view|add|change|delete)_(?P<model>\w+)")
OF_ANOTHER_MODEL = {"strategies.change_narrative": "strategies.view_cityperiod"}  # asked with the city period
LITERAL = re.compile(r"""(?<!dispatch_uid=)(?<!include\()["'](?P<name>[a-z]+\.[a-z]+_[a-z_]+)["']""")


def _view_rule(model) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def test_models_in_the_admin_have_a_view_rule():
    assert {model for model in admin.site._registry if not rules.perm_exists(_view_rule(model))} == set()


def test_rules_are_named_after_existing_models():
    """Check that the rules of a moved model use its new app label."""
    named = {name: MODEL_PERMISSION.fullmatch(name) for name in permissions}
    labels = {(model._meta.app_label, model._meta.model_name) for model in apps.get_models()}
    unknown = {name for name, found in named.items() if found and (found["app"], found["model"]) not in labels}

    assert unknown == OF_NO_MODEL


def test_models_with_rules_have_view_rule():
    found = {name: MODEL_PERMISSION.fullmatch(name) for name in permissions if name not in OF_NO_MODEL}
    asked = {name: f"{match['app']}.view_{match['model']}" for name, match in found.items() if match}

    assert {view for view in (asked | OF_ANOTHER_MODEL).values() if not rules.perm_exists(view)} == set()


def test_permissions_in_code_have_a_rule():
    """Find permissions without a rule: Django refuses them to everybody without an error."""
    labels = {app.label for app in first_party_apps()}
    files = python_files()
    texts = [file.read_text("utf-8") for file in files if "migrations" not in file.parts]
    written = {match["name"] for text in texts for match in LITERAL.finditer(text)}
    asked = {name for name in written if name.split(".")[0] in labels}

    assert len(asked) > 50
    assert {name for name in asked if not rules.perm_exists(name)} == set()


@pytest.mark.django_db
def test_permission_on_row_without_view_rule_is_refused(monkeypatch):
    city = CityFactory()
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    assert lead.has_perm("cities.change_city", city)

    monkeypatch.delitem(permissions, "cities.view_city")

    assert not lead.has_perm("cities.change_city", city)
    assert lead.has_perm("cities.change_city")


@pytest.mark.django_db
def test_permission_on_hidden_row_is_refused(monkeypatch):
    city = CityFactory()
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)

    monkeypatch.setitem(permissions, "cities.view_city", rules.always_deny)

    assert not lead.has_perm("cities.change_city", city)


# ---- every rule, asked with a row of every model

ASKERS = ["public", "former", "viewer", "official", "lead", "owner", "chair", "coordinator", "rater", "substitute"]


def _row_of_each_model() -> list:
    """Return a saved row of each model; rows that the shared data lacks are created."""
    made = {factory._meta.model: factory for name, factory in vars(factories).items() if name.endswith("Factory")}
    rows = []
    for model in (model for app in first_party_apps() for model in app.get_models()):
        row = model._default_manager.first()
        rows.append(row or (made[model]() if model in made else model()))
    return rows


@pytest.mark.crawl
@pytest.mark.django_db
@pytest.mark.parametrize("role", each_role(ASKERS))
def test_rules_answer_for_rows_of_every_model(world, role):
    """A page may ask a rule with a city, a body or a period; a rule that fails for one of them is a server error."""
    user, rows = world.roles[role], [None, *_row_of_each_model()]
    assert len(rows) > 80

    failing = {}
    for name, row in ((name, row) for name in permissions for row in rows):
        try:
            answer = rules.has_perm(name, user, row)
        except Exception as error:  # noqa: BLE001 - every failure is collected
            answer = error
        if not isinstance(answer, bool):
            failing[name, type(row).__name__] = answer

    assert failing == {}
