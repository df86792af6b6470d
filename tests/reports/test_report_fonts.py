"""Reports in many alphabets: what is printed, which fonts are recorded, and what is said of characters without one."""

import io
import json

import pytest
from django.urls import reverse
from pypdf import PdfReader

from core.snapshots import sha256_hex
from reports import tasks
from reports.documents import render
from reports.documents.glyphs import SUPPORTED, by_script, printable
from reports.models import Report
from tests.factories import ActionFactory

from . import report_facts
from .accepted_city import accept, open_city
from .test_report_tasks import queued

TEXTS = {
    "Tigrinya": "ሰላም",
    "Hindi": "नमस्ते दुनिया",
    "Bengali": "নমস্কার",
    "Thai": "สวัสดีชาวโลก",
    "Arabic": "السلام عليكم",
    "Persian": "می\N{ZERO WIDTH NON-JOINER}خواهم",
    "Hebrew": "שלום",
    "Greek": "Ρίγα",
    "Ukrainian": "Україна",
    "Vietnamese": "Tiếng Việt",
}


def snapshot_with(text: str) -> str:
    contents = json.loads(report_facts.snapshot())
    contents["document"]["cover"]["subject"] = text
    return json.dumps(contents)


def font_names(pdf: bytes) -> set[str]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    fonts = [font.get_object() for page in pages for font in page["/Resources"].get("/Font", {}).values()]
    return {font["/BaseFont"].partition("+")[2].partition("-")[0] for font in fonts}


def test_texts_in_many_alphabets_are_printed(built_fonts):
    made = render.pdf_document(snapshot_with(" · ".join(TEXTS.values())), built_fonts)

    text = PdfReader(io.BytesIO(made.content)).pages[0].extract_text()
    assert made.replaced == ""
    assert [name for name in ("Tigrinya", "Hindi", "Thai", "Greek", "Ukrainian") if TEXTS[name][:3] not in text] == []
    assert font_names(made.content) >= {
        "NotoSans",  # for Hindi
        "NotoSansEthiopic",
        "NotoSansArabic",
        "NotoSansBengali",
        "NotoSansThai",
        "LibertinusSerif",
    }


HEBREW = "שלום לכולם. זה מבחן (קצר)."
BLOCKS = [
    {"type": "text", "text": HEBREW},
    {"type": "quote", "text": f"{HEBREW}\n\nAn English part.", "by": "The city"},
    {"type": "note", "text": f"«12» {HEBREW}"},
    {"type": "facts", "rows": [["Where", HEBREW]]},
    {"type": "list", "entries": [HEBREW, {"text": HEBREW, "note": "A note"}]},
    {"type": "table", "columns": [{"text": "What", "wide": 1}, {"text": "n"}], "rows": [[HEBREW, "1"]]},
]


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[block["type"] for block in BLOCKS])
def test_text_in_hebrew_begins_at_the_right_and_its_full_stop_is_at_the_left(block):
    contents = json.loads(report_facts.snapshot())
    contents["document"]["sections"] = [{"title": "One", "blocks": [block, {"type": "text", "text": "In English."}]}]
    page = PdfReader(io.BytesIO(render.pdf(json.dumps(contents)))).pages[0]
    places: dict[str, list[float]] = {}

    def note(text, matrix, text_matrix, _font, _size):
        places.setdefault(text.strip(), []).append(text_matrix[4] * matrix[0] + matrix[4])

    page.extract_text(visitor_text=note)

    middle = float(page.mediabox.width) / 2
    assert all(place > middle for place in places["שלום"])
    assert max(places[".)"]) < min(places["שלום"])
    assert places["In English."][0] < middle


def test_chinese_is_printed(chinese_fonts):
    made = render.pdf_document(snapshot_with("林雪平市，你好"), chinese_fonts)

    assert made.replaced == ""
    assert "林雪平市" in PdfReader(io.BytesIO(made.content)).pages[0].extract_text()
    assert "NotoSansSC" in font_names(made.content)


@pytest.mark.slow
def test_same_fonts_give_the_same_bytes(built_fonts):
    snapshot = snapshot_with(" · ".join(TEXTS.values()))

    first, second = (render.pdf_document(snapshot, built_fonts) for _time in range(2))

    assert first == second


@pytest.mark.slow
def test_latin_text_looks_the_same_with_and_without_fonts(built_fonts, settings, tmp_path):
    with_fonts = render.pdf(report_facts.snapshot())
    settings.FONTS_DIR = tmp_path

    assert render.pdf(report_facts.snapshot()) == with_fonts


def test_joiners_stay_in_words_and_not_between_names_of_emoji():
    supported = SUPPORTED | {"\N{ZERO WIDTH JOINER}", "क", "ष"}

    assert printable("👩\N{ZERO WIDTH JOINER}🚀 क\N{ZERO WIDTH JOINER}ष", supported) == (
        "[woman][rocket] क\N{ZERO WIDTH JOINER}ष"
    )


def test_missing_characters_are_grouped_by_script(settings):
    found = by_script("ላ中😀ም\N{KHMER LETTER KA}")

    assert [(script.name, "".join(script.characters)) for script in found] == [
        ("Ethiopic", "ላም"),
        ("Chinese characters", "中"),
        ("Khmer", "\N{KHMER LETTER KA}"),
        ("Other characters and symbols", "😀"),
    ]
    assert found[0].code_points == ["ላ (U+120B)", "ም (U+121D)"]
    assert by_script("") == []


# ---- the record


@pytest.mark.slow
@pytest.mark.django_db
def test_report_records_its_fonts_and_keeps_them(client, everyone, built_fonts, settings, tmp_path):
    old = queued("rome", subject=" ሰላም")
    tasks.build_report(old.pk)
    settings.FONTS_DIR = tmp_path
    stored = {file.name: file.sha256 for file in old.files.all()}
    new = queued("riga", subject=" ሰላም")

    tasks.build_report(new.pk)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.font_set, old.font_set_sha256) == (built_fonts.description, built_fonts.sha256)
    assert (old.replaced_characters, new.replaced_characters) == ("", "ላምሰ")
    assert (new.font_set, new.font_set_sha256) == ("", sha256_hex(b""))
    assert {file.name: sha256_hex(file.verified_content) for file in old.files.all()} == stored
    client.force_login(everyone["coordinator"])
    pages = [client.get(report.get_absolute_url()).content.decode() for report in (old, new)]
    assert "Noto Sans Ethiopic" in pages[0]
    assert built_fonts.sha256[:12] in pages[0]
    assert "Characters missing" not in pages[0]
    assert "only those included in typst-py" in pages[1]
    assert "Ethiopic: ላ (U+120B) ም (U+121D) ሰ (U+1230)" in pages[1]


@pytest.mark.django_db
def test_page_of_a_report_without_record_of_fonts_names_none(client, everyone):
    report = queued("rome")
    client.force_login(everyone["coordinator"])

    assert "Fonts in the PDF" not in client.get(report.get_absolute_url()).content.decode()


# ---- the person who issues it


def issue(client, city, language):
    city_data = open_city(city)
    ActionFactory(city=city, published=True, owner=city.municipality, title="Library ភាសា 😀")
    accept(city_data)
    city_data.coordinator.language = language
    city_data.coordinator.save()
    client.force_login(city_data.coordinator)
    form = {"kind": "city_period", "city": city.pk, "period": city_data.period.pk, "language": language}
    return client.post(reverse("reports:report_issue"), form, follow=True).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "language, warning, script",
    [
        ("en", "The PDF cannot show these characters", "Khmer: "),
        ("sv", "PDF-filen kan inte visa dessa tecken", "Khmeriska: "),
    ],
)
def test_missing_characters_are_named_when_a_report_is_issued(client, city, language, warning, script):
    page = issue(client, city, language)

    assert Report.objects.count() == 1
    assert warning in page
    assert script in page
