"""Journeys: what a browser shows after somebody has signed out, and after a part of a page was refused."""

import re

from playwright.sync_api import expect

from .test_period import first_action

COMES_BACK = """() => {
  window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
}"""


def sign_out_in_other_window(page, site):
    other = page.context.new_page()
    other.goto(f"{site.url}/account/logout/")
    other.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{site.url}/")
    other.close()


def test_page_from_the_back_forward_cache_is_shown_while_signed_in(visit, site):
    page = visit("lead.linkoping", "/members/")

    page.evaluate(COMES_BACK)

    expect(page.get_by_role("main")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/members/")


def test_page_from_the_back_forward_cache_is_not_shown_after_sign_out(visit, site):
    page = visit("lead.linkoping", "/members/", fresh=True)
    expect(page.get_by_role("main")).to_contain_text("@demo.example")
    sign_out_in_other_window(page, site)

    page.evaluate(COMES_BACK)

    page.wait_for_url(re.compile("/account/login/"))
    expect(page.get_by_role("main")).not_to_contain_text("@demo.example")


def test_part_of_a_page_says_that_the_session_has_ended(visit, site):
    page = visit("official.cartagena", f"/actions/{first_action(site, 'cartagena')}/log/", fresh=True)
    page.get_by_label("What has happened?").first.fill("Typed before.")
    sign_out_in_other_window(page, site)

    page.locator("#id_date").fill("2026-01-02")
    page.locator("#id_date").dispatch_event("change")

    expect(page.get_by_role("alert").first).to_contain_text("You have been signed out.")
    expect(page.get_by_label("What has happened?").first).to_have_value("Typed before.")
