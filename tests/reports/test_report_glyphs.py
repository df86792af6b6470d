"""Every character can be printed: one that no font has is replaced."""

import io
import json

import pytest
import typst
from pypdf import PdfReader

from reports.documents import render
from reports.documents.glyphs import MISSING, SUPPORTED, printable
from tests.reports import report_facts

ALL = b"""#set document(title: "x", date: none)
#set text(lang: "en")
= x
#for sign in json(bytes(sys.inputs.signs)) [#sign \\ ]
"""


@pytest.mark.slow
def test_every_sign_that_is_let_through_can_be_printed():
    signs = sorted(SUPPORTED - {"\n", "\t"})

    made = typst.compile(ALL, pdf_standards=["ua-1"], ignore_system_fonts=True, sys_inputs={"signs": json.dumps(signs)})

    assert made.startswith(b"%PDF-")


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
    ],
)
def test_signs_without_a_font_are_said_otherwise(typed, printed):
    assert printable({"a": [typed, 1, None]}) == {"a": [printed, 1, None]}


@pytest.mark.slow
def test_a_report_with_any_text_becomes_a_document():
    contents = json.loads(report_facts.snapshot())
    contents["document"]["cover"]["subject"] = "Linköping 😀 你好 ሰላም \x07\N{RIGHT-TO-LEFT OVERRIDE}"

    made = render.pdf(json.dumps(contents))

    assert "[grinning face]" in PdfReader(io.BytesIO(made)).pages[0].extract_text()
