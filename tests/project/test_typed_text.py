"""Every form of the site: what is typed survives an ended session, an old token, an error, Back and a second window.

The forms are found by opening the page of every route (tests/project/access.txt has them all) as the role that gets it,
and reading its HTML. A new form is tested as soon as its page has a line.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import form_inputs, row_search
from core.form_tokens import FIELD
from core.html_forms import Page, PageForm
from core.models import FormInput
from tests.page_forms import fill

from .access import LINES, path_of
from .crawl import falls_back

pytestmark = [pytest.mark.django_db, pytest.mark.crawl]

ORIGIN = {"Origin": "http://testserver"}
SAFE = re.compile(r'^(INSERT INTO|UPDATE) "(core_forminput|django_session|cities_storedfile|cache)"')
WRITES = re.compile(r"^(INSERT|UPDATE|DELETE)")
FIRST, SECOND = "Typed in the first window.", "Typed in the second window."
TEXTS = {"text", "textarea", "email"}
UNTYPED = {FIELD, "csrfmiddlewaretoken", "typed", "draft_version", "draft_title"}
ROLES = ["lead", "official", "coordinator", "scientific", "moderator", "rater", "trainer"]  # the fullest ones first


class Found(NamedTuple):
    role: str
    page: str
    path: str
    form: PageForm


@pytest.fixture(scope="module")
def forms(world, crawl, django_db_blocker):
    """Return each form once, on the first page and for the first role that has it."""
    found = {}
    with django_db_blocker.unblock(), crawl.quickly():
        for line in LINES:
            role = next(
                (role for role in [*ROLES, *line.get] if line.get.get(role) == "200" and role != "public"), None
            )
            if role is None:
                continue
            page, html = path_of(line, world), crawl.ask(role, "get", path_of(line, world)).html
            for form in Page(html).post_forms() if html else ():
                path = sorted(form.paths(page))[0] if form.attrs.get("action") else page.partition("?")[0]
                is_public = line.get["public"] == "200"  # it needs no session
                if FIELD in form.names and any(map(form.is_typed, form.names)) and not is_public:
                    found.setdefault(
                        (re.sub(r"\d+", "#", path), frozenset(_kinds(form))), Found(role, page, path, form)
                    )
    return list(found.values())


def _kinds(form):
    return {re.sub(r"\d+", "#", name) for name in form.names if form.is_typed(name)}


def pressed(found: Found, typed) -> tuple[str, dict]:
    """Return where the form posts to, and its content, if its first button is pressed."""
    others = {"save_draft", row_search.BUTTON}
    buttons = [one for one in found.form.controls if one.type == "submit" and one.name not in others]
    button = next((one for one in buttons if one.name), None)
    if button is None:
        return found.path, typed
    action = urlsplit(urljoin(found.path, button.attrs.get("formaction") or found.path)).path
    return action, typed | {button.name: [button.attrs.get("value") or ""]}


def plain(values) -> dict[str, list[str]]:
    """Return what counts: without tokens, searches and passwords, which are never kept, and without empty fields."""
    return {
        name: [value.replace("\r\n", "\n") for value in given]
        for name, given in values.items()
        if name not in UNTYPED
        and not name.startswith(row_search.TEXT)
        and any(given)
        and not form_inputs.SECRET.search(name)
    }


def shown(response, found: Found, typed) -> dict[str, list[str]]:
    page = Page(response.content.decode())
    form = page.find(page=found.page, path=found.path, names=set(typed))
    fresh = {control.name for control in form.controls if "data-not-restored" in control.attrs} if form else set()
    return {name: values for name, values in plain(form.values()).items() if name not in fresh} if form else {}


def expected(found: Found, typed):
    fresh = {control.name for control in found.form.controls if "data-not-restored" in control.attrs}
    return {name: values for name, values in plain(typed).items() if name not in fresh}


def is_secret(found: Found) -> bool:
    return any(map(form_inputs.SECRET.search, found.form.names))


def each(forms, world, crawl, check) -> list[str]:
    """Return the complaints of ``check`` about all forms, each on the data as they were."""
    complaints = []
    with crawl.quickly():
        for found in forms:
            with falls_back(world.clients[found.role]) as client:
                cache.clear()
                if complaint := check(client, found):
                    complaints.append(f"{found.path} ({found.role}): {complaint}")
    return complaints


def changes(queries) -> list[str]:
    return [row["sql"][:100] for row in queries if WRITES.match(row["sql"]) and not SAFE.match(row["sql"])]


def test_forms_are_found(forms):
    paths = " ".join(found.path for found in forms)

    assert len(forms) >= 50
    assert all(part in paths for part in ("/log/", "/narrative/", "/desk/", "/moderate/", "/admin/cities/"))


def test_every_password_is_known_as_one(world, crawl):
    """Its name decides that it is never kept."""
    names = set()
    with crawl.quickly():
        for line in LINES:
            for role in {role for role, code in line.get.items() if code == "200"} & {"public", *ROLES}:
                for form in Page(crawl.ask(role, "get", path_of(line, world)).html).post_forms():
                    names |= {control.name for control in form.controls if control.type == "password"}

    assert len(names) >= 3
    assert [name for name in names if not form_inputs.SECRET.search(name)] == []


def test_ended_session(forms, world, crawl):
    def check(client, found):
        typed = fill(found.form, FIRST)
        with CaptureQueriesContext(connection) as queries:
            answer = Client(headers=ORIGIN).post(found.path, typed)
        if is_secret(found):
            return FormInput.objects.filter(state="held").exists() and "a password is kept"
        if "next=" not in answer.get("Location", ""):
            return f"answered {answer.status_code}"
        if written := changes(queries):
            return written
        page = client.get(unquote(answer["Location"].partition("next=")[2]))
        return (
            shown(page, found, typed) != expected(found, typed)
            and f"{shown(page, found, typed)} for {expected(found, typed)}"
        )

    assert each(forms, world, crawl, check) == []


def test_old_token(forms, world, crawl):
    def check(client, found):
        typed = fill(found.form, FIRST) | {"csrfmiddlewaretoken": ["x" * 64]}
        strict = Client(enforce_csrf_checks=True, headers=ORIGIN)
        name = settings.SESSION_COOKIE_NAME
        strict.cookies.load({name: client.cookies[name].value, settings.CSRF_COOKIE_NAME: "y" * 32})
        with CaptureQueriesContext(connection) as queries:
            answer = strict.post(found.path, typed)
        if written := changes(queries):
            return written
        if is_secret(found):
            return answer.status_code != 403 and f"answered {answer.status_code}"
        kept = FormInput.objects.filter(state="held").last()
        is_kept = kept and plain(kept.fields) == plain(typed) and answer.get("Location") == kept.url
        return not is_kept and f"answered {answer.status_code}"

    assert each(forms, world, crawl, check) == []


def texts_of(found: Found, typed) -> list[str]:
    names = {control.name for control in found.form.controls if control.type in {"text", "textarea"}}
    return [
        value
        for name in sorted(names)
        for value in typed.get(name, [])
        if value and not form_inputs.SECRET.search(name)
    ]


def lost(response, texts) -> list[str]:
    html = response.content.decode()
    values = {value for form in Page(html).post_forms() for given in form.values().values() for value in given}
    kept = {value for row in FormInput.objects.filter(state="held") for given in row.fields.values() for value in given}
    return [text for text in texts if text not in values | kept]


def test_error_in_the_form(forms, world, crawl):
    """A date that is none, or else a choice that is none, is refused, and all texts stay."""

    def check(client, found):
        typed = fill(found.form, FIRST)
        for control in found.form.controls:
            if control.type in {"date", "datetime-local"}:
                typed[control.name] = ["soon"]
            elif control.type in {"select", "radio"}:
                typed[control.name] = ["no choice"]
        answer = client.post(*pressed(found, typed))
        if answer.status_code == 302 or is_secret(found):
            return None  # saved: nothing else was wrong
        return lost(answer, texts_of(found, typed))

    assert each(forms, world, crawl, check) == []


def test_back_and_second_window(forms, world, crawl):
    """Other content of a form that was saved before, or of a second window of an edited record, is asked about."""
    saved = []

    def check(client, found):
        first, second = fill(found.form, FIRST), fill(found.form, SECOND)
        other_window = second | {
            FIELD: Page(client.get(found.page).content.decode())
            .find(page=found.page, path=found.path, names=set(second))
            .values()[FIELD]
        }
        if client.post(*pressed(found, first)).status_code != 302 or is_secret(found) or first == second:
            return None
        saved.append(found.path)
        answer = client.post(*pressed(found, second))
        if "/forms/" not in answer.get("Location", "typed=") and "typed=" not in answer.get("Location", "typed="):
            return f"Back: saved without a question, {answer.get('Location')}"
        if missing := lost(answer, texts_of(found, second)):
            return f"Back: lost {missing}"
        is_edit = any(control.values[:1] not in ([], [""]) for control in found.form.controls if control.type in TEXTS)
        answer = client.post(*pressed(found, other_window))
        if answer.status_code == 302:
            return is_edit and "a second window overwrites what the first one saved"
        missing = lost(answer, texts_of(found, second))
        return missing and f"second window: lost {missing}"

    complaints = each(forms, world, crawl, check)
    assert len(saved) >= 20
    assert complaints == []
