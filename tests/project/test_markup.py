"""HTML of all pages, of their forms with errors and of parts of pages: what browsers repair without a word."""

import pytest
from django.template.loader import render_to_string

from core import error_pages
from epi_site.demo.bench.forms import fields_of
from tests.html_checker import IGNORED, TYPED, needs_checker, problems_in
from tests.markup import faults_in

from .access import HALVES, LINES, ROLES, each_role, path_of
from .crawl import falls_back
from .leaks import still
from .odd_input import FORM, encoded, entries, filled, first_role, forms_of

pytestmark = pytest.mark.django_db


def faults_of(pages: dict[str, str]) -> dict[str, list[str]]:
    found = {page: faults_in(html) for page, html in pages.items()}
    return {page: faults for page, faults in found.items() if faults}


@pytest.fixture(scope="session")
def refused_forms(world, crawl, django_db_blocker):
    """Return the pages that show forms again: after unusual values, and after a change of somebody else."""
    shown = {}
    for line in LINES:
        if role := first_role(line.post or {}, "ok"):
            with django_db_blocker.unblock(), crawl.quickly():
                page, path = crawl.ask(role, "get", path_of(line, world)).html, path_of(line, world)
                for number, data in enumerate(_posts(page)):
                    with falls_back(world.clients[role]) as client:
                        response = client.post(path, encoded(data), content_type=FORM)
                        if response.content and response.get("Content-Type", "").startswith("text/html"):
                            shown[f"{role} post {number} {line}"] = response.content.decode()
    return shown


def _posts(page: str) -> list[dict[str, str]]:
    forms = forms_of(page, "post")
    found = [data for form in forms for data in filled(form, 0)]
    for names in map(entries, forms):
        if "version" in names:
            texts = {name: "Changed" for name, (kind, value) in names.items() if kind == "text" and not value}
            found.append(texts | fields_of(page) | {"version": "999"})
    return found


@pytest.mark.crawl
@pytest.mark.parametrize("role", each_role())
def test_pages_and_forms_with_errors_have_no_hidden_faults(crawl, role):
    pages = {f"{method} {line}": answer.html for (method, line), answer in crawl.of(role).items() if answer.html}

    assert len(pages) > 10
    assert faults_of(pages) == {}


@pytest.mark.crawl
@pytest.mark.xdist_group(HALVES["coordinator"])
def test_refused_forms_have_no_hidden_faults(refused_forms):
    assert len(refused_forms) > 100
    assert all(any(part in page for page in refused_forms.values()) for part in ("data-errors", "meanwhile-title"))
    assert faults_of(refused_forms) == {}


@pytest.mark.parametrize("layout", ["bare.html", "bare_part.html"])
@pytest.mark.parametrize("status", sorted(error_pages.TEMPLATES))
def test_error_pages_have_no_hidden_faults(status, layout):
    assert faults_in(render_to_string(f"{status}.html", {"layout": layout})) == []


@pytest.mark.crawl
@pytest.mark.xdist_group(HALVES["coordinator"])
@needs_checker
def test_refused_forms_are_valid_html(refused_forms, tmp_path):
    assert problems_in(refused_forms, tmp_path, IGNORED | TYPED) == []


@pytest.mark.crawl
@pytest.mark.xdist_group(HALVES["coordinator"])
@needs_checker
def test_pages_of_each_role_are_valid_html(crawl, tmp_path):
    """Read once what several roles are answered alike."""
    pages = {}
    for role in ROLES:
        for (method, line), answer in crawl.of(role).items():
            if html := answer.html:
                pages.setdefault(still(html), (f"{role} {method} {line}", html))

    assert problems_in(dict(pages.values()), tmp_path) == []


@pytest.mark.parametrize(
    "html, fault",
    [
        ('<p id="a"></p><p id="a"></p>', "id twice"),
        ('<p id=""></p>', "id empty"),
        ('<p class="a" class="b"></p>', "class twice"),
        ("<section><p>Text</p></section>", "no heading"),
        ("<section><section><h2>Inner</h2></section></section>", "no heading"),
        ('<input type="hidden" aria-describedby="a"><p id="a"></p>', "hidden, but described"),
        ('<label for="nowhere">Name</label>', "no such id, nowhere"),
        ('<p aria-describedby="here gone" id="here"></p>', "no such id, gone"),
    ],
)
def test_fault_is_found(html, fault):
    assert [found for found in faults_in(html) if found.startswith(fault)] != []


@pytest.mark.crawl
def test_shared_caches_may_keep_every_public_page_without_a_form(crawl):
    answers = {line: answer for (method, line), answer in crawl.of("public").items() if method == "get"}
    pages = {line: answer.text for line, answer in answers.items() if answer.code == "200" and answer.html}

    with_form = {line for line, text in pages.items() if "csrfmiddlewaretoken" in text}
    never = {line for line, text in pages.items() if "no-store" in text.partition("<")[0]}
    kept = {line for line, text in pages.items() if "Cache-Control: public, no-cache" in text}
    assert len(kept) > 10
    assert set(pages) - with_form - kept == never - with_form
    assert kept & with_form == set()


def test_sound_page_has_no_faults():
    page = (
        '<section aria-label="A"></section><section><div><h3>B</h3></div></section><label for="c">C</label><p id="c">'
    )

    assert faults_in(page) == []


@needs_checker
def test_checker_finds_a_repeated_id(tmp_path):
    page = '<!doctype html><html lang="en"><title>Test</title><p id="a">One</p><p id="a">Two</p></html>'

    assert any(problem.startswith("page: Duplicate ID") for problem in problems_in({"page": page}, tmp_path))
