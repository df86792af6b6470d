"""Every character can be printed: one that no font has is replaced."""

import io
import json
import unicodedata

import pytest
import typst
from pypdf import PdfReader

from reports.documents import render
from reports.documents.glyphs import MISSING, SUPPORTED, printable
from tests.reports import report_facts

TEMPLATE = b"""#set document(title: "x", date: none)
#set text(lang: "en")
= x
#for character in json(bytes(sys.inputs.characters)) [#character \\ ]
"""


@pytest.mark.slow
def test_every_supported_character_can_be_printed():
    characters = sorted(SUPPORTED - {"\n", "\t"})

    pdf = typst.compile(
        TEMPLATE, pdf_standards=["ua-1"], ignore_system_fonts=True, sys_inputs={"characters": json.dumps(characters)}
    )

    assert pdf.startswith(b"%PDF-")


@pytest.mark.slow
@pytest.mark.parametrize("weight", ["regular", "semibold", "bold"])
def test_every_supported_mark_can_be_printed_on_a_letter(weight):
    marks = [character for character in sorted(SUPPORTED) if unicodedata.category(character).startswith("M")]
    template = TEMPLATE.replace(b'lang: "en"', f'lang: "en", font: "Libertinus Serif", weight: "{weight}"'.encode())
    texts = [letter + mark for letter in "aЯα1א" for mark in marks]

    pdf = typst.compile(
        template, pdf_standards=["ua-1"], ignore_system_fonts=True, sys_inputs={"characters": json.dumps(texts)}
    )

    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "typed,printed",
    [
        ("Åsa, Łódź, Cluj-Napoca, Ρίγα, Рига: 5 € → ok…", "Åsa, Łódź, Cluj-Napoca, Ρίγα, Рига: 5 € → ok…"),
        ("Well done 😀!", "Well done [grinning face]!"),
        ("👍🏽 👩‍🚀", "[thumbs up sign] [woman][rocket]"),
        ("你好, ሰላም", f"{MISSING}, {MISSING}"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b\x07c\u2028d", "abc\nd"),
        ("o\N{COMBINING DIAERESIS} 😀", "ö [grinning face]"),
        ("a\N{IDEOGRAPHIC SPACE}b", "a b"),
        ("a\N{COMBINING LOW LINE}", "a"),
    ],
)
def test_unsupported_characters_are_replaced(typed, printed):
    assert printable({"a": [typed, 1, None]}) == {"a": [printed, 1, None]}


@pytest.mark.slow
def test_report_with_unsupported_characters_is_rendered():
    contents = json.loads(report_facts.snapshot())
    contents["document"]["cover"]["subject"] = "Linköping 😀 你好 ሰላም \x07\N{RIGHT-TO-LEFT OVERRIDE}"

    pdf = render.pdf(json.dumps(contents))

    assert "[grinning face]" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
