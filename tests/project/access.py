"""The table ``access.txt``: what each role is answered on each route, and the roles that it names."""

from pathlib import Path
from typing import NamedTuple

import pytest
from django.urls import reverse

TABLE = Path(__file__).with_name("access.txt")


class Line(NamedTuple):
    """``get`` and ``post`` give the expected code of each role."""

    name: str
    sample: str
    get: dict[str, str]
    post: dict[str, str]

    def __str__(self):
        return f"{self.name} {self.sample}"


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
    """The five pages of a model of the workbench. Who sees a model is told that she may not add or change it."""
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
    """``200 lead coordinator; 403 *``: the first that names the role. ``*`` is everybody who is signed in."""
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
    assert not unknown, f"does not have that role or group: {unknown}"
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
    "chair",
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
    """``pk=event.pk slug='x'`` as keyword arguments; paths lead through attributes and keys of the world."""
    found = {}
    for part in sample.split():
        name, path = part.split("=")
        found[name] = path.strip("'") if path.startswith("'") else _follow(path, world)
    return found


def _follow(path: str, value):
    for step in path.split("."):
        value = value[step] if isinstance(value, dict) else getattr(value, step)
    return value


def path_of(line: Line, world) -> str:
    sample = "" if line.sample == "-" else line.sample
    path, _, query = sample.partition("?")
    return reverse(line.name, kwargs=values_of(path, world) or None) + (f"?{query}" if query else "")


# Two halves of about the same work: with ``--dist loadgroup`` each is asked by one process.
HALVES = {
    role: "crawl-1"
    if role in {"lead", "official", "other_official", "coordinator", "rater", "moderator", "substitute"}
    else "crawl-2"
    for role in ROLES
}


def each_role(roles=ROLES):
    """For ``parametrize``: each role, in its half of the crawl."""
    return [pytest.param(role, marks=pytest.mark.xdist_group(HALVES[role])) for role in roles]
