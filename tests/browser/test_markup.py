"""The pages of the demo as the server sends them, read by the Nu HTML checker."""

from collections import defaultdict

from tests.html_checker import needs_checker, problems_in

from .page_list import PAGES

DOWNLOADS = [
    ("report-city-file", "partner", "/reports/{city_report}/{city_report}.html"),
    ("report-network-file", "partner", "/reports/{network_report}/{network_report}.html"),
]


@needs_checker
def test_pages_are_valid_html(site, browser, signed_in, demo_ids, tmp_path):
    pages_of_role, found = defaultdict(dict), {}
    for name, role, path in PAGES + DOWNLOADS:
        pages_of_role[role][name] = path
    for role, pages in pages_of_role.items():
        context = browser.new_context(storage_state=signed_in(role) if role else None, locale="en-GB")
        for name, path in pages.items():
            found[name] = context.request.get(site.url + path.format(**demo_ids)).text()
            assert "<h1" in found[name] or name.startswith("part-"), name
        context.close()

    assert problems_in(found, tmp_path) == []
