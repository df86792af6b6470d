"""Every route for every role: ``access.txt`` has the expected status codes; a route without a line fails.

Each response is also searched for markers of the shared data that the role may not see.
"""

import logging
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.urls import URLResolver, reverse

from .leaks import leaks
from .routes import answer, code, routes, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TABLE = Path(__file__).with_name("access.txt")
NOWHERE = ("(", "admin:(")  # routes without a name: redirects from old URLs
DONE = {"200", "204", "302", "400", "409", "422"}  # "ok" for a POST: success, or the form with errors


class Line(NamedTuple):
    """A line of the table; ``get`` and ``post`` map each role to the expected code."""

    name: str
    sample: str
    get: dict[str, str]
    post: dict[str, str]


def read_table(text: str, roles: list[str]) -> list[Line]:
    """Lines of ``route | sample | get | post``; lines of ``group = roles`` come first. See the head of the file."""
    groups, lines = {"*": "*"}, []
    for row in text.splitlines():
        if not row.strip() or row.startswith("#"):
            continue
        if " | " not in row:
            group, names = row.split("=")
            groups[group.strip()] = names.split()
            continue
        parts = [part.strip() for part in row.split("|")]
        for name, sample, get, post in _of_model(*parts) if len(parts) == 5 else [parts]:
            lines.append(Line(name, sample, _expected(get, groups, roles), _expected(post, groups, roles)))
    return lines


def _of_model(model: str, sample: str, see: str, add: str, change: str) -> list[tuple]:
    """The five admin pages of a model. Who may view it gets 403 for adding or changing it."""
    none = "404 *"
    seen, refused = f"200 {see}; {none}", f"403 {see}; {none}"
    added, changed = (refused if who == "-" else f"ok {who}; {refused}" for who in (add, change))
    return [
        (f"{model}_changelist", "-", seen, f"ok {see}; {none}"),
        (f"{model}_add", "-", added.replace("ok", "200"), added),
        (f"{model}_change", sample, seen, changed),
        (f"{model}_history", sample, seen, f"ok {see}; {none}"),
        (f"{model}_delete", sample, refused, refused),
    ]


def _expected(spec: str, groups: dict, roles: list[str]) -> dict[str, str]:
    """Parse ``200 lead coordinator; 403 *``: the first entry with the role counts; ``*`` is every user."""
    if spec in {"", "-"}:
        return {}
    found: dict[str, str] = {}
    for part in spec.split(";"):
        wanted, *names = part.split()
        for name in names:
            for role in _members(name, groups, roles):
                found.setdefault(role, wanted)
    found.setdefault("public", "in")
    missing = [role for role in roles if role not in found]
    assert not missing, f"{spec}: says nothing of {missing}"
    return found


def _members(name: str, groups: dict, roles: list[str]) -> list[str]:
    if name == "*":
        return [role for role in roles if role != "public"]
    if name == "all":
        return roles
    members = groups.get(name, [name])
    unknown = set(members) - set(roles)
    assert not unknown, f"no such role or group: {unknown}"
    return members


ROLES = [
    "public",
    "viewer",
    "expert",
    "local_committee",
    "owner",
    "official",
    "lead",
    "other_official",
    "partner",
    "trainer",
    "data_protection",
    "scientific",
    "scientific_conflicted",
    "coordinator",
    "former",
    "superuser",
    "superuser_conflicted",
    "rater",
    "moderator",
    "substitute",
]
LINES = read_table(TABLE.read_text("utf-8"), ROLES)


def values_of(sample: str, world) -> dict:
    """Parse ``pk=event.pk slug='x'`` into keyword arguments; ``event.pk`` is looked up in the shared data."""
    found = {}
    for part in sample.split():
        name, path = part.split("=")
        found[name] = path.strip("'") if path.startswith("'") else _follow(path, world)
    return found


def _follow(path: str, place):
    for step in path.split("."):
        place = place[step] if isinstance(place, dict) else getattr(place, step)
    return place


def path_of(line: Line, world) -> str:
    sample = "" if line.sample == "-" else line.sample
    path, _, query = sample.partition("?")
    return reverse(line.name, kwargs=values_of(path, world) or None) + (f"?{query}" if query else "")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    """Skip logging and rendering of thousands of refused requests; ``test_refusals`` tests their pages."""
    monkeypatch.setattr(URLResolver, "resolve_error_handler", lambda self, status: _bare(status))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _bare(status: int):
    return lambda request, exception=None: HttpResponse(status=status)


def test_every_route_has_a_line():
    known = {line.name for line in LINES}
    missing = sorted(name for name in routes() if name not in known and not name.startswith(NOWHERE))

    assert missing == [], "Write for each of these a line in tests/project/access.txt: who is answered what?"


def test_every_line_has_a_route():
    assert sorted({line.name for line in LINES} - set(routes())) == [], "Take these lines out of access.txt."


def _each(lines):
    return [pytest.param(line, id=f"{line.name}-{line.sample}") for line in lines]


@pytest.mark.parametrize("line", _each(LINES))
def test_get(line, world):
    path = path_of(line, world)

    found = {role: _asked(world, role, "get", path) for role in ROLES}

    assert found == line.get


@pytest.mark.parametrize("line", _each(line for line in LINES if line.post))
def test_post(line, world):
    path = path_of(line, world)

    found = {role: _asked(world, role, "post", path) for role in ROLES}

    assert {role: "ok" if line.post[role] == "ok" and got in DONE else got for role, got in found.items()} == line.post


@pytest.mark.parametrize("line", _each(line for line in LINES if not line.post))
def test_page_that_takes_no_post_refuses_it(line, world):
    path = path_of(line, world)

    for role in ("official", "coordinator"):
        assert _asked(world, role, "post", path) in {"405", "404", "403"}


def _asked(world, role: str, method: str, path: str) -> str:
    """Return one role's response and roll back its changes. The test client raises server errors."""
    with transaction.atomic():
        client = world.clients[role]
        cookies = client.cookies.copy()
        response = answer(client, method, path)
        told = leaks(text_of(response), role)
        client.cookies = cookies
        transaction.set_rollback(True)
    return f"{code(response)} and tells {sorted(told)}" if told else code(response)
