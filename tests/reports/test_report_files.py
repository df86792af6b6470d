"""The text of the PDF, identical bytes on each rendering, and the HTML file."""

import json
import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from reports.documents import render
from tests.markup import faults_in
from tests.reports import report_facts

HTML_TAG = re.compile(r"<[^>]+>")
NOISE = re.compile(r"[\s\u00ad\u2011-]+")  # line breaks depend on the engine


def plain(text: str) -> str:
    return NOISE.sub("", text)


def display_value(document) -> list[str]:
    """Return every text and figure that a document prints."""
    if isinstance(document, str):
        return [document]
    if isinstance(document, list):
        return [words for part in document for words in display_value(part)]
    if isinstance(document, dict):
        keys = {"text", "note", "title", "caption", "rows", "columns", "blocks", "entries", "value", "words", "label"}
        keys |= {"sections", "key", "by"}
        if "planned" in document:
            keys -= {"words"}  # text alternative of a drawn line
        return [words for key, part in document.items() if key in keys for words in display_value(part) if words]
    return []


def figures_of_bars(document: dict) -> list[str]:
    blocks = [block for section in document["sections"] for block in section["blocks"] if block["type"] == "bars"]
    return [str(part["count"]) for block in blocks for row in block["rows"] for part in row["parts"] if part["count"]]


SNAPSHOTS = {
    "city": lambda language: report_facts.snapshot(language=language),
    "network": lambda language: report_facts.snapshot(
        report_facts.network_facts(), kind="network_period", number="EPI-2026-Q3-NETWORK-R1", language=language
    ),
}


@pytest.fixture(params=[("city", "en"), ("network", "sv")], ids=["city", "network"], scope="module")
def snapshot(request):
    kind, language = request.param
    return SNAPSHOTS[kind](language)


@pytest.fixture(scope="module")
def reader(snapshot):
    return PdfReader(BytesIO(render.pdf(snapshot)))


@pytest.fixture(scope="module")
def pages(reader):
    return [page.extract_text() for page in reader.pages]


def test_pdf_is_tagged_with_title_language_and_standard(reader, snapshot):
    contents = json.loads(snapshot)
    cover, root = contents["document"]["cover"], reader.trailer["/Root"]

    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == contents["language"]
    assert bool(root["/ViewerPreferences"]["/DisplayDocTitle"])
    assert reader.metadata.title == f"{cover['title']}, {cover['subject']}, {cover['period']}"
    assert b"pdfuaid" in root["/Metadata"].get_data()


def test_pdf_structure_has_headings_table_headers_and_described_figures(reader):
    kinds, described = [], []

    def walk(node):
        node = node.get_object()
        if not isinstance(node, dict):
            return
        if "/S" in node:
            kinds.append(node["/S"])
            if node["/S"] == "/Figure":
                described.append(bool(node.get("/Alt")))
        children = node.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            if not isinstance(child, int):
                walk(child)

    walk(reader.trailer["/Root"]["/StructTreeRoot"])
    assert {"/H1", "/Table", "/TH", "/TR", "/TD", "/Figure"} <= set(kinds)
    assert all(described)


def test_pdf_contains_every_text_and_figure_of_the_snapshot(pages, snapshot):
    document, text = json.loads(snapshot)["document"], plain("".join(pages))

    missing = [words for words in display_value(document) if plain(words) not in text]
    assert missing == []
    assert len(figures_of_bars(document)) > 5


def test_pdf_sections_are_in_order(pages, snapshot):
    document, text = json.loads(snapshot)["document"], plain("".join(pages))

    positions = [
        text.index(plain(f"{number}{section['title']}")) for number, section in enumerate(document["sections"], 1)
    ]
    assert positions == sorted(positions)


def test_each_pdf_page_has_demo_mark_page_number_hash_and_url(pages, snapshot):
    contents, total = json.loads(snapshot), len(pages)
    labels, sha256 = contents["document"]["labels"], render.sha256_hex(snapshot)

    for number, page in enumerate(pages, 1):
        text = plain(page)
        assert plain(labels["illustrative"]) in text
        assert sha256 in text
        assert plain(contents["verify_url"]) in text
        assert plain(f"{labels['page']} {number} {labels['page_of']} {total}") in text


FIRST_COLUMNS = {
    "Indicators and targets": "Baseline",
    "Budget and spending": "Spent to date",
    "Six dimensions": "Agreed level",
}


@pytest.mark.slow
@pytest.mark.parametrize("count", [10, 12, 13, 14, 15])
def test_pdf_tables_break_without_single_rows_and_keep_their_heading(count):
    snapshot = report_facts.snapshot(report_facts.facts(report_facts.city(actions=count)))
    pages = [page.extract_text() for page in PdfReader(BytesIO(render.pdf(snapshot))).pages]

    for row in (r"in civic\s+orientation, group \d+", "The second group of the course"):
        rows = [len(re.findall(row, page)) for page in pages]
        assert 1 not in rows
    for heading, first in FIRST_COLUMNS.items():
        assert any(0 <= page.find(heading) < page.find(first) for page in pages), heading


@pytest.mark.slow
def test_pdf_row_is_not_split_between_pages():
    updates = [report_facts.update(n, text=f"Begin{n}. " + "Words. " * 300) for n in range(1, 13)]
    snapshot = report_facts.snapshot(report_facts.facts(report_facts.city(updates=updates)))

    texts = [page.extract_text() for page in PdfReader(BytesIO(render.pdf(snapshot))).pages]

    begun = [len(re.findall(r"Begin\d+\.", text)) for text in texts]
    assert sum(begun) == len(updates)
    assert [len(re.findall(r"Words\.", text)) for text in texts] == [300 * rows for rows in begun]


def test_html_file_has_no_hidden_faults():
    assert faults_in(render.html(report_facts.snapshot()).decode()) == []


def test_timeline_labels_have_month_names():
    page = render.html(report_facts.snapshot()).decode()

    assert re.search(r"<text [^>]+>Jan 2026</text>", page)
    assert "2026-01<" not in page


def test_bars_have_a_text_alternative():
    page = render.html(report_facts.snapshot()).decode()

    assert "Done 2, On track 2, At risk 2" in HTML_TAG.sub(" ", page)


@pytest.mark.slow
def test_report_without_demo_data_has_no_mark():
    pages = PdfReader(BytesIO(render.pdf(report_facts.snapshot(report_facts.facts(is_demo=False))))).pages

    assert "Illustrative" not in "".join(page.extract_text() for page in pages)


def test_pdf_uses_only_bundled_fonts(reader):
    fonts = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }

    assert {font.split("-")[0] for font in fonts} <= {"LibertinusSerif", "DejaVuSansMono"}


@pytest.mark.slow
def test_same_snapshot_renders_the_same_bytes(snapshot):
    assert render.pdf(snapshot) == render.pdf(snapshot)
    assert render.html(snapshot) == render.html(snapshot)


@pytest.mark.slow
def test_different_snapshots_render_different_bytes():
    changed = report_facts.facts(report_facts.city(actions=13))

    assert render.pdf(report_facts.snapshot()) != render.pdf(report_facts.snapshot(changed))


def test_html_contains_every_text_and_loads_no_resources(snapshot):
    page, document = render.html(snapshot).decode(), json.loads(snapshot)["document"]
    text = plain(_unescaped(HTML_TAG.sub(" ", page)))

    missing = [words for words in display_value(document) if plain(words) not in text]
    assert missing == []
    assert page.startswith(f'<!doctype html>\n<html lang="{json.loads(snapshot)["language"]}">')
    assert page.count("<h1") == 1
    assert not re.search(r"<script|<link|src=|@import|url\(", page)
    assert document["labels"]["illustrative_long"] in _unescaped(page)


def _unescaped(page: str) -> str:
    from html import unescape

    return unescape(page)


def test_markup_characters_in_names_are_escaped():
    action = report_facts.action(1, title='<b>#let</b> $x$ *A* _B_ {{ city }} \\ "quoted"')
    snapshot = report_facts.snapshot(report_facts.facts(report_facts.city() | {"actions": [action]}))

    text = plain("".join(page.extract_text() for page in PdfReader(BytesIO(render.pdf(snapshot))).pages))
    page = render.html(snapshot).decode()

    assert plain(action["title"]) in text
    assert "<b>#let</b>" not in page


@pytest.mark.parametrize(
    "city",
    [
        {"actions": [], "updates": [], "indicators": [], "phases": [], "narrative": None, "evaluation": None},
        {"narrative": {"text": "Ā ķ ł ș ñ ö ß ο Ж", "language": "lv"}},
        {"withheld": 0, "reported_late": 0, "submitted_late": True},
    ],
    ids=["empty", "alphabets", "late"],
)
@pytest.mark.parametrize("kind", ["city_period", "network_period"])
def test_city_with_edge_case_data_is_rendered(city, kind):
    snapshot = report_facts.snapshot(report_facts.facts(report_facts.city() | city), kind=kind)

    assert render.pdf(snapshot).startswith(b"%PDF")
    assert render.html(snapshot)


def test_levels_are_not_averaged(snapshot):
    text = json.dumps(json.loads(snapshot)["document"], ensure_ascii=False)

    assert "2.5" not in text
    assert "2–3" in text
