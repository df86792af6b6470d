"""Journeys: two people edit the same action; the second sees both versions and loses no input."""

from playwright.sync_api import expect

from .test_period import first_action


def test_edit_conflict_shows_both_versions_and_keeps_input(visit, site, axe):
    action = f"/actions/{first_action(site, 'cartagena')}/"
    first, second = (visit(f"{role}.cartagena", f"{action}edit/") for role in ("official", "lead"))
    first.get_by_label("Description").fill("What the official wrote.")
    second.get_by_label("Description").fill("What the lead official wrote.")

    first.get_by_role("button", name="Save", exact=True).click()
    expect(first).to_have_url(site.url + action)
    expect(first.locator("main")).to_contain_text("What the official wrote.")
    second.get_by_role("button", name="Save", exact=True).click()

    expect(second.locator("main")).to_contain_text("What the official wrote.")
    expect(second).to_have_url(f"{site.url}{action}edit/")
    expect(second.get_by_label("Description")).to_have_value("What the lead official wrote.")
    assert axe(second) == []
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second).to_have_url(site.url + action)
    expect(second.locator("main")).to_contain_text("What the lead official wrote.")


def test_edit_conflict_without_javascript_shows_both_versions(visit, site):
    path = f"/actions/{first_action(site, 'cluj-napoca')}/edit/"
    first, second = visit("official.cluj-napoca", path, js=False), visit("lead.cluj-napoca", path, js=False)
    first.get_by_label("Description").fill("Written first.")
    second.get_by_label("Description").fill("Written second.")

    first.get_by_role("button", name="Save", exact=True).click()
    second.get_by_role("button", name="Save", exact=True).click()

    expect(second.locator("main")).to_contain_text("Written first.")
    expect(second.get_by_label("Description")).to_have_value("Written second.")
