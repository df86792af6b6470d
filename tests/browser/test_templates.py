"""Every template is rendered by a page in ``page_list``, or named here with the test that renders it."""

from collections import defaultdict
from pathlib import Path

from .live_site import ROOT
from .page_list import PAGES

BY_ACTS = {  # rendered after a POST: the test that sends it
    "_parts/error_lines.html": "test_appearance.py::test_form_with_errors",
    "strategies/_city_no_strategy_panel.html": "test_new_city.py::test_official_begins_the_strategy_of_a_new_city",
    "strategies/log_not_stored.html": "test_log.py::test_form_too_old_to_be_kept_gives_the_words_back",
}
BY_LIBRARIES = ("allauth/elements/", "bootstrap5/")  # parts that a library's own pages include


def test_every_template_is_part_of_a_page_that_is_looked_at(site, browser, signed_in, found):
    paths = defaultdict(list)
    for _name, role, path in PAGES:
        paths[role].append(path.format(**found))
    for role, places in paths.items():
        context = browser.new_context(storage_state=signed_in(role) if role else None)
        for path in places:
            context.request.get(site.url + path)
        context.close()

    folder = Path(ROOT / "templates")
    ours = {str(file.relative_to(folder)) for file in folder.rglob("*.html")}
    ours = {name for name in ours if not name.startswith(BY_LIBRARIES)}
    assert " ".join(sorted(ours - site.rendered - set(BY_ACTS))) == ""
    assert set(BY_ACTS) - ours == set()


def test_tests_that_open_the_rest_are_there():
    for place in BY_ACTS.values():
        file, name = place.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text("utf-8")
