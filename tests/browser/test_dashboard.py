"""Journey: a partner reads the dashboard with its table of dimensions and its charts."""

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
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    for chart in page.locator("figure:has(.js-plotly-plot), .epi-chart").all():
        expect(chart.get_by_role("table", include_hidden=True).first).to_be_attached()


def test_dashboard_without_javascript_has_tables(visit):
    page = visit("partner", "/dashboards/", js=False)

    expect(page.get_by_role("table").filter(has_text="Relevance").first).to_be_visible()
    assert page.get_by_role("table").count() > 1


def test_dashboard_links_to_city_page(visit):
    page = visit("partner", "/dashboards/", width=360)

    page.get_by_role("link", name="Linköping").first.click()

    expect(page.locator("h1")).to_contain_text("Linköping")


def test_saved_picture_names_source_date_and_demonstration(visit):
    page = visit("partner", "/dashboards/")
    expect(page.locator("#chart-health .js-plotly-plot")).to_be_visible()

    layout = page.evaluate("epiCharts.pictureOf(document.querySelector('#chart-health [data-chart]')).layout")

    words = layout["title"]["subtitle"]["text"].replace("<br>", " ")
    assert words.startswith("Illustrative · ")
    assert "Source: Reports of the cities" in words
    assert "Data of " in words


CUT_OFF = """() => [...document.querySelectorAll('.js-plotly-plot')].filter(place => {
  const own = JSON.parse(document.getElementById(place.dataset.chart).textContent).layout.height;
  const drawn = place.querySelector('.main-svg').clientHeight;
  return drawn !== own || drawn > place.clientHeight || Math.abs(place.clientWidth - place._fullLayout.width) > 1;
}).map(place => place.dataset.chart)"""


def test_charts_keep_their_height_at_each_width(visit):
    page = visit("partner", "/dashboards/", width=360)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    for width in (1280, 360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(f"() => ({CUT_OFF})().length === 0")


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
