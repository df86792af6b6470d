"""Each page in light and dark, narrow and wide: no axe violation, no overflow, no request to another host."""

import os

import pytest

from .browser_helpers import fits_the_screen
from .page_list import PAGES

AT_REST = """() => document.fonts.status === 'loaded'
  && document.getAnimations().every(each => each.playState !== 'running')"""
KINDS = {"dark-360": (360, True), "light-1280": (1280, False)}
if os.environ.get("EPI_APPEARANCE") == "all":  # make test-appearance
    KINDS |= {"light-360": (360, False), "dark-1280": (1280, True)}


@pytest.mark.parametrize("name, role, path", PAGES, ids=[name for name, _role, _path in PAGES])
def test_page(visit, axe, shot, found, name, role, path):
    """One page in each width and colour scheme. The fixture ``visit`` fails on errors and requests to other hosts."""
    page = visit(role, path.format(**found))
    wrong = {}

    for kind, (width, dark) in KINDS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.wait_for_function(AT_REST)
        seen = axe(page) + [f"sticks out: {element}" for element in fits_the_screen(page)]
        if seen:
            wrong[kind] = seen
        if os.environ.get("EPI_SHOTS") == "1":
            shot(page, f"{name}-{kind}")

    assert wrong == {}
    assert page.locator("h1").count() == 1


def test_form_with_errors(visit, axe, found):
    """The error summary is focusable and links to each field with an error."""
    page = visit("official.linkoping", f"/actions/{found['action']}/log/")
    page.get_by_role("button", name="Save", exact=True).click()

    assert axe(page) == []
    summary = page.locator(".epi-errors, .epi-error-summary").first
    assert summary.is_visible()
    page.locator("a[href='#id_text']").first.click()
    assert page.evaluate("document.activeElement.id") == "id_text"


def test_menu_folds_on_a_phone_and_opens_by_key(visit):
    page = visit("official.linkoping", "/my-work/", width=360)
    link = page.locator(".epi-nav-fold nav a").first

    assert not link.is_visible()
    page.locator(".epi-nav-fold > summary").focus()
    page.keyboard.press("Enter")
    assert link.is_visible()


def test_swedish_is_whole(visit):
    """The ``lang`` attribute is the language of the text."""
    page = visit("official.linkoping", "/my-work/", fresh=True)
    page.context.add_cookies([{"name": "django_language", "value": "sv", "url": page.url}])
    page.goto(page.url)

    assert page.locator("html").get_attribute("lang") == "sv"
    assert "My work" not in page.inner_text("body")


def test_long_list_is_searched_and_ticked(visit, axe, found):
    """Checkboxes hidden by the search stay checked, and Enter in the search submits nothing."""
    page = visit("official.linkoping", f"/actions/{found['action']}/edit/", width=360)
    partners = page.get_by_role("group", name="Partners")

    partners.get_by_label("Find in the list").fill("fou")
    partners.get_by_role("checkbox").and_(page.locator(":visible")).check()
    partners.get_by_label("Find in the list").fill("patrir")
    page.keyboard.press("Enter")

    assert page.url.endswith(f"/actions/{found['action']}/edit/")
    assert partners.get_by_role("status").inner_text() == "1 of 22 shown, 1 ticked"
    assert axe(page) == []
