"""Every route for every role: ``access.txt`` has the expected status codes; a route without a line fails.

Each response is also searched for markers of the shared data that the role may not see.
"""

import pytest

from .access import LINES, each_role
from .crawl import REFUSE_POST
from .routes import routes

pytestmark = [pytest.mark.django_db, pytest.mark.crawl]

NOWHERE = ("(", "admin:(")  # addresses without a name: old forms of others
DONE = {"200", "204", "302", "400", "409", "422"}  # what "ok" means for a post: done, or told what is wrong


def test_every_route_has_a_line():
    known = {line.name for line in LINES}
    missing = sorted(name for name in routes() if name not in known and not name.startswith(NOWHERE))

    assert missing == [], "Write for each of these a line in tests/project/access.txt: who is answered what?"


def test_every_line_has_a_route():
    assert sorted({line.name for line in LINES} - set(routes())) == [], "Take these lines out of access.txt."


def test_every_line_stands_once():
    assert len({str(line) for line in LINES}) == len(LINES)


@pytest.mark.parametrize("role", each_role())
def test_get(crawl, role):
    found, wanted = _read(crawl, role, "get"), {str(line): line.get[role] for line in LINES}

    assert _differences(role, found, wanted) == []


@pytest.mark.parametrize("role", each_role())
def test_post(crawl, role):
    found, wanted = _read(crawl, role, "post"), {str(line): line.post[role] for line in LINES if line.post}

    found = {line: "ok" if got in DONE and wanted.get(line) == "ok" else got for line, got in found.items()}
    assert _differences(role, found, wanted) == []


@pytest.mark.parametrize("role", each_role(REFUSE_POST))
def test_page_that_takes_no_post_refuses_it(crawl, role):
    found = _read(crawl, role, "post")
    refused = {str(line): found[str(line)] for line in LINES if not line.post}

    assert {line: got for line, got in refused.items() if got not in {"405", "404", "403"}} == {}


def _read(crawl, role, wanted) -> dict[str, str]:
    return {line: str(answer) for (method, line), answer in crawl.of(role).items() if method == wanted}


def _differences(role, found, wanted) -> list[str]:
    return [
        f"{line}: {role} is answered {found[line]} instead of {wanted[line]}"
        for line in wanted
        if found[line] != wanted[line]
    ]
