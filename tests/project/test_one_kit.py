"""Base views, version checks, the claim of jobs and the writers of files are in ``core`` alone."""

import ast
import re

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.views.generic import View

from core.first_party import first_party_packages
from core.views import ActionView, DetailPage, ListPage, ObjectMixin, PagedListView, ServiceFormView
from tests.project.first_party import python_files

KIT = (ActionView, DetailPage, ListPage, ObjectMixin, PagedListView, ServiceFormView)
WITHOUT_OBJECT = {"dashboards.views.DashboardPage", "epi_site.pages.views.TextPage"}  # they only render a template
PATTERNS = {
    "version check": r"raise EditConflict\b|\.version (\+=|!=) ",
    "job claim": r"def claim\b|[\"']claim_token[\"']: uuid4",
    "writer of CSV or XLSX": r"csv\.(writer|DictWriter)|import xlsxwriter|openpyxl",
    "row lock by key": r"select_for_update\([^)]*\)\.get\(pk=",
}
ALLOWED = {  # the value that the form showed has been withdrawn, so there is no row whose version could be compared
    ("version check", "strategies/services/values.py"),
}


TYPED = re.compile(r"<select|<textarea|<input(?![^>]*type=\"(?:hidden|submit)\")")
COMBINED = re.compile(r"{% (el)?if [^%]*\b(may_\w+ (and|or)|(and|or) (not )?may_)")
RENDER_FIELDS = {  # the parts that draw a field, and boxes that select rows of a list
    "templates/_parts/kept_files.html",
    "templates/_parts/row_search.html",
    "templates/admin/search_form.html",
    "templates/allauth/elements/field.html",
    "templates/bootstrap5/layout/baseinput.html",
    "templates/bootstrap5/layout/field_file.html",
    "templates/bootstrap5/layout/radio_checkbox_select.html",
    "templates/strategies/my_work.html",
}


def routed_views():
    found, views = [get_resolver()], set()
    while found:
        entry = found.pop()
        found += getattr(entry, "url_patterns", [])
        view = getattr(getattr(entry, "callback", None), "view_class", None)
        views |= {view} if view else set()
    return views


def test_base_views_outside_core_build_on_the_kit():
    packages = first_party_packages() - {"core"}
    routed = routed_views()
    bases = {
        base
        for view in routed
        for base in view.__mro__
        if issubclass(base, View) and base not in routed and base.__module__.partition(".")[0] in packages
    }

    own = {f"{base.__module__}.{base.__qualname__}" for base in bases if not issubclass(base, KIT)}

    assert len(bases) >= 10
    assert own <= WITHOUT_OBJECT


@pytest.mark.parametrize("what", PATTERNS)
def test_is_defined_in_core_alone(what):
    found = set()
    for file in python_files():
        path = file.relative_to(settings.BASE_DIR).as_posix()
        if path.partition("/")[0] in first_party_packages() - {"core"} and "/migrations/" not in path:
            found |= {path} if re.search(PATTERNS[what], file.read_text("utf-8")) else set()

    assert {path for path in found if (what, path) not in ALLOWED} == set()


def test_fields_are_drawn_by_form_classes():
    templates = (settings.BASE_DIR / "templates").rglob("*.html")

    drawn = {
        file.relative_to(settings.BASE_DIR).as_posix() for file in templates if TYPED.search(file.read_text("utf-8"))
    }

    assert drawn == RENDER_FIELDS


def test_long_forms_have_the_frame_of_all_forms():
    templates = (settings.BASE_DIR / "templates").rglob("*.html")

    drawn = {file.name for file in templates if re.search(r"draft_attrs|draft_fields|save_draft", file.read_text())}

    assert drawn == {"whole_uni_form.html", "inputs.html"}


def test_buttons_combine_no_permission_with_a_state():
    """What somebody may do now with a row is ``may.<operation>``; ``may_<something>`` is a permission and no more."""
    found = {}
    for file in python_files():
        if "views" in (file.stem, file.parent.name) and file.parts[-3] != "core":
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Dict):
                    found |= {f"{file}: {key}": value for key, value in _context(node) if key.startswith("may_")}
    templates = (settings.BASE_DIR / "templates").rglob("*.html")

    assert len(found) >= 10
    assert [place for place, value in found.items() if not isinstance(value, ast.Call | ast.Constant)] == []
    assert [file.name for file in templates if COMBINED.search(file.read_text("utf-8"))] == []


def _context(node):
    pairs = zip(node.keys, node.values, strict=True)
    return [(key.value, value) for key, value in pairs if isinstance(key, ast.Constant)]
