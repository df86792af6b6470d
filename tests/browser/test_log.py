"""Journeys: an official logs an update on a phone, by keyboard only, without JavaScript, after the session expired."""

import re

from playwright.sync_api import expect

from .browser_helpers import elements_too_wide, save_photo, submit, tab_to
from .conftest import sign_in

OFFICIAL = "official.linkoping"


def log_link(title: str) -> re.Pattern:
    """Return the accessible name of the link to the form, which names the action."""
    return re.compile(f"^Log update ?: {re.escape(title)}$")


def action_pk(site, title: str) -> int:
    code = f"from strategies.models import Action; print(Action.objects.get(title={title!r}).pk)"
    return int(site.shell(code))


def open_period(site, slug: str = "linkoping") -> int:
    code = "from strategies.models import CityPeriod; "
    code += f"print(CityPeriod.objects.filter(city__slug={slug!r}, state='open').earliest('period__starts_on').pk)"
    return int(site.shell(code))


def reported_count(visit, site) -> int:
    """Return the number of reported actions on the page of the open period."""
    page = visit(OFFICIAL, f"/periods/{open_period(site)}/")
    match = re.search(r"(\d+)/\d+\s+actions reported", page.inner_text("main"))
    page.context.close()
    return int(match[1])


def expect_saved_update(page, text: str) -> None:
    """Check that the action's page shows the update with its photo."""
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("main a[href^='/files/']").first).to_be_attached()


def test_update_with_photo_is_saved_with_five_fields(visit, site, tmp_path):
    before, text = reported_count(visit, site), "Six new pairs met for the first time."
    page = visit(OFFICIAL, "/my-work/", width=360)
    page.get_by_role("link", name=log_link("Mentors in working life")).click()
    assert elements_too_wide(page) == []

    page.get_by_label("What has happened?").fill(text)  # 1
    page.get_by_label("ongoing").check()  # 2
    page.get_by_label(re.compile("^Spent since the last update")).fill("1 200,50")  # 3
    page.get_by_label("People reached").fill("12")  # 4
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(save_photo(tmp_path))  # 5
    submit(page.get_by_role("button", name="Save", exact=True))

    page.goto(f"{site.url}/actions/{action_pk(site, 'Mentors in working life')}/")
    expect_saved_update(page, text)
    assert elements_too_wide(page) == []
    assert reported_count(visit, site) == before + 1


def test_update_is_saved_by_keyboard_only(visit, site, tmp_path):
    before, text = reported_count(visit, site), "Eleven owners of firms came for advice."
    page = visit(OFFICIAL, "/my-work/", width=360)
    page.on("filechooser", lambda chooser: None)  # registered early, so that Chromium waits for a file from the test
    tab_to(page, page.get_by_role("link", name=log_link("Business advice in more languages")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/log/**")

    tab_to(page, page.get_by_label("What has happened?"))
    page.keyboard.type(text)
    tab_to(page, page.get_by_label("Evidence: photo, PDF or document"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(save_photo(tmp_path))
    tab_to(page, page.get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/log/).*$"))

    page.goto(f"{site.url}/actions/{action_pk(site, 'Business advice in more languages')}/")
    expect_saved_update(page, text)
    assert reported_count(visit, site) == before + 1


def test_update_is_saved_without_javascript(visit, site, tmp_path):
    before, text = reported_count(visit, site), "The café in the second district opened."
    page = visit(OFFICIAL, "/my-work/", width=360, js=False)
    page.get_by_role("link", name=log_link("Language café in two districts")).click()

    page.get_by_label("Evidence: photo, PDF or document").set_input_files(save_photo(tmp_path))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").or_(page.locator(".epi-errors")).first).to_contain_text("Enter a sentence")
    expect(page.locator("main")).to_contain_text("café.jpg")  # the chosen file is kept after the error
    page.get_by_label("What has happened?").fill(text)
    submit(page.get_by_role("button", name="Save", exact=True))

    page.goto(f"{site.url}/actions/{action_pk(site, 'Language café in two districts')}/")
    expect_saved_update(page, text)
    assert reported_count(visit, site) == before + 1


def test_update_is_kept_when_session_expires_before_post(visit, site, tmp_path):
    text = "Forty questionnaires came back."
    pk = action_pk(site, "Questionnaire on how residents are treated")
    page = visit(OFFICIAL, f"/actions/{pk}/log/", width=360, fresh=True)
    page.get_by_label("What has happened?").fill(text)
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(save_photo(tmp_path))

    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/account/login/**")
    sign_in(page, site, OFFICIAL)

    expect(page).to_have_url(re.compile(rf"/actions/{pk}/log/"))
    expect(page.get_by_label("What has happened?")).to_have_value(text)
    expect(page.locator("main")).to_contain_text("café.jpg")
    submit(page.get_by_role("button", name="Save", exact=True))
    page.goto(f"{site.url}/actions/{pk}/")
    expect_saved_update(page, text)


def test_update_that_cannot_be_stored_is_shown_for_copying(visit, site, axe):
    text = "Nine people asked for a place."
    page = visit(OFFICIAL, f"/actions/{action_pk(site, 'Mentors in working life')}/log/", fresh=True)
    page.get_by_label("What has happened?").fill(text)

    page.context.clear_cookies(name="sessionid")
    page.locator("main form input[name=form_token]").first.evaluate("field => field.remove()")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("h1")).to_have_text("Not saved")
    expect(page.locator("blockquote").filter(has_text=text)).to_be_visible()
    assert axe(page) == []


def test_uploaded_photo_has_no_gps_position(visit, site, tmp_path):
    pk = action_pk(site, "Open day at the city’s meeting places")
    page = visit(OFFICIAL, f"/actions/{pk}/log/")
    page.get_by_label("What has happened?").fill("The halls are booked.")
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(save_photo(tmp_path, "halls.jpg"))
    submit(page.get_by_role("button", name="Save", exact=True))
    page.goto(f"{site.url}/actions/{pk}/")

    href = page.locator("main a[href^='/files/']").first.get_attribute("href")
    response = page.context.request.get(site.url + href.split("?")[0])

    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert b"GPS" not in response.body()
    assert b"Exif" not in response.body()


def test_amount_corrected_after_going_back_is_asked_about(visit, site):
    """The browser may open the form anew after going back; then the correction must not become a second update."""
    pk = action_pk(site, "District councils with open seats")
    page = visit(OFFICIAL, f"/actions/{pk}/log/", fresh=True)
    page.get_by_label("What has happened?").fill("Three evenings were paid for.")
    page.get_by_label(re.compile("^Spent since the last update")).fill("100")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"^(?!.*/log/).*$"))

    page.go_back()
    page.reload()
    page.get_by_label("What has happened?").fill("Three evenings were paid for.")
    page.get_by_label(re.compile("^Spent since the last update")).fill("1000")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("a few minutes ago")
    submit(page.get_by_role("button", name="Correct the saved update"))
    page.wait_for_url(re.compile(r"^(?!.*/log/).*$"))

    code = f"from strategies.models import ActionUpdate; rows = ActionUpdate.objects.filter(action={pk}); "
    code += "print([int(row.spent) for row in rows.filter(text__startswith='Three evenings')])"
    assert site.shell(code).strip() == "[1000]"
