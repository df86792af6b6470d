"""Test rules for the whole project: migrations, generated docs, templates, models, factories, tasks."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.functional import Promise

from core.first_party import first_party_apps, first_party_packages
from epi_site.celery import app
from epi_site.pages.management.commands.write_states import states_page
from tests import factories
from tests.project.first_party import python_files

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
FRAGMENT = re.compile(r"{% extends [\"'](?P<base>[^\"']+)[\"']")


@pytest.mark.slow
@pytest.mark.django_db
def test_migrations_match_models():
    out = StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "No changes detected" in out.getvalue()


def test_states_page_matches_code():
    page = Path(settings.BASE_DIR) / "docs" / "states.md"

    assert page.read_text("utf-8") == states_page(), "Run manage.py write_states."


def _ours():
    return [model for app in first_party_apps() for model in app.get_models()]


def test_names_of_models_are_translatable():
    """Check all models except history models, whose names the library derives."""
    models_of_ours = [model for model in _ours() if not model.__name__.startswith("Historical")]

    plain = [
        f"{model._meta.label}.{name}"
        for model in models_of_ours
        for name in ("verbose_name", "verbose_name_plural")
        if not isinstance(getattr(model._meta, name), Promise)
    ]

    assert plain == []


def test_people_and_accounts_have_no_history():
    tracked = {model._meta.label for model in _ours() if hasattr(model, "history")}

    assert "strategies.Action" in tracked
    assert tracked & {"cities.Person", "accounts.User"} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_templates_have_no_inline_code_valid_attributes_and_scoped_headers(path):
    text = path.read_text("utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text), "inline script"
    assert "<style" not in text
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"\shx-", text), "data-hx- is valid HTML, hx- is not"
    assert '|date:"c"' not in text, "iso_moment is valid HTML, microseconds are not"
    assert not re.search(r"<th(?![^>]*\bscope=)[\s>]", text), "th without scope"


WITH_TITLE = {"base.html": True, "dashboards/layouts/body.html": False}  # views of dashboards give the title


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_pages_have_title_and_one_heading(path):
    text = path.read_text("utf-8")
    base = FRAGMENT.search(text)
    if not base or base["base"] not in WITH_TITLE or path.parent.name == "layouts":  # the heading is in its pages
        return
    headings = len(re.findall(r"<h1[\s>]", text)) + len(re.findall(r"{% block heading %}", text))

    assert ("{% block title %}" in text) == WITH_TITLE[base["base"]]
    assert headings == 1


# ---- factories, times, tasks, commands

BY_OTHERS = {  # models without a factory: what creates their rows
    "core.InstallationId": "one row, made by migrate",
    "core.Version": "bookkeeping of core.versions",
    "core.RedactionRecord": "frozen: core.redaction",
    "core.RedactedRow": "frozen with its redaction",
    "core.RecordOpening": "frozen: core.redaction",
    "dashboards.Change": "written by triggers",
    "dashboards.CitySums": "derived: city_sums",
    "core.VerificationRun": "bookkeeping of core.nightly",
    "cities.Installation": "one row, made by the set-up",
    "cities.ExpertGroup": "a body of this kind: BodyFactory",
    "cities.LocalImplementationCommittee": "a body of this kind: BodyFactory",
    "cities.ScientificCommittee": "a body of this kind: BodyFactory",
    "strategies.PeriodTransition": "frozen: services, and factories.move_to",
    "strategies.PeriodRevision": "frozen: services.periods",
    "strategies.RevisionAction": "frozen with its revision",
    "strategies.RevisionIndicator": "frozen with its revision",
    "strategies.RevisionFile": "frozen with its revision",
    "strategies.ActionFigures": "derived: services.figures",
    "strategies.ReminderDay": "bookkeeping of the reminders",
    "strategies.Reminder": "bookkeeping of the reminders",
    "evaluation.StageTransition": "frozen: services.stages",
    "evaluation.EvaluationResult": "frozen: services.committee",
    "evaluation.BlindLevel": "frozen: services.blind_levels",
    "evaluation.RoundResult": "frozen: services.round_results",
    "evaluation.StageReminder": "bookkeeping of the reminders",
    "evaluation.RecommendationTransition": "frozen: services.recommendations, and factories.move_recommendation",
    "evaluation.RecommendationReminder": "bookkeeping of the reminders",
    "evaluation.CommitteeReview": "frozen: services.committee",
    "evaluation.DimensionReview": "frozen with its review",
    "evaluation.Citation": "through row of a rating",
    "evaluation.ReviewVisit": "bookkeeping of the review page",
    "pilot.Signature": "services.signatures, with the version that is signed",
    "pilot.PactInvitation": "services.signatures",
    "pilot.PactTransition": "frozen: services.pacts",
    "pilot.PactSnapshot": "frozen: services.pacts",
    "reports.Report": "frozen: services.reports",
    "reports.ReportFile": "frozen: services.reports",
}
ALWAYS_BOTH = {  # pairs whose two columns are never empty
    "cities.StoredFile.uploaded",
    "evaluation.RaterAssignment.assigned",
    "evaluation.CommitteeQuestion.asked",
    "pilot.PactInvitation.sent",
}
BY_THE_CLOCK = {"reports.Report.issued": "a schedule issues without a person"}


def made_by_factories() -> set[str]:
    found = (getattr(member, "_meta", None) for member in vars(factories).values())
    return {meta.model._meta.label for meta in found if getattr(meta, "model", None)}


def our_models() -> list:
    return [model for model in _ours() if not model.__name__.startswith("Historical")]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_models_have_factory(model):
    label = model._meta.label

    assert label in made_by_factories() or BY_OTHERS.get(label), "Write a factory, or say here who makes its rows."


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(name for name in factories.__all__ if name.endswith("Factory")))
def test_factories_create_rows(name):
    row = getattr(factories, name)()

    assert type(row)._base_manager.filter(pk=row.pk).exists()
    assert str(row)


def _pairs():
    for model in our_models():
        names = {field.name: field for field in model._meta.fields}
        for name in names:
            if name.endswith("_at") and f"{name[:-3]}_by" in names:
                yield pytest.param(model, name[:-3], id=f"{model._meta.label}.{name[:-3]}")


@pytest.mark.parametrize("model, verb", list(_pairs()))
def test_at_and_by_columns_are_set_together(model, verb):
    """Check that ``x_at`` and ``x_by`` are set together: by a constraint, or because neither is nullable."""
    label = f"{model._meta.label}.{verb}"
    when, who = (model._meta.get_field(f"{verb}_{end}") for end in ("at", "by"))
    if label in ALWAYS_BOTH:
        assert not when.null
        assert not who.null
        return
    named = {constraint.name for constraint in model._meta.constraints}

    assert label in BY_THE_CLOCK or any(f"{verb}_at_and_by" in name for name in named)


def test_scheduled_tasks_exist():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} - set(app.tasks) == set()


def test_enqueued_tasks_exist():
    app.loader.import_default_modules()
    enqueued = set()
    for file in python_files():
        text = file.read_text("utf-8")
        constants = dict(re.findall(r"^([A-Z_]+) = \"([\w.]+)\"$", text, re.MULTILINE))
        for literal, constant in re.findall(r"\benqueue\((?:\"([\w.]+)\"|([A-Z_]+)),", text):
            enqueued.add(literal or constants[constant])

    assert enqueued
    assert enqueued - set(app.tasks) == set()


def _imports_in_strings() -> list[tuple[str, str]]:
    """Return ``(module, name)`` of imports in programs that tests hold as strings, which no linter checks."""
    packages = "|".join(sorted(first_party_packages()))
    line = re.compile(rf"^from ((?:{packages})(?:\.\w+)*) import ([\w, ]+)$", re.MULTILINE)
    found = set()
    for file in (Path(settings.BASE_DIR) / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
                found.update((module, name) for module, names in line.findall(node.value) for name in names.split(", "))
    return sorted(found)


@pytest.mark.slow
def test_imports_in_program_strings_exist():
    imports = _imports_in_strings()

    assert imports
    assert [(module, name) for module, name in imports if not _has_name(module, name)] == []


def _has_name(module: str, name: str) -> bool:
    return hasattr(import_module(module), name) or find_spec(f"{module}.{name}") is not None


def test_every_command_is_documented():
    ours = {file.stem for file in python_files() if file.parent.name == "commands" and file.stem != "__init__"}
    pages = [Path(settings.BASE_DIR) / "README.md", *(Path(settings.BASE_DIR) / "docs").rglob("*.md")]
    told = "\n".join(page.read_text("utf-8") for page in pages)

    assert {name for name in ours if f"manage.py {name}" not in told} == set()


# ---- lengths of files, and of lines in templates

LONGEST = 160


def test_lines_of_templates_are_short():
    long_ones = {
        path.relative_to(settings.BASE_DIR).as_posix()
        for path in TEMPLATES
        if any(len(line) > LONGEST for line in path.read_text("utf-8").splitlines())
    }

    assert long_ones == set()


def test_python_files_are_short():
    tests_of_ours = (Path(settings.BASE_DIR) / "tests").rglob("*.py")
    files = [file for file in [*python_files(), *tests_of_ours] if "migrations" not in file.parts]

    long_ones = {file.name for file in files if len(file.read_text("utf-8").splitlines()) > 500}

    assert long_ones == set()
