"""Test that imports inside functions give a reason, and that no app uses private names of another app."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from core.first_party import first_party_apps, first_party_packages

ROOT = Path(settings.BASE_DIR)
REASON = "# here: "
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DJANGO_API = {"_meta", "_default_manager", "_base_manager"}  # documented, in spite of the underscore


def _files() -> list[Path]:
    files = [path for package in first_party_packages() for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in files if "migrations" not in path.parts)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _app_of(module: str) -> str:
    """Return the app that holds the module, the innermost one, or "" if it is not of this project."""
    names = {app.name for app in first_party_apps()} | first_party_packages()
    holders = [name for name in names if f"{module}.".startswith(f"{name}.")]
    return max(holders, key=len, default="")


# ---- imports inside functions


def unexplained_imports(source: str, *, is_apps_module: bool = False) -> list[str]:
    """Return the imports inside functions without a reason; ``ready`` of an apps.py needs none."""
    tree, lines = ast.parse(source), source.splitlines()
    found = {}
    for function in ast.walk(tree):
        if not isinstance(function, FUNCTIONS) or (is_apps_module and getattr(function, "name", "") == "ready"):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                found[node.lineno] = text.strip()
    return [f"{line}: {text}" for line, text in sorted(found.items()) if REASON not in text]


@pytest.mark.slow
def test_imports_inside_functions_have_reason():
    found = {}
    for path in _files():
        lines = unexplained_imports(path.read_text("utf-8"), is_apps_module=path.name == "apps.py")
        found |= {_name(path): lines} if lines else {}

    assert found == {}


@pytest.mark.parametrize(
    "source, is_apps_module, lines",
    [
        ("import json", False, []),
        ("def f():\n    import json", False, ["2: import json"]),
        ("def f():\n    import json  # here: slow", False, []),
        ("def f():\n    import json  # noqa: F401", False, ["2: import json  # noqa: F401"]),
        (
            "class A:\n    async def f(self):\n        if self:\n            from a import b",
            False,
            ["4: from a import b"],
        ),
        ("class A:\n    def ready(self):\n        import json", True, []),
        ("class A:\n    def ready(self):\n        import json", False, ["3: import json"]),
        ("def other():\n    import json", True, ["2: import json"]),
    ],
)
def test_import_inside_function_is_found(source, is_apps_module, lines):
    assert unexplained_imports(source, is_apps_module=is_apps_module) == lines


# ---- private names


def private_uses(source: str, *, module: str, is_package: bool = False) -> list[str]:
    """Return private modules and names of other apps that the module imports or reads as attributes."""
    tree, found, others = ast.parse(source), [], set()
    for line, origin, alias in _imported(tree, module, is_package):
        if _app_of(origin) in {"", _app_of(module)}:
            continue
        others.add(alias.asname or alias.name.partition(".")[0])
        if any(_is_private(part) for part in f"{origin}.{alias.name}".split(".")):
            found.append(f"{line}: {origin}.{alias.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and getattr(node.value, "id", None) in others:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def _imported(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str, ast.alias]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, alias) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            inside = parts[: len(parts) - node.level + is_package] if node.level else []
            origin = ".".join([*inside, *([node.module] if node.module else [])])
            yield from ((node.lineno, origin, alias) for alias in node.names)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DJANGO_API


@pytest.mark.slow
def test_no_app_uses_private_names_of_other_app():
    found = {}
    for path in _files():
        uses = private_uses(path.read_text("utf-8"), module=_name(path), is_package=path.name == "__init__.py")
        found |= {_name(path): uses} if uses else {}

    assert found == {}


@pytest.mark.parametrize(
    "source, uses",
    [
        ("from django.utils.translation import gettext as _\nfrom os import _exit", []),
        ("from strategies.rules import _is_responsible_for", []),
        ("from . import _parts\nfrom ._parts import row", []),
        ("from cities.models import City\nCity._meta\nCity.__name__", []),
        ("from cities.rules import _cached", ["1: cities.rules._cached"]),
        ("from cities._parts import row", ["1: cities._parts.row"]),
        ("from ..cities import _parts", ["1: cities._parts"]),
        ("from cities import rules\nrules._cached()", ["2: rules._cached"]),
    ],
)
def test_private_use_is_found(source, uses):
    assert private_uses(source, module="strategies.views") == uses


# ---- layers


def test_layers_have_no_exceptions():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]

    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == []
