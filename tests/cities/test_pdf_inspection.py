"""PDFs that run something, hide files or are encrypted are refused with the cause; others are accepted."""

import base64
import zlib

import pytest

from cities.exceptions import FileRefused
from cities.services import file_inspection, pdf_inspection
from epi_site.demo import sample_files

from .pictures import PDF


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF whose objects from number 2 on have these contents."""
    numbered = b"\n".join(b"%d 0 obj %s endobj" % (number, text) for number, text in enumerate(objects, 2))
    start = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    return start + numbered + b"\ntrailer<</Root 1 0 R" + trailer + b">>\n%%EOF\n"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def object_stream(content: bytes, entries: bytes = b"/Filter/FlateDecode") -> bytes:
    return stream(content, b"/Type/ObjStm/N 1/First 4" + entries)


SCRIPT = b"<</S/JavaScript/JS(app.alert\\(1\\))>>"


@pytest.mark.parametrize(
    "data,message",
    [
        (pdf(SCRIPT), "scripts"),
        (pdf(b"<</OpenAction<</S /Java#53cript /JS 5 0 R>>>>"), "scripts"),
        (pdf(b"<</AA<</O<</S/JavaScript/JS<61>>>>>>>"), "scripts"),
        (pdf(b"<</Names<</JavaScript 5 0 R>>>>"), "scripts"),
        (pdf(b"<</S/Launch/F(cmd.exe)>>"), "programs"),
        (pdf(b"<</S/GoToE/T 5 0 R>>"), "programs"),
        (pdf(b"<</S/GoToR/F(\\\\\\\\server\\\\share\\\\a.pdf)>>"), "opens other files"),
        (pdf(b"<</AcroForm<</XFA 5 0 R>>>>"), "XFA"),
        (pdf(b"<</Subtype/RichMedia>>"), "films"),
        (pdf(b"<</Names<</EmbeddedFiles 5 0 R>>>>"), "other files"),
        (pdf(b"<</Type/Filespec/EF<</F 5 0 R>>>>"), "other files"),
        (pdf(object_stream(zlib.compress(b"7 0 " + SCRIPT))), "scripts"),
        (pdf(object_stream(zlib.compress(b"7 0 " + SCRIPT).hex().encode() + b">", b"/Filter[/AHx/Fl]")), "scripts"),
        (pdf(object_stream(b"7 0 " + SCRIPT, b"")), "scripts"),
        (pdf(object_stream(b"x", b"/Filter/LZWDecode")), "cannot be checked"),
        (pdf(object_stream(b"nonsense")), "damaged"),
        (pdf(stream(b"2 0 obj " + SCRIPT + b" endobj")), "scripts"),  # a reader finds it by its position
        (pdf(b"% 2 0 obj " + SCRIPT + b" endobj\n"), "scripts"),
        (pdf(trailer=b"/Encrypt 5 0 R"), "restricts printing"),
        (pdf(trailer=b"/Encrypt<</Filter/Standard>>"), "restricts printing"),
        (pdf(b"<</Type/XRef/Encrypt 5 0 R>>"), "restricts printing"),
    ],
)
def test_pdf_with_active_content_is_refused_with_cause(data, message):
    with pytest.raises(FileRefused, match=message):
        file_inspection.inspect(data, "minutes.pdf")


@pytest.mark.parametrize(
    "data",
    [
        PDF + b"\0" * 5000,
        PDF + b"\r\n \x1a",
        b"\n\0" + PDF,
        pdf(b"<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://example.org/Launch)>>>>"),
        pdf(b"<</OpenAction[3 0 R/Fit]>>"),
        pdf(b"<</S/GoTo/D(JavaScript)>>"),
        pdf(b"<</Title(HTML \\(CSS/JavaScript\\) and (/Launch) 100 %)/EF 5 0 R>>"),
        pdf(stream(b"BT (see /JavaScript) Tj /Launch ET")),
        pdf(stream(zlib.compress(b"/JavaScript"), b"/Filter/FlateDecode")),
        pdf(object_stream(zlib.compress(b"7 0 <</Title(/JavaScript)>>"))),
        pdf(object_stream(b"7 0 <</A 1>>", b"")),
        pdf(stream(b"never ends")[:-12]),
        pdf(b"(never ends"),
        pdf(b"<</Encrypt/No>>"),
        pdf(b"<</First 5 0 R/Last 6 0 R>>"),
    ],
)
def test_ordinary_pdf_is_accepted_unchanged(data):
    assert file_inspection.inspect(data, "minutes.pdf") == (data, "application/pdf", "pdf", None, None)


def test_pdf_made_by_typst_is_accepted():
    data = sample_files.minutes("Minutes", "What was decided.").read()

    assert file_inspection.inspect(data, "minutes.pdf").data == data


def test_object_streams_have_a_budget(monkeypatch):
    monkeypatch.setattr(pdf_inspection, "MAX_UNPACKED", 1000)
    half = object_stream(zlib.compress(b" " * 600))

    assert file_inspection.inspect(pdf(half), "a.pdf")
    with pytest.raises(FileRefused, match="much larger than the file"):
        file_inspection.inspect(pdf(half, half), "a.pdf")


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        b"1 0 obj",
        b"1 0 obj<</A",
        b"(",
        b"stream\n",
        b"1" * 50,
        b"/N/First stream\n",
        b"%",
        b"obj",
        b"\\",
        b"/#41",
        b"1 ",
    ],
)
def test_scan_takes_time_in_proportion_to_the_size(part, assert_linear):
    def inspect(size):
        file_inspection.inspect(b"%PDF-1.7\n" + part * (size // len(part)) + b"\n%%EOF", "a.pdf")

    assert_linear(inspect, 250_000)


def test_incomplete_pdf_is_refused():
    with pytest.raises(FileRefused, match="incomplete"):
        pdf_inspection.refuse_unsafe_pdf(b"%PDF-1.7\n1 0 obj<<>>endobj")


def test_object_stream_in_ascii85_is_read():
    packed = base64.a85encode(b"7 0 " + SCRIPT) + b"~>"

    with pytest.raises(FileRefused, match="scripts"):
        file_inspection.inspect(pdf(object_stream(packed, b"/Filter/ASCII85Decode")), "minutes.pdf")
