"""PDFs: any text survives, and a document that takes too much time or memory ends with a reason."""

import json
from datetime import UTC, datetime

import pytest

from core import documents
from core.limited_process import ProcessFailed

TEMPLATE = """#set document(title: "x", date: none)
#set text(lang: "en", font: "Libertinus Serif", weight: "semibold")
= x
#json(bytes(sys.inputs.data)).texts.join()
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG = {"texts": ["Words about the library. " * 200_000]}


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "template.typ"
    path.write_text(TEMPLATE)
    return path


@pytest.mark.parametrize(
    "text,replaced",
    [
        ("Linköping, Łódź, Ρίγα, Рига", ""),
        ("a\N{COMBINING LOW LINE}b", "\N{COMBINING LOW LINE}"),
        ("日本語 ሰላም हिन्दी", "दनहिी्ላምሰ日本語"),
        ("a\N{COMBINING LOW LINE} 日", "\N{COMBINING LOW LINE}日"),
        ("lone \ud800 surrogate", ""),
        ("private \U000f0000", "\U000f0000"),
        ("unassigned \u0378 \U0003ffff", "\u0378\U0003ffff"),
    ],
)
def test_characters_without_glyph_are_replaced_and_listed(template, text, replaced):
    request = {"template": str(template), "data": {"texts": [text], "count": 1}, "timestamp": 0}

    listed, _newline, content = documents.compile_in_process(json.dumps(request).encode()).partition(b"\n")

    assert content.startswith(b"%PDF-")
    assert json.loads(listed) == replaced


@pytest.mark.parametrize("text", ["\x07\x00\x7f", "\N{RIGHT-TO-LEFT OVERRIDE}a\u2066", "\ufeff\u200d", "\uffff"])
def test_control_characters_do_not_stop_a_document(template, text):
    assert documents.pdf(template, {"texts": [text]}, issued_at=NOW, seconds=20).content.startswith(b"%PDF-")


@pytest.mark.slow
def test_same_data_give_same_bytes(template):
    first, second = (documents.pdf(template, {"texts": ["日\u0332"]}, issued_at=NOW, seconds=20) for _time in range(2))

    assert first == second


@pytest.mark.waits
def test_document_that_takes_too_long_is_ended(template):
    with pytest.raises(documents.DocumentTooLarge, match="too long"):
        documents.pdf(template, LONG, issued_at=NOW, seconds=1)


@pytest.mark.slow
def test_document_that_takes_too_much_memory_is_ended(template, monkeypatch):
    monkeypatch.setattr(documents, "MEMORY_MEGABYTES", 400)

    with pytest.raises(documents.DocumentTooLarge, match="too long"):
        documents.pdf(template, LONG, issued_at=NOW, seconds=60)


def test_broken_template_is_an_error(template):
    template.write_text("#panic()")

    with pytest.raises(ProcessFailed, match="panicked"):
        documents.pdf(template, {}, issued_at=NOW, seconds=20)


def test_error_that_no_replacement_mends_is_raised(tmp_path):
    """A broken template, and one that refuses the replacement, too. Calls what the process runs."""
    broken, refusing = tmp_path / "broken.typ", tmp_path / "refusing.typ"
    broken.write_text("#unknown-function()")
    refusing.write_text('#panic("codepoint could not be displayed")')
    for path, texts in ((broken, []), (refusing, ["日"])):
        payload = json.dumps({"template": str(path), "data": {"texts": texts}, "timestamp": 0}).encode()
        with pytest.raises(Exception, match=r"unknown-function|codepoint"):
            documents.compile_in_process(payload)


def test_fonts_that_are_not_listed_are_refused(tmp_path):
    """Also tested with real fonts, in the process of its own, in test_fonts."""
    (tmp_path / "other.ttf").write_bytes(b"a font")
    fonts = {"folders": [str(tmp_path)], "families": [], "files": []}

    with pytest.raises(RuntimeError, match="make fonts"):
        documents.compile_in_process(json.dumps({"template": "unread.typ", "fonts": fonts}).encode())
