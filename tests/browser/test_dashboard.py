"""Journey: a partner reads the dashboard with its table of dimensions and its charts."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

CITIES = ["Cartagena", "Cluj-Napoca", "Dietzenbach", "Linköping", "Lublin", "Ravenna", "Riga"]


def test_dashboard_has_dimensions_table_and_charts(visit):
    page = visit("partner", "/dashboards/")

    table = page.get_by_role("table").filter(has_text="Relevance").first
    assert [row.strip() for row in table.locator("tbody th").all_inner_texts()] == CITIES
    assert table.locator("thead th").all_inner_texts()[1:] == [
        "Relevance",
        "Effectiveness",
        "Coherence",
        "Sustainability",
        "Efficiency",
        "Impact",
    ]
    for chart in page.locator(".epi-chart").all():
        expect(chart.get_by_role("img").first).to_be_visible()
        expect(chart.get_by_role("table", include_hidden=True).first).to_be_attached()


def test_dashboard_without_javascript_has_tables_and_charts(visit):
    page = visit("partner", "/dashboards/", js=False)

    expect(page.get_by_role("table").filter(has_text="Relevance").first).to_be_visible()
    assert page.get_by_role("table").count() > 1
    expect(page.locator("#chart-health").get_by_role("img")).to_be_visible()


def test_dashboard_links_to_city_page(visit):
    page = visit("partner", "/dashboards/", width=360)

    page.get_by_role("link", name="Linköping").first.click()

    expect(page.locator("h1")).to_contain_text("Linköping")


@pytest.mark.parametrize("js, name", [(True, "health.png"), (False, "health.svg")])
def test_picture_is_saved_as_png_and_without_javascript_as_svg(visit, js, name):
    page = visit("partner", "/dashboards/", js=js)

    with page.expect_download() as download:
        page.locator("#chart-health [data-save-picture]").click()

    assert download.value.suggested_filename == name
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG" if js else b"<svg ")
    assert len(content) > 5000


def test_chart_saved_as_page_is_drawn_without_the_site(visit, browser, tmp_path):
    page = visit("partner", "/dashboards/")
    with page.expect_download() as download:
        page.locator("#chart-progress a[href*='html=']").click()
    saved = tmp_path / "progress.html"
    download.value.save_as(saved)

    context = browser.new_context(offline=True)
    alone = context.new_page()
    alone.goto(saved.as_uri())
    expect(alone.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(alone.locator("body")).to_contain_text("Illustrative data")
    expect(alone.get_by_role("row").filter(has_text="Riga")).to_be_visible()
    context.close()


OVERLAPPING = """() => [...document.querySelectorAll('svg.epi-chart-picture')].filter(picture => {
  const own = picture.getBoundingClientRect();
  return [...picture.querySelectorAll('text, rect')].some(part => {
    const box = part.getBoundingClientRect();
    return box.width && (box.left < own.left - 2 || box.right > own.right + 2 || box.bottom > own.bottom + 2);
  });
}).map(picture => picture.closest('figure').id)"""


@pytest.mark.parametrize("path", ["/dashboards/", "/dashboards/linkoping/"])
def test_charts_stay_in_their_cards_at_each_width(visit, path):
    page = visit("partner", path, width=360)

    for width in (1280, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERLAPPING) == []


def test_filters_are_folded_on_a_phone_before_the_script_runs(visit):
    page = visit("partner", "/dashboards/", width=360)
    page.route("**/site*.js", lambda route: route.abort())

    page.reload(wait_until="domcontentloaded")

    assert not page.get_by_label("Country").is_visible()
    page.faults.clear()  # the script that was kept away


def test_printed_levels_keep_their_colours(visit):
    page = visit("partner", "/dashboards/")
    page.emulate_media(media="print")

    styles = page.locator("td.epi-level").evaluate_all(
        "cells => cells.map(c => getComputedStyle(c)).map(style => [style.printColorAdjust, style.borderTopWidth])"
    )

    assert styles
    assert {tuple(style) for style in styles} == {("exact", "1px")}


def test_csv_links_return_csv_with_illustrative_notice(visit, site):
    page = visit("partner", "/dashboards/")
    links = page.locator("a[href*='csv=']")

    for link in links.all():
        href = link.get_attribute("href")
        path = f"/dashboards/{href}" if href.startswith("?") else href
        response = page.context.request.get(site.url + path)
        assert response.headers["content-type"].startswith("text/csv")
        assert "llustrative" in response.text()
    assert links.count() > 0
