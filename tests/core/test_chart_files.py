"""Test charts as files: CSV, picture, page."""

import re
import subprocess
import sys
from datetime import date
from xml.etree import ElementTree

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import Http404
from django.test import RequestFactory

from core import chart_files
from core.chart_files import chart_csv, chart_file, chart_page, chart_picture

from .test_charts import chart

ORIGIN = {"source": "The cities", "as_of": "2026 Q3", "illustrative": True, "note": "So far.", "counted": "2 cities"}


def asked(query):
    request = RequestFactory().get(f"/x/?{query}")
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


# ---- which file


def test_query_names_kind_and_chart():
    made = chart_file(asked("csv=spending&period=3"), {"spending": chart, "other": lambda: 1 / 0})

    assert made["Content-Disposition"] == 'attachment; filename="spending.csv"'
    assert chart_file(asked("period=3"), {"spending": chart}) is None


def test_unknown_chart_is_404():
    with pytest.raises(Http404):
        chart_file(asked("html=salaries"), {"spending": chart})


@pytest.mark.parametrize("kind", ["svg", "html"])
@pytest.mark.parametrize("changes", [{"figure": {}}, {"rows": []}], ids=["a table", "empty"])
def test_what_has_no_picture_is_404(kind, changes):
    with pytest.raises(Http404):
        chart_file(asked(f"{kind}=spending"), {"spending": lambda: chart(**changes)})


def test_too_large_chart_leads_back_to_the_page_with_a_message(monkeypatch):
    monkeypatch.setattr(chart_files, "MOST_MARKS", 1)
    request = asked("html=spending&period=3")

    response = chart_file(request, {"spending": chart})

    assert (response.status_code, response.url) == (302, "/x/?period=3")
    assert "too many values" in str(next(iter(get_messages(request))))
    assert chart_file(asked("html=spending"), {"spending": chart}).url == "/x/"


# ---- CSV


def csv_lines(given_chart):
    return chart_csv(given_chart, "spending").content.decode("utf-8-sig").splitlines()


def test_csv_ends_with_source_and_date():
    assert csv_lines(chart(source="Accepted periods", as_of=date(2021, 9, 30))) == [
        "City,EUR",
        "Riga,10.5",
        "Lublin,",
        "Source,Accepted periods",
        "Data from,2021-09-30",
    ]


def test_csv_has_its_own_columns_where_the_page_shows_words():
    lines = csv_lines(chart(csv_columns=["City", "Lowest", "Highest"], csv_rows=[["Riga", 1, 3]]))

    assert lines == ["City,Lowest,Highest", "Riga,1,3"]


# ---- page


@pytest.fixture(scope="module")
def page():
    given = chart(title="Riga <script>", figure=chart().figure | {"layout": {}}, **ORIGIN)
    given.figure["data"][0]["y"] = ["<a href=x>Riga</a>", "Lublin</script>"]
    return chart_page(given, "spending")


def test_page_has_source_date_demonstration_and_table(page):
    text = page.content.decode()

    assert page["Content-Disposition"] == 'attachment; filename="spending.html"'
    assert "<p>Illustrative data · 2 cities · Source: The cities · Data from 2026 Q3 · So far.</p>" in text
    assert '<html lang="en">' in text
    assert '<th scope="row">Riga</th><td class="epi-num">10.50</td>' in text


def test_page_needs_no_other_file(page):
    text = page.content.decode()

    assert "#b35900" in text.rpartition("Plotly.newPlot(")[2]
    assert not re.search(r"<(script|link)[^>]*(src|href)=", text)
    assert "var(--" not in text.rpartition("Plotly.newPlot(")[2]


def test_names_on_page_are_text(page):
    text = page.content.decode()

    drawn = text.rpartition("Plotly.newPlot(")[2]
    assert "<h1>Riga &lt;script&gt;</h1>" in text
    assert "<a href=x>" not in drawn
    assert "\\u0026lt;a href=x\\u0026gt;Riga" in drawn or "&lt;a href=x&gt;Riga" in drawn


def test_plotly_is_imported_only_for_a_page():
    code = "import sys, core.charts, core.chart_files, core.chart_svg; print('plotly' in sys.modules)"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"


# ---- picture


def test_picture_is_complete_in_light_colours():
    response = chart_picture(chart(**ORIGIN), "spending")

    text = response.content.decode()
    words = "".join(ElementTree.fromstring(text).itertext())  # noqa: S314  # our own output
    assert response["Content-Disposition"] == 'attachment; filename="spending.svg"'
    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert "Riga has spent most" in words
    assert "Illustrative data · 2 cities · Source: The cities · Data from 2026 Q3 · So far." in words
    assert "var(--" not in text


@pytest.mark.parametrize("title, shown", [("Riga\v\x1bhas\ufffe", "Rigahas"), ("var(--epi-none)", "var(--epi-none)")])
def test_picture_holds_any_title(title, shown):
    text = chart_picture(chart(title=title), "spending").content.decode()

    assert ElementTree.fromstring(text)[0].text == shown  # noqa: S314  # our own output
    assert shown in chart_page(chart(title=shown), "spending").content.decode()


def test_legend_of_picture_breaks_into_lines():
    one = chart().figure["data"][0]
    data = [one | {"name": f"A series with a long name, number {n}"} for n in range(9)]

    text = chart_picture(chart(figure={"data": data, "layout": {}}), "spending").content.decode()

    legend = re.findall(r'<text x="(\d+)" y="(\d+)">A series', text)
    assert len(legend) == 9
    assert len({y for _x, y in legend}) > 1
    assert max(int(x) for x, _y in legend) < 900
