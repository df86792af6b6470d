"""Office documents that run something or load from elsewhere are refused with the cause; ordinary ones are accepted."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from cities.exceptions import FileRefused
from cities.services import file_inspection, office_inspection

from .pictures import GPS, office, picture

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def relation(kind, target, mode="External"):
    return (
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
        f"<Relationship Id='r1' Type='{RELATIONS}{kind}' Target='{target}' TargetMode='{mode}'/></Relationships>"
    )


def plain_zip():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("tool.txt", "x")
    return output.getvalue()


def docx(name, content):
    return office("docx", entries=[(name, content)])


def with_relation(kind, target, mode="External"):
    return docx("word/_rels/document.xml.rels", relation(kind, target, mode))


def document(body):
    return f"<w:document xmlns:w='{WORD}'>{body}</w:document>"


def word(body):
    return docx("word/document.xml", document(body))


def field(*instructions):
    begin, end = "<w:fldChar w:fldCharType='begin'/>", "<w:fldChar w:fldCharType='end'/>"
    return begin + "".join(f"<w:r><w:instrText>{text}</w:instrText></w:r>" for text in instructions) + end


def sheet(body):
    content = f"<worksheet xmlns='{SHEET}'>{body}</worksheet>"
    return office("xlsx", entries=[("xl/worksheets/sheet1.xml", content)])


def odf(body, kind="odt", name="content.xml"):
    namespaces = " ".join(
        f"xmlns:{prefix}='{ODF}{prefix}:1.0'" for prefix in ("office", "text", "table", "draw", "script", "form")
    )
    root = f"<office:document-content {namespaces} xmlns:xlink='http://www.w3.org/1999/xlink'>{body}"
    return office(kind, entries=[(name, root + "</office:document-content>")])


@pytest.mark.parametrize(
    "data,message",
    [
        (with_relation("attachedTemplate", "https://example.org/t.dotm"), "template"),
        (with_relation("attachedTemplate", "file://///server/share/t.dotx"), "template"),
        (with_relation("attachedTemplate", "\\\\server\\t.dotx"), "template"),
        (with_relation("oleObject", "file:///C:/a.xls"), "loads content"),
        (with_relation("image", "https://example.org/pixel.png"), "loads content"),
        (with_relation("externalLinkPath", "prices.xlsx"), "loads content"),
        (with_relation("oleObject", "embeddings/oleObject1.bin", "Internal"), "embedded object"),
        (with_relation("aFChunk", "part.rtf", "Internal"), "embedded object"),
        (with_relation("control", "activeX1.xml", "Internal"), "macros"),
        (docx("word/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."), "embedded object"),
        (docx("word/media/image1.png", b"MZ program"), "embedded object"),
        (word(field("DDEAUTO c:\\\\cmd.exe")), "DDE"),
        (word(field("DD", "E excel a b")), "DDE"),
        (word("<w:fldSimple w:instr=' ddeauto x y'/>"), "DDE"),
        (word("<w:r><w:fldChar w:fldCharType='begin'/><w:instrText>DDEAUTO cmd</w:instrText></w:r>"), "DDE"),
        (sheet("<c><f>cmd|' /C calc'!A0</f></c>"), "DDE"),
        (sheet("<c><f>1+DDE(&quot;soffice&quot;,&quot;x&quot;)</f></c>"), "DDE"),
        (office("xlsx", entries=[("xl/externalLinks/externalLink1.xml", f"<e xmlns='{SHEET}'><ddeLink/></e>")]), "DDE"),
        (office("xlsx", entries=[("xl/connections.xml", f"<connection xmlns='{SHEET}' refreshOnLoad='1'/>")]), "loads"),
        (office("xlsx", entries=[("xl/dialogsheets/sheet1.xml", "<a/>")]), "macros"),
        (odf("<script:event-listener script:language='ooo:script'/>"), "macros"),
        (odf("<office:scripts><office:script/></office:scripts>"), "macros"),
        (odf("<draw:object-ole/>"), "embedded object"),
        (odf("<draw:image xlink:href='https://example.org/a.png'/>"), "loads content"),
        (odf("<text:section-source xlink:href='../other.odt'/>"), "loads content"),
        (
            odf("<table:table-cell table:formula='of:=DDE(&quot;soffice&quot;;&quot;a&quot;)'/>", "ods"),
            "DDE",
        ),
        (odf("<office:dde-source/>", "ods"), "DDE"),
        (odf("<draw:plugin/>", name="styles.xml"), "embedded object"),
        (odf("<manifest:encryption-data xmlns:manifest='" + ODF + "manifest:1.0'/>"), "password"),
        (docx("word/a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "entities"),
        (
            docx("word/a.bin", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>".encode("utf-16")),
            "entities",
        ),
        (docx("word/a.xml", "<!DOCTYPE a SYSTEM 'https://example.org/a.dtd'><a/>"), "loads content"),
        # A part has any name and needs no declaration: its relationship makes it the text of the document.
        (docx("word/a.dat", document("<w:fldSimple w:instr='DDEAUTO x'/>")), "DDE"),
        (docx("word/a.dat", document("<w:fldSimple w:instr='DDEAUTO x'/>").encode("utf-16")), "DDE"),
        (docx("word/a.dat", "\n" * 99 + document("<w:fldSimple w:instr='DDEAUTO x'/>")), "DDE"),
        (docx("word/a.dat", document("<w:fldSimple w:instr='DDEAUTO x'/><w:br>")), "DDE"),
        (docx("word/a.svg", document("<w:fldSimple w:instr='DDEAUTO x'/>")), "DDE"),
        (docx("word/a.dat", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "entities"),
        (docx("word/a.svg", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), "entities"),
        (docx("word/a.xml", "<a>"), "damaged"),
        (docx("word/a.xml", "<a>" * 2000 + "</a>" * 2000), "damaged"),
        (docx("word/embeddings/book.xlsx", office("xlsm")), "macros"),
        (docx("word/embeddings/book.xlsx", office("xlsx", entries=[("xl/vbaProject.bin", "x")])), "macros"),
        (docx("word/embeddings/files.zip", plain_zip()), "embedded object"),
    ],
)
def test_document_with_active_content_is_refused_with_cause(data, message):
    with pytest.raises(FileRefused, match=message):
        file_inspection.inspect(data, "minutes.docx")


@pytest.mark.parametrize(
    "data",
    [
        with_relation("hyperlink", "https://example.org/"),
        with_relation("attachedTemplate", "file:///C:\\Users\\me\\Letter.dotx"),
        with_relation("package", "embeddings/book.xlsx", "Internal"),
        word(field(" PAGE ") + field('HYPERLINK "https://example.org/DDE"') + "<w:instrText>DDE</w:instrText>"),
        word("<w:fldChar w:fldCharType='end'/><w:fldSimple w:instr=''/>"),
        sheet("<c><f>IF('a|b'!A1=&quot;x|DDE(&quot;,1,2)</f><v>1</v></c>"),
        odf("<text:a xlink:href='https://example.org/'/><draw:image xlink:href='Pictures/1.png'/>"),
        odf("<office:scripts/><draw:object xlink:href='./Object 1'/><draw:image/>"),
        odf("<table:table-cell table:formula='of:=SUM([.A1:.A9])'/>", "ods"),
        docx("word/media/drawing.svg", "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>"),
        docx(
            "word/media/drawing.svg",
            "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>",
        ),
        docx("word/report..final.xml", "<!DOCTYPE a><a/>"),
        docx(
            "META-INF/manifest.xml", "<!DOCTYPE a PUBLIC '-//OpenOffice.org//DTD Manifest 1.0//EN' 'Manifest.dtd'><a/>"
        ),
        docx("xl/drawings/drawing1.vml", "<xml xmlns:v='urn:schemas-microsoft-com:vml'><v:shape><br></v:shape></xml>"),
        docx("customXml/empty.xml", ""),
        docx("word/embeddings/slides.pptx", office("pptx")),
        docx("word/embeddings/book.xlsx", sheet("<c><f>1+1</f></c>")),
    ],
)
def test_ordinary_document_is_accepted_unchanged(data):
    assert file_inspection.inspect(data, "minutes.docx").data == data


def test_gps_is_removed_from_photo_in_embedded_document():
    inner = docx("word/media/image1.jpg", picture("JPEG"))

    made = file_inspection.inspect(docx("word/embeddings/inner.docx", inner), "minutes.docx").data

    with zipfile.ZipFile(io.BytesIO(made)) as outer:
        kept = outer.read("word/embeddings/inner.docx")
    with zipfile.ZipFile(io.BytesIO(kept)) as archive:
        photo = Image.open(io.BytesIO(archive.read("word/media/image1.jpg")))
    assert not photo.getexif().get_ifd(GPS)


def test_documents_embedded_too_deeply_are_refused():
    data = office("docx")
    for _level in range(3):
        data = docx("word/embeddings/inner.docx", data)

    with pytest.raises(FileRefused, match="embedded object"):
        file_inspection.inspect(data, "a.docx")


def test_embedded_documents_share_the_budget_of_entries(monkeypatch):
    monkeypatch.setattr(office_inspection, "MAX_ENTRIES", 5)
    inner = office("docx", entries=[("word/a", "x"), ("word/b", "x")])

    assert file_inspection.inspect(inner, "a.docx")
    with pytest.raises(FileRefused, match="much larger than the file"):
        file_inspection.inspect(office("docx", entries=[("1.docx", inner), ("2.docx", inner)]), "a.docx")


def test_embedded_documents_share_the_budget_of_bytes(monkeypatch):
    inner = office("docx", entries=[("word/a", "x" * 10_000)])
    outer = office("docx", entries=[("1.docx", inner), ("2.docx", inner)])
    monkeypatch.setattr(office_inspection, "MAX_UNPACKED", 22_000)

    assert file_inspection.inspect(inner, "a.docx")
    assert file_inspection.inspect(office("docx", entries=[("1.docx", inner)]), "a.docx")
    monkeypatch.setattr(office_inspection, "MAX_UNPACKED", 20_000)
    with pytest.raises(FileRefused, match="much larger than the file"):
        file_inspection.inspect(outer, "a.docx")


def png_with_chunks(count):
    chunk = b"eXIf" + b"MM\0*\xff\xff\xff\xff"
    one = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + one * count


def odt_with(content):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("Pictures/1.png", content)
    return output.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda size: odt_with(png_with_chunks(size // 20)),
        lambda size: odt_with(b"\x89PNG\r\n\x1a\n" + (b"\xff\xff\xff\xffeXIfMM" * (size // 10))),
        lambda size: odt_with(b"\xff\xe1\xff\xffExif\0\0II*\0" * (size // 14)),
        lambda size: odt_with(b"RIFF0000WEBP" + b"EXIF\x08\0\0\0II*\0\x08\0\0\0" * (size // 16)),
        lambda size: odt_with(b"<exif:GPS" + b"a" * size),
        lambda size: odt_with(b"<exif:GPSa " * (size // 11)),
        lambda size: odt_with(b"exif:GPSa='" * (size // 11)),
        lambda size: odt_with(b"exif:GPSa=" + b" " * size),
        lambda size: sheet("<c><f>" + "'" * size + "</f></c>"),
        lambda size: sheet("<c><f>" + "\"'" * (size // 2) + "</f></c>"),
        lambda size: word(
            "<w:fldChar w:fldCharType='begin'/><w:instrText>"
            + "a" * size
            + "</w:instrText>"
            + "".join(f"<w:fldChar w:fldCharType='separate' w:id='{number * 7919}'/>" for number in range(size // 50))
        ),
    ],
)
def test_inspection_takes_time_in_proportion_to_the_size(make, assert_linear):
    assert_linear(lambda size: file_inspection.inspect(make(size), "a.odt"), 100_000)


def encrypted(data):
    """Set the flag *encrypted* of every entry, in its header and in the list at the end."""
    data = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 1)
    return bytes(data)


@pytest.mark.parametrize(
    "data,message",
    [
        (encrypted(office("docx")), "encrypted|password"),
        (docx("../outside.xml", "x"), "could not be read|damaged|not complete"),
        (office("pptx"), "Archives, slides"),
    ],
)
def test_document_of_another_kind_or_build_is_refused(data, message):
    with pytest.raises(FileRefused, match=message):
        file_inspection.inspect(data, "minutes.docx")


def test_connection_that_is_not_refreshed_is_accepted():
    data = sheet("<connection refreshOnLoad='0'/><v>1</v>")

    assert file_inspection.inspect(data, "table.xlsx").data == data
