"""Journeys: a city submits its period; partners see figures before, and texts after."""

import re

from playwright.sync_api import expect

from .test_log import open_period

SENTENCE = "Thirty families visited the new meeting place."


def first_action(site, slug: str) -> int:
    code = "from strategies.models import Action; "
    code += f"print(Action.objects.active().filter(objective__area__strategy__city__slug={slug!r}).earliest('pk').pk)"
    return int(site.shell(code))


def update_count_link(dashboard):
    """Return the link that shows the number of updates in the period."""
    return dashboard.locator(".epi-figures a", has_text="updates in the period")


def update_count(dashboard) -> int:
    return int(update_count_link(dashboard).locator("b").inner_text())


def test_partner_sees_texts_only_after_submission(visit, site):
    pk, period = first_action(site, "ravenna"), open_period(site, "ravenna")
    before = update_count(visit("partner", "/dashboards/ravenna/"))
    page = visit("official.ravenna", f"/actions/{pk}/log/")
    page.get_by_label("What has happened?").fill(SENTENCE)
    page.get_by_label("People reached").fill("30")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"^(?!.*/log/).*$"))

    dashboard = visit("partner", "/dashboards/ravenna/")
    expect(update_count_link(dashboard)).to_contain_text("not yet submitted")
    assert update_count(dashboard) == before + 1
    for path in ("/dashboards/", "/dashboards/ravenna/", f"/actions/{pk}/", f"/periods/{period}/", "/cities/ravenna/"):
        dashboard.goto(site.url + path)
        assert SENTENCE not in dashboard.content()

    lead = visit("lead.ravenna", f"/periods/{period}/submit/")
    lead.get_by_label("Submit before the period ends").check()
    lead.get_by_role("button", name="Submit").click()
    expect(lead.locator("main")).to_contain_text("Submitted")

    dashboard.goto(f"{site.url}/actions/{pk}/")
    expect(dashboard.locator("main")).to_contain_text(SENTENCE)
    dashboard.goto(f"{site.url}/dashboards/ravenna/")
    expect(dashboard.locator("main")).not_to_contain_text("not yet submitted")


def test_submitted_period_has_no_edit_links(visit, site):
    pk, period = first_action(site, "riga"), open_period(site, "riga")
    lead = visit("lead.riga", f"/periods/{period}/")
    lead.get_by_role("link", name="Review and submit").click()
    lead.get_by_label("Submit before the period ends").check()
    lead.get_by_role("button", name="Submit").click()
    expect(lead.locator("main")).to_contain_text("Submitted")

    page = visit("official.riga", f"/actions/{pk}/")
    expect(page.locator("a[href^='/updates/'][href$='/edit/']")).to_have_count(0)

    state = site.shell(f"from strategies.models import CityPeriod; print(CityPeriod.objects.get(pk={period}).state)")
    assert state == "submitted"
