"""An official logs an action: on a phone, by keyboard alone, without JavaScript, after the session has expired."""

import re

from playwright.sync_api import expect

from .browser_helpers import fits_the_screen, photo, tab_to
from .conftest import sign_in

WHO = "official.linkoping"


def log_link(title: str) -> re.Pattern:
    """Return the accessible name of the link to the form, which names the action."""
    return re.compile(f"^Log ?: {re.escape(title)}$")


def number_of(site, title: str) -> int:
    code = f"from strategies.models import Action; print(Action.objects.get(title={title!r}).pk)"
    return int(site.shell(code))


def open_period(site, slug: str = "linkoping") -> int:
    code = "from strategies.models import CityPeriod; "
    code += f"print(CityPeriod.objects.filter(city__slug={slug!r}, state='open').earliest('period__starts_on').pk)"
    return int(site.shell(code))


def reported(visit, site) -> int:
    """Return the number of reported actions on the page of the open period."""
    page = visit(WHO, f"/periods/{open_period(site)}/")
    found = re.search(r"(\d+)/\d+\s+actions reported", page.inner_text("main"))
    page.context.close()
    return int(found[1])


def saved(page, text: str) -> None:
    """The action's page shows the update with its photo."""
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("main a[href^='/files/']").first).to_be_attached()


def test_official_logs_with_a_photo_in_at_most_six_fields(visit, site, tmp_path):
    before, text = reported(visit, site), "Six new pairs met for the first time."
    page = visit(WHO, "/my-work/", width=360)
    page.get_by_role("link", name=log_link("Mentors in working life")).click()
    assert fits_the_screen(page) == []

    page.get_by_label("What has happened?").fill(text)  # 1
    page.get_by_label("ongoing").check()  # 2
    page.get_by_label(re.compile("^Spent since the last update")).fill("1 200,50")  # 3
    page.get_by_label("People reached").fill("12")  # 4
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(photo(tmp_path))  # 5
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto(f"{site.url}/actions/{number_of(site, 'Mentors in working life')}/")
    saved(page, text)
    assert fits_the_screen(page) == []
    assert reported(visit, site) == before + 1


def test_official_logs_by_keyboard_alone(visit, site, tmp_path):
    before, text = reported(visit, site), "Eleven owners of firms came for advice."
    page = visit(WHO, "/my-work/", width=360)
    page.on("filechooser", lambda chooser: None)  # early: Chromium then waits for a file from the test
    tab_to(page, page.get_by_role("link", name=log_link("Business advice in more languages")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/log/**")

    tab_to(page, page.get_by_label("What has happened?"))
    page.keyboard.type(text)
    tab_to(page, page.get_by_label("Evidence: photo, PDF or document"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photo(tmp_path))
    tab_to(page, page.get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/log/).*$"))

    page.goto(f"{site.url}/actions/{number_of(site, 'Business advice in more languages')}/")
    saved(page, text)
    assert reported(visit, site) == before + 1


def test_official_logs_without_javascript(visit, site, tmp_path):
    before, text = reported(visit, site), "The café in the second district opened."
    page = visit(WHO, "/my-work/", width=360, js=False)
    page.get_by_role("link", name=log_link("Language café in two districts")).click()

    page.get_by_label("Evidence: photo, PDF or document").set_input_files(photo(tmp_path))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").or_(page.locator(".epi-errors")).first).to_contain_text("Write one sentence")
    expect(page.locator("main")).to_contain_text("café.jpg")  # the chosen file survived the error
    page.get_by_label("What has happened?").fill(text)
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto(f"{site.url}/actions/{number_of(site, 'Language café in two districts')}/")
    saved(page, text)
    assert reported(visit, site) == before + 1


def test_official_logs_with_a_session_that_expired_before_the_post(visit, site, tmp_path):
    text = "Forty questionnaires came back."
    pk = number_of(site, "Questionnaire on how residents are met")
    page = visit(WHO, f"/actions/{pk}/log/", width=360, fresh=True)
    page.get_by_label("What has happened?").fill(text)
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(photo(tmp_path))

    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/account/login/**")
    sign_in(page, site, WHO)

    expect(page).to_have_url(re.compile(rf"/actions/{pk}/log/"))
    expect(page.get_by_label("What has happened?")).to_have_value(text)
    expect(page.locator("main")).to_contain_text("café.jpg")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{site.url}/actions/{pk}/")
    saved(page, text)


def test_form_too_old_to_be_kept_gives_the_words_back(visit, site, axe):
    text = "Nine people asked for a place."
    page = visit(WHO, f"/actions/{number_of(site, 'Mentors in working life')}/log/", fresh=True)
    page.get_by_label("What has happened?").fill(text)

    page.context.clear_cookies(name="sessionid")
    page.locator("input[name=note]").evaluate("field => field.remove()")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("h1")).to_have_text("Not saved")
    expect(page.locator("blockquote")).to_have_text(text)
    assert axe(page) == []


def test_photo_loses_the_place_where_it_was_taken(visit, site, tmp_path):
    pk = number_of(site, "Open day of the city's meeting places")
    page = visit(WHO, f"/actions/{pk}/log/")
    page.get_by_label("What has happened?").fill("The halls are booked.")
    page.get_by_label("Evidence: photo, PDF or document").set_input_files(photo(tmp_path, "halls.jpg"))
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{site.url}/actions/{pk}/")

    address = page.locator("main a[href^='/files/']").first.get_attribute("href")
    answer = page.context.request.get(site.url + address.split("?")[0])

    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"GPS" not in answer.body()
    assert b"Exif" not in answer.body()
