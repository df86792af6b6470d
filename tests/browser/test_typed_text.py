"""Journeys: what is typed into a form is there again after the session has ended, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import sign_in

LEAD = "lead.linkoping"
FORMS = {
    "narrative": ("/periods/{open}/narrative/", "textarea[name=text]"),
    "event": ("/cities/linkoping/events/new/", "input[name=title]"),
    "invitation": ("/members/invite/", "input[name=name]"),
}


@pytest.mark.parametrize("js", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("name", FORMS)
def test_typed_text_is_in_the_form_after_signing_in_again(visit, site, demo_ids, name, js):
    path, field = FORMS[name]
    page = visit(LEAD, path.format(**demo_ids), js=js, fresh=True)
    here, text = page.url, f"Typed into the {name} while signed in."
    page.locator(f"main form {field}").fill(text)

    page.context.clear_cookies(name="sessionid")
    form = page.locator("main form").filter(has=page.locator(field))
    form.locator(":is(button, input)[type=submit]:not([aria-hidden], [name=find])").first.click()
    page.wait_for_url(re.compile("/account/login/"))
    sign_in(page, site, LEAD)

    expect(page).to_have_url(re.compile(re.escape(here)))
    expect(page.locator(f"main form {field}")).to_have_value(text)
    expect(page.get_by_role("main")).to_contain_text("but it could not be saved")
