"""Arbitrary input in any form or URL gives a page or an error message, never a server error."""

import html
import re
from urllib.parse import urlencode

import pytest

from .access import HALVES, LINES, ROLES, path_of
from .crawl import falls_back

pytestmark = [pytest.mark.django_db, pytest.mark.crawl, pytest.mark.xdist_group(HALVES["coordinator"])]

ODD = [
    "²",
    "9" * 30,
    "-1",
    "1e999",
    "NaN",
    "\x00",
    "0001-01-01",
    "9999-12-31T23:59",
    "é" * 3000,
    "https://[",
    "\ud800",
    "x" * 9000,
    "😀",
    "x@y@z",
]
TURNS = 2
FORM = "application/x-www-form-urlencoded"
ENTRY = re.compile(r"<(?:input|select|textarea)\b[^>]*>", re.IGNORECASE)
KNOWN = (
    "period",
    "city",
    "page",
    "sort",
    "q",
    "kind",
    "theme",
    "country",
    "health",
    "phase",
    "group",
    "csv",
    "o",
    "p",
    "e",
)


def forms_of(text: str, method: str) -> list[str]:
    forms = re.findall(r"<form\b[^>]*>.*?</form>", text, re.DOTALL | re.IGNORECASE)
    return [
        form for form in forms if bool(re.match(r'<form[^>]*method="post"', form, re.IGNORECASE)) is (method == "post")
    ]


def entries(form: str) -> dict[str, tuple[str, str]]:
    """Map the name of each field to its type and value."""
    found = {}
    for tag in ENTRY.findall(form):
        said = {key.lower(): html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in said:
            found[said["name"]] = said.get("type", "text"), said.get("value", "")
    return found


def odd(turn: int, names) -> dict[str, str]:
    """Return an unusual value, another one for each field and each round."""
    return {name: ODD[(5 * turn + number) % len(ODD)] for number, name in enumerate(sorted(names))}


def filled(form: str, turn: int) -> list[dict[str, str]]:
    """Return two POSTs of the form: one with unchanged hidden fields, one with changed ones."""
    fields = entries(form)
    values = odd(turn, fields)
    carried = {name: fields[name][1] if fields[name][0] == "submit" else value for name, value in values.items()}
    return [{name: fields[name][1] if fields[name][0] == "hidden" else carried[name] for name in fields}, carried]


def _who(line, answers, wanted):
    return next((role for role in ("coordinator", "lead", *ROLES) if answers.get(role) == wanted), None)


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if _who(line, line.post or {}, "ok")]
)
def test_form_with_odd_values_is_no_server_error(line, world, crawl):
    role, path = _who(line, line.post, "ok"), path_of(line, world)
    page = crawl.get(role, line).text

    for turn in range(TURNS):
        for data in [data for form in forms_of(page, "post") for data in filled(form, turn)] or [odd(turn, ["text"])]:
            with crawl.quickly(), falls_back(world.clients[role]) as client:
                assert client.post(path, encoded(data), content_type=FORM).status_code < 500


NUL = "\0"
ODD_VALUE = f"\ud800{NUL}" + "a" * 3000  # no database stores it: half a surrogate pair, a NUL, more than a line


def encoded(fields: dict[str, str]) -> str:
    """Encode as a browser would, and halves of surrogate pairs as a program could."""
    return urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()})


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if _who(line, line.post or {}, "ok")]
)
def test_each_field_with_a_value_that_cannot_be_stored_is_no_server_error(line, world, crawl):
    role, path = _who(line, line.post, "ok"), path_of(line, world)
    forms = [entries(form) for form in forms_of(crawl.get(role, line).text, "post")] or [{"text": ("text", "")}]

    for fields in forms:
        unchanged = {name: value for name, (_type, value) in fields.items()}
        for name in fields:
            with crawl.quickly(), falls_back(world.clients[role]) as client:
                body = encoded(unchanged | {name: ODD_VALUE})
                assert client.post(path, body, content_type=FORM).status_code < 500, name


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if _who(line, line.get, "200")]
)
def test_each_parameter_with_a_value_that_cannot_be_stored_is_no_server_error(line, world, crawl):
    role, path = _who(line, line.get, "200"), path_of(line, world)
    forms = forms_of(crawl.get(role, line).text, "get")

    for name in {name for form in forms for name in entries(form)} | {"page", "o"}:
        with crawl.quickly(), falls_back(world.clients[role]) as client:
            response = client.get(f"{path.partition('?')[0]}?{encoded({name: ODD_VALUE.replace(NUL, 'a')})}")
            if response.streaming:
                list(response.streaming_content)  # closes the file; ``close`` would close the database as well
            assert response.status_code < 500, name


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if _who(line, line.get, "200")]
)
def test_page_with_odd_query_is_no_server_error(line, world, crawl):
    role, path = _who(line, line.get, "200"), path_of(line, world)
    names = {name for form in forms_of(crawl.get(role, line).text, "get") for name in entries(form)}.union(KNOWN)

    for turn in range(TURNS):
        with crawl.quickly(), falls_back(world.clients[role]) as client:
            assert client.get(f"{path.partition('?')[0]}?{encoded(odd(turn, names))}").status_code < 500
