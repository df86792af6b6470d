"""Links of all pages, followed as each role: none is refused or leads nowhere, and each anchor exists."""

import html
import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve

from .access import LINES, each_role, path_of

pytestmark = [pytest.mark.django_db, pytest.mark.crawl]

LINK = re.compile(r'<a\b[^>]*?\s(?:xlink:)?href="([^"]*)"')
ANCHOR = re.compile(r'\sid="([^"]+)"')
GOOD = {"200", "302", "in"}  # "in": the public is asked to sign in
NO_PAGES = ("/static/", "/i18n/")


def links_on(path: str, text: str) -> set[tuple[str, str]]:
    """Return path and anchor of each link to this site. Filters of a page are followed by ``test_leaks``."""
    found = set()
    for link in LINK.findall(text):
        target = urlsplit(urljoin(path, html.unescape(link)))
        if not target.scheme and not target.netloc and not target.path.startswith(NO_PAGES):
            found.add((target.path, target.fragment))
    return found


def one_of_each_admin_route(paths: set[str]) -> set[str]:
    """Leave out pages of the admin that differ from another one in the row alone."""
    kept, seen = set(), set()
    for path in sorted(paths):
        name = resolve(path).url_name if path.startswith("/admin/") else path
        if name not in seen:
            seen.add(name)
            kept.add(path)
    return kept


@pytest.mark.parametrize("role", each_role())
def test_every_link_leads_to_a_page_and_every_anchor_exists(world, crawl, role):
    answers = crawl.of(role)
    known = {path_of(line, world).partition("?")[0]: answers["get", str(line)] for line in LINES}
    links = {path: links_on(path, answer.text) for path, answer in known.items() if answer.code == "200"}
    targets = {target for found in links.values() for target, _anchor in found}
    with crawl.quickly():
        asked = {path: crawl.ask(role, "get", path) for path in one_of_each_admin_route(targets - known.keys())}
    answered = known | asked

    refused = {path: answer.code for path, answer in answered.items() if path in targets and answer.code not in GOOD}
    ids = {path: set(ANCHOR.findall(answer.text)) for path, answer in answered.items() if answer.code == "200"}
    bad = {
        page: sorted(
            f"{target}#{anchor} {refused.get(target, 'has no such anchor')}"
            for target, anchor in found
            if target in refused or (anchor and target in ids and anchor not in ids[target])
        )
        for page, found in links.items()
    }
    assert {page: found for page, found in bad.items() if found} == {}
