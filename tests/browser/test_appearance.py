"""Each page in light and dark, narrow and wide: no axe violation, no overflow, no request to another host."""

import os
import re

import pytest
from playwright.sync_api import expect

from .browser_helpers import FILL_WITH_LONG_WORDS, elements_too_wide, texts_too_narrow
from .page_list import PAGES

IS_RENDERED = """() => document.fonts.status === 'loaded'
  && document.getAnimations().every(each => each.playState !== 'running')"""
KINDS = {"dark-360": (360, True), "light-1280": (1280, False)}
TABLETS = (768, 1000)
if os.environ.get("EPI_APPEARANCE") == "all":  # make test-appearance
    KINDS |= {"light-360": (360, False), "dark-1280": (1280, True)}


@pytest.mark.parametrize("name, role, path", PAGES, ids=[name for name, _role, _path in PAGES])
def test_page_has_no_problems(look_at, axe, screenshot, demo_ids, name, role, path):
    """Check one page in each width and colour scheme. The fixture ``look_at`` fails on console errors."""
    page = look_at(role, path.format(**demo_ids))
    problems = {}

    for kind, (width, dark) in KINDS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.wait_for_function(IS_RENDERED)
        problems_of_kind = axe(page) + [f"too wide: {element}" for element in elements_too_wide(page)]
        problems_of_kind += [f"too narrow: {element}" for element in texts_too_narrow(page)]
        if problems_of_kind:
            problems[kind] = problems_of_kind
        if os.environ.get("EPI_SHOTS") == "1":
            screenshot(page, f"{name}-{kind}")

    is_ours = "/admin/" not in path or "/desk/" in path  # the lists of the admin are Django's own
    for width in TABLETS if is_ours else ():
        page.set_viewport_size({"width": width, "height": 800})
        if found := elements_too_wide(page) + texts_too_narrow(page):
            problems[width] = found
    page.set_viewport_size({"width": 360, "height": 800})
    if is_ours:
        page.evaluate(FILL_WITH_LONG_WORDS)
        if too_wide := elements_too_wide(page):
            problems["long words at 360"] = too_wide
    assert problems == {}
    assert page.locator("h1").count() == 1


def test_form_with_errors_shows_summary(visit, axe, demo_ids):
    """Check that the error summary is visible and links to each field with an error."""
    page = visit("official.linkoping", f"/actions/{demo_ids['action']}/log/")
    page.get_by_role("button", name="Save", exact=True).click()

    assert axe(page) == []
    summary = page.locator(".epi-errors, .epi-error-summary").first
    assert summary.is_visible()
    page.locator("a[href='#id_text']").first.click()
    assert page.evaluate("document.activeElement.id") == "id_text"


def test_menu_on_phone_opens_with_enter_key(visit):
    page = visit("official.linkoping", "/my-work/", width=360)
    link = page.locator(".epi-nav-fold nav a").first

    assert not link.is_visible()
    page.locator(".epi-nav-fold > summary").focus()
    page.keyboard.press("Enter")
    assert link.is_visible()


def test_swedish_page_has_swedish_language_and_text(visit):
    """Check that the ``lang`` attribute is the language of the text."""
    page = visit("official.linkoping", "/my-work/", fresh=True)
    page.context.add_cookies([{"name": "django_language", "value": "sv", "url": page.url}])
    page.goto(page.url)

    assert page.locator("html").get_attribute("lang") == "sv"
    assert "My work" not in page.inner_text("body")


def test_search_in_checkbox_list_keeps_checked_boxes(visit, axe):
    """Check that boxes hidden by the search stay checked and that Enter does not submit the form."""
    page = visit("official.linkoping", "/strategies/linkoping/swot/add/", width=360)
    actions = page.get_by_role("group", name="Related actions")

    actions.get_by_label("Search the list").fill("mentors")
    actions.get_by_role("checkbox").and_(page.locator(":visible")).check()
    actions.get_by_label("Search the list").fill("breakfast")
    page.keyboard.press("Enter")

    assert page.url.endswith("/strategies/linkoping/swot/add/")
    assert re.fullmatch(r"1 of \d+ shown, 1 selected", actions.get_by_role("status").inner_text())
    assert axe(page) == []


def test_organisations_are_found_while_typing(visit, axe, demo_ids):
    """Check that what was found before and ticked stays, and that Enter searches and does not submit the form."""
    page = visit("official.linkoping", f"/actions/{demo_ids['action']}/edit/", width=360)
    partners, owner = page.get_by_role("group", name="Partners"), page.locator("#div_id_owner")
    search, status = partners.get_by_label("Search all organisations"), partners.get_by_role("status")
    search.fill("fou")
    partners.get_by_role("checkbox", name="FoU").check()

    search.fill("patrir")
    page.keyboard.press("Enter")
    expect(status).to_have_text("1 match is in the list.")
    owner.get_by_label("Search all organisations").fill("patrir")
    owner.get_by_role("button", name="Search").click()
    owner.locator("select").select_option(label="PATRIR")

    assert page.url.endswith(f"/actions/{demo_ids['action']}/edit/")
    assert partners.get_by_role("checkbox", name="FoU").is_checked()
    assert axe(page) == []
