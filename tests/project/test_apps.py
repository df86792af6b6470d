"""Test that every list of apps for tools and tests has all apps of the project."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin

from core.first_party import first_party_apps, first_party_packages

ROOT = Path(settings.BASE_DIR)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NOT_PACKAGES = {"tests", "node_modules", "var", "fonts"}  # fonts: a step of the build
WITHOUT_LAYERS = {"core", "demo"}  # no layers from views to models


def _python_folders() -> set[str]:
    folders = {path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    return {path.name for path in folders if path.name not in NOT_PACKAGES and any(path.glob("**/*.py"))}


def _contract(kind: str) -> dict:
    return next(found for found in PYPROJECT["tool"]["importlinter"]["contracts"] if kind in found)


def test_every_folder_with_code_is_an_installed_app():
    assert _python_folders() == first_party_packages()


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(PYPROJECT["tool"]["importlinter"]["root_packages"], id="import-linter"),
        pytest.param(PYPROJECT["tool"]["mypy"]["files"], id="mypy"),
        pytest.param(PYPROJECT["tool"]["slipcover"]["source"], id="coverage"),
    ],
)
def test_tools_include_every_package(listed):
    assert sorted(listed) == sorted(first_party_packages())


def test_import_linter_has_a_layer_for_every_app():
    contracts = [found for found in PYPROJECT["tool"]["importlinter"]["contracts"] if "containers" not in found]
    listed = [layer for contract in contracts for layer in contract["layers"]]
    layers = {name.strip(" ()") for layer in listed for name in re.split("[:|]", layer)}

    assert {app.name for app in first_party_apps()} - layers == set()


def test_import_linter_has_inner_layers_for_every_app():
    looked_into = set(_contract("containers")["containers"])

    assert {app.name for app in first_party_apps() if app.label not in WITHOUT_LAYERS} == looked_into


def _patterns() -> list[str]:
    """Return the patterns of files and modules in pyproject.toml as globs."""
    modules = [name for part in PYPROJECT["tool"]["mypy"]["overrides"] for name in part["module"]]
    files = [*PYPROJECT["tool"]["ruff"]["lint"]["per-file-ignores"], *PYPROJECT["tool"]["slipcover"]["omit"]]
    as_paths = [re.sub(r"^\*/", "**/", name.replace(".", "/")) for name in modules]
    return files + [path if path.endswith("*") else f"{path}*" for path in as_paths]


@pytest.mark.parametrize("pattern", _patterns())
def test_patterns_of_tools_match_files(pattern):
    folders = [ROOT / name for name in (*sorted(first_party_packages()), "tests")]
    below = [file.relative_to(ROOT) for folder in folders for file in folder.rglob("*") if file.suffix in {".py", ""}]
    glob = re.compile(re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*").replace(r"\*", ".*"))

    assert any(glob.fullmatch(str(file)) for file in below)


def _registers_admin(app) -> bool:
    files = [Path(app.path) / "admin.py", *(Path(app.path) / "admin").glob("*.py")]
    return any(re.search(r"\badmin\.(site\.)?register\(", file.read_text("utf-8")) for file in files if file.exists())


def test_admin_has_models_of_this_project_only():
    registered = {model._meta.app_label for model in admin.site._registry}

    assert registered == {app.label for app in first_party_apps() if _registers_admin(app)}
