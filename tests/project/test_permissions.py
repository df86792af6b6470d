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
from tests.factories import CityFactory, member
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
