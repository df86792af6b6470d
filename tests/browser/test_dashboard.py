"""A partner reads the dashboard: the table of dimensions, charts with their numbers beside them, the map's list."""

from playwright.sync_api import expect

CITIES = ["Cartagena", "Cluj-Napoca", "Dietzenbach", "Linköping", "Lublin", "Ravenna", "Riga"]


def test_partner_reads_the_dashboard(visit):
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


def test_partner_reads_it_without_javascript(visit):
    page = visit("partner", "/dashboards/", js=False)

    expect(page.get_by_role("table").filter(has_text="Relevance").first).to_be_visible()
    assert page.get_by_role("table").count() > 1


def test_partner_follows_a_city_down_to_its_own_page(visit):
    page = visit("partner", "/dashboards/", width=360)

    page.get_by_role("link", name="Linköping").first.click()

    expect(page.locator("h1")).to_contain_text("Linköping")


def test_numbers_of_a_chart_are_taken_away_as_csv(visit, site):
    page = visit("partner", "/dashboards/")
    links = page.locator("a[href*='csv=']")

    for link in links.all():
        address = link.get_attribute("href")
        path = f"/dashboards/{address}" if address.startswith("?") else address
        answer = page.context.request.get(site.url + path)
        assert answer.headers["content-type"].startswith("text/csv")
        assert "llustrative" in answer.text()
    assert links.count() > 0
