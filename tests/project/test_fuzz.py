"""Arbitrary input in any form or URL gives a page or an error message, never a server error."""

import pytest

from .access import HALVES, LINES, path_of
from .crawl import falls_back
from .odd_input import FORM, encoded, entries, filled, first_role, forms_of, odd

pytestmark = [pytest.mark.django_db, pytest.mark.crawl, pytest.mark.xdist_group(HALVES["coordinator"])]

TURNS = 2
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


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if first_role(line.post or {}, "ok")]
)
def test_form_with_odd_values_is_no_server_error(line, world, crawl):
    role, path = first_role(line.post, "ok"), path_of(line, world)
    page = crawl.get(role, line).text

    for turn in range(TURNS):
        for data in [data for form in forms_of(page, "post") for data in filled(form, turn)] or [odd(turn, ["text"])]:
            with crawl.quickly(), falls_back(world.clients[role]) as client:
                assert client.post(path, encoded(data), content_type=FORM).status_code < 500


NUL = "\0"
ODD_VALUE = f"\ud800{NUL}" + "a" * 3000  # no database stores it: half a surrogate pair, a NUL, more than a line


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if first_role(line.post or {}, "ok")]
)
def test_each_field_with_a_value_that_cannot_be_stored_is_no_server_error(line, world, crawl):
    role, path = first_role(line.post, "ok"), path_of(line, world)
    forms = [entries(form) for form in forms_of(crawl.get(role, line).text, "post")] or [{"text": ("text", "")}]

    for fields in forms:
        unchanged = {name: value for name, (_type, value) in fields.items()}
        for name in fields:
            with crawl.quickly(), falls_back(world.clients[role]) as client:
                body = encoded(unchanged | {name: ODD_VALUE})
                assert client.post(path, body, content_type=FORM).status_code < 500, name


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if first_role(line.get, "200")]
)
def test_each_parameter_with_a_value_that_cannot_be_stored_is_no_server_error(line, world, crawl):
    role, path = first_role(line.get, "200"), path_of(line, world)
    forms = forms_of(crawl.get(role, line).text, "get")

    for name in {name for form in forms for name in entries(form)} | {"page", "o"}:
        with crawl.quickly(), falls_back(world.clients[role]) as client:
            response = client.get(f"{path.partition('?')[0]}?{encoded({name: ODD_VALUE.replace(NUL, 'a')})}")
            if response.streaming:
                list(response.streaming_content)  # closes the file; ``close`` would close the database as well
            assert response.status_code < 500, name


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{line.name}-{line.sample}") for line in LINES if first_role(line.get, "200")]
)
def test_page_with_odd_query_is_no_server_error(line, world, crawl):
    role, path = first_role(line.get, "200"), path_of(line, world)
    names = {name for form in forms_of(crawl.get(role, line).text, "get") for name in entries(form)}.union(KNOWN)

    for turn in range(TURNS):
        with crawl.quickly(), falls_back(world.clients[role]) as client:
            assert client.get(f"{path.partition('?')[0]}?{encoded(odd(turn, names))}").status_code < 500
