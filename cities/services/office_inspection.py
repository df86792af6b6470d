"""Refuse office documents that are bombs, are encrypted, or contain what can run or loads from elsewhere.

Reads DOCX, XLSX, ODT and ODS entry by entry, and documents embedded in them. XML is read as a stream, without a tree
and without entities. Hyperlinks are allowed: they are followed only when a reader clicks. Does not use the database.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from cities.exceptions import FileRefused
from core.limited_process import gettext_noop as _

from .strip_gps import strip_gps

MAX_ENTRIES = 3_000
MAX_UNPACKED = 120 * 1024 * 1024  # bytes of all entries together, those of embedded documents included
MAX_RATIO = 250  # highest compression of an entry over one megabyte; office documents stay below 40
MAX_EMBEDDING = 2  # a spreadsheet in a document is 1
MAX_DEPTH = 1_000  # of XML elements
XML_KINDS = {
    "wordprocessingml.document.main": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    "spreadsheetml.sheet.main": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
OPEN_KINDS = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError)
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROGRAM = b"MZ"
XML_SUFFIXES = (".xml", ".rels")
XML_LEADING = b"\xef\xbb\xbf\xfe\xff\0 \t\r\n"  # byte order marks, white space, and the NUL of UTF-16
MACRO_PARTS = ("/activex/", "/macrosheets/", "/dialogsheets/")

DAMAGED = _("This document is damaged. Open it, save it again and choose the new file.")
TOO_LARGE = _("The content of this document is much larger than the file states. Save it again, or save it as PDF.")
ENCRYPTED = _("This document is protected with a password. Save it without a password and choose it again.")
OTHER_KIND = _(
    "Archives, slides, drawings and templates are not accepted. Unpack an archive and choose its files one by "
    "one. Save the others as PDF."
)
MACROS = _("This document contains macros. Save it without them (as DOCX, XLSX or PDF).")
EMBEDDED = _(
    "This document contains an embedded object from another program. Replace it with a picture, remove it, or "
    "save the document as PDF."
)
TEMPLATE = _("This document loads its template from another computer. Remove the template, or save it as PDF.")
LINKED = _(
    "This document loads content from other files or websites when it is opened. Remove these links, or save it as PDF."
)
OTHER_PROGRAMS = _("This document starts other programs (DDE). Remove these links, or save it as PDF.")
ENTITIES = _("This document defines XML entities, which office programs never do. Save it again, or as PDF.")


def inspect_office(data: bytes) -> tuple[bytes, str, str]:
    """Return the bytes without GPS positions, the type and the suffix; raises FileRefused."""
    try:
        return _Inspection().inspect(data, embedding=0)
    except ZIP_ERRORS as error:
        raise FileRefused(DAMAGED) from error


class _Inspection:
    """Counts entries and bytes of a document and of those embedded in it."""

    def __init__(self) -> None:
        self.entries_left = MAX_ENTRIES
        self.bytes_left = MAX_UNPACKED

    def inspect(self, data: bytes, *, embedding: int) -> tuple[bytes, str, str]:
        if data.count(b"PK\x01\x02") > self.entries_left:
            raise FileRefused(TOO_LARGE)
        if embedding > MAX_EMBEDDING:
            raise FileRefused(EMBEDDED)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self._refuse_zip_bomb(archive)
            content_type, suffix = _kind_of(archive, is_embedded=embedding > 0)
            _refuse_programs(archive)
            changed = {}
            for entry in archive.infolist():
                content = archive.read(entry)  # also compares the checksum
                cleaned = self._inspect_entry(entry.filename, content, embedding)
                if cleaned != content:
                    changed[entry.filename] = cleaned
            return (_replaced(archive, changed) if changed else data), content_type, suffix

    def _refuse_zip_bomb(self, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        self.entries_left -= len(entries)
        self.bytes_left -= sum(entry.file_size for entry in entries)
        dense = any(
            entry.file_size > 1024 * 1024 and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
            for entry in entries
        )
        if self.entries_left < 0 or self.bytes_left < 0 or dense:
            raise FileRefused(TOO_LARGE)
        if any(entry.flag_bits & 1 for entry in entries):
            raise FileRefused(ENCRYPTED)
        if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
            raise zipfile.BadZipFile
        if any(_leads_outside(entry.filename) for entry in entries):
            raise zipfile.BadZipFile
        if len({entry.filename for entry in entries}) < len(entries):
            raise zipfile.BadZipFile

    def _inspect_entry(self, name: str, content: bytes, embedding: int) -> bytes:
        if content.startswith(b"PK\x03\x04"):
            return self.inspect(content, embedding=embedding + 1)[0]
        if content.startswith((OLD_OFFICE, PROGRAM)):
            raise FileRefused(EMBEDDED)
        is_named_xml = name.lower().endswith(XML_SUFFIXES)
        if content and (is_named_xml or _looks_like_xml(content)):
            is_strict = is_named_xml or b"<?xml" in content[:64].replace(b"\0", b"")
            _XmlScan(is_drawing=name.lower().endswith(".svg")).scan(content, is_strict=is_strict)
        return content if is_named_xml else strip_gps(content)


def _looks_like_xml(content: bytes) -> bool:
    """Office programs find a part by its relationship, so it may have any name, and needs no XML declaration."""
    return content.lstrip(XML_LEADING).startswith(b"<")


def _leads_outside(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)


def _kind_of(archive: zipfile.ZipFile, *, is_embedded: bool) -> tuple[str, str]:
    names = set(archive.namelist())
    if "mimetype" in names:
        mime = archive.read("mimetype").strip()
        if mime in OPEN_KINDS:
            return mime.decode(), OPEN_KINDS[mime]
    if "[Content_Types].xml" in names:
        kinds = archive.read("[Content_Types].xml").decode("utf-8", "replace")
        if "macroenabled" in kinds.lower():
            raise FileRefused(MACROS)
        for mark, (content_type, suffix) in XML_KINDS.items():
            if mark in kinds:
                return content_type, suffix
        if is_embedded:  # slides, for example
            return "", ""
    raise FileRefused(EMBEDDED if is_embedded else OTHER_KIND)


def _refuse_programs(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        low = name.lower()
        if "/embeddings/oleobject" in low:
            raise FileRefused(EMBEDDED)
        is_macro = low.endswith("vbaproject.bin") or low.startswith(("basic/", "scripts/"))
        if is_macro or any(part in low for part in MACRO_PARTS):
            raise FileRefused(MACROS)


def _replaced(archive: zipfile.ZipFile, changed: dict[str, bytes]) -> bytes:
    cleaned = io.BytesIO()
    with zipfile.ZipFile(cleaned, "w") as target:
        for entry in archive.infolist():  # keep the order: OpenDocument wants mimetype first, uncompressed
            content = changed.get(entry.filename)
            content = archive.read(entry) if content is None else content
            target.writestr(entry, content, compress_type=entry.compress_type)
    return cleaned.getvalue()


# ---- XML

WORD = "wordprocessingml"
SHEET = "spreadsheetml"
OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument"
XLINK = "http://www.w3.org/1999/xlink href"
OPEN_FORMULA = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 formula"
OPEN_REFUSED = {  # elements of OpenDocument
    "event-listener": MACROS,
    "script": MACROS,
    "execute-macro": MACROS,
    "dde-source": OTHER_PROGRAMS,
    "dde-connection-decl": OTHER_PROGRAMS,
    "object-ole": EMBEDDED,
    "applet": EMBEDDED,
    "plugin": EMBEDDED,
    "floating-frame": LINKED,
    "encryption-data": ENCRYPTED,
}
OPEN_LOADED = {  # elements whose address is loaded when the document is opened
    "image",
    "fill-image",
    "background-image",
    "list-level-style-image",
    "object",
    "section-source",
    "table-source",
    "cell-range-source",
}
RELATION_REFUSED = {
    "vbaProject": MACROS,
    "xlMacrosheet": MACROS,
    "xlIntlMacrosheet": MACROS,
    "control": MACROS,
    "oleObject": EMBEDDED,
    "aFChunk": EMBEDDED,
}
# What an address outside the document begins with.
OUTSIDE = re.compile(r"(?!data:|vnd\.sun\.star\.Package:)[A-Za-z][A-Za-z0-9+.-]{0,40}+:|[/\\]|\.\.[/\\]")
LOCAL_DRIVE = re.compile(r"(?:file:/{0,3})?[A-Za-z]:", re.IGNORECASE)
QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")
DDE_FUNCTION = re.compile(r"\bDDE\s*+\(", re.IGNORECASE)


class _XmlScan:
    """One pass over the elements of a part. Namespaces are resolved, so prefixes do not matter.

    A drawing may define entities, as vector programs write them, if it is one: its root element decides.
    """

    def __init__(self, *, is_drawing: bool = False) -> None:
        self.is_drawing = is_drawing
        self.has_entities = False
        self.depth = 0
        self.fields: list[list[str]] = []  # instructions of open fields in a text document, the innermost last
        self.text: list[str] | None = None  # collects an instruction or a formula while it is read
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype  # type: ignore[assignment]  # it takes any arguments
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.known: dict[str, tuple[Callable | None, str]] = {}

    def scan(self, content: bytes, *, is_strict: bool = True) -> None:
        """Raise FileRefused. Without ``is_strict``, what is not XML to its end is checked as far as it can be read.

        Old drawings of spreadsheets (VML) are such parts; no program reads them further as XML either.
        """
        try:
            self.parser.Parse(content, True)
        except expat.ExpatError as error:
            if is_strict:
                raise FileRefused(DAMAGED) from error
        for instructions in self.fields:  # begun and never closed
            _refuse_field("".join(instructions))

    def _doctype(self, _name: str, system: str | None, _public: str | None, has_declarations: bool) -> None:
        self.has_entities = bool(has_declarations)
        if self.is_drawing:
            return
        if has_declarations:
            raise FileRefused(ENTITIES)
        if system and OUTSIDE.match(system.strip()):
            raise FileRefused(LINKED)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.depth and self.has_entities and name.rpartition(" ")[2] != "svg":
            raise FileRefused(ENTITIES)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FileRefused(DAMAGED)
        check, local = self.known.get(name) or self._look_up(name)
        if check:
            check(local, attributes)

    def _look_up(self, name: str) -> tuple[Callable | None, str]:
        namespace, _space, local = name.rpartition(" ")
        check: Callable[[str, dict[str, Any]], None] | None = None
        if namespace.startswith(OPEN_DOCUMENT):
            check = self._open_document
        elif local == "Relationship":
            check = self._relationship
        elif WORD in namespace and local in {"fldSimple", "fldChar", "instrText"}:
            check = self._word_field
        elif SHEET in namespace and local in {"f", "ddeLink", "connection"}:
            check = self._sheet
        self.known[name] = check, local
        return check, local

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.text is not None:
            if name.endswith(" f"):
                _refuse_formula("".join(self.text))
            self.text, self.parser.CharacterDataHandler = None, None

    def _collect(self, into: list[str]) -> None:
        self.text, self.parser.CharacterDataHandler = into, into.append

    def _open_document(self, local: str, attributes: dict[str, str]) -> None:
        if reason := OPEN_REFUSED.get(local):
            raise FileRefused(reason)
        if local in OPEN_LOADED and OUTSIDE.match(attributes.get(XLINK, "").strip()):
            raise FileRefused(LINKED)
        if formula := attributes.get(OPEN_FORMULA):
            _refuse_formula(formula.partition("=")[2])

    def _relationship(self, _local: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("Type", "").rpartition("/")[2]
        if attributes.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            if kind != "attachedTemplate":
                raise FileRefused(LINKED)
            if not LOCAL_DRIVE.match(attributes.get("Target", "").strip()):
                raise FileRefused(TEMPLATE)
        if reason := RELATION_REFUSED.get(kind):
            raise FileRefused(reason)

    def _word_field(self, local: str, attributes: dict[str, str]) -> None:
        kinds = {name.rpartition(" ")[2]: value for name, value in attributes.items()}
        if local == "fldSimple":
            _refuse_field(kinds.get("instr", ""))
        elif local == "instrText":
            self._collect(self.fields[-1] if self.fields else [])
        elif kinds.get("fldCharType") == "begin":
            self.fields.append([])
        elif self.fields and kinds.get("fldCharType") in {"separate", "end"}:
            _refuse_field("".join(self.fields[-1]))
            self.fields[-1].clear()
            if kinds["fldCharType"] == "end":
                self.fields.pop()

    def _sheet(self, local: str, attributes: dict[str, str]) -> None:
        if local == "ddeLink":
            raise FileRefused(OTHER_PROGRAMS)
        if local == "connection" and attributes.get("refreshOnLoad") in {"1", "true"}:
            raise FileRefused(LINKED)
        if local == "f":
            self._collect([])


def _refuse_field(instruction: str) -> None:
    words = instruction.split(maxsplit=1)
    if words and words[0].upper() in {"DDE", "DDEAUTO"}:
        raise FileRefused(OTHER_PROGRAMS)


def _refuse_formula(formula: str) -> None:
    """Refuse ``DDE("soffice"; …)`` and ``cmd|' /C calc'!A0``; a ``|`` in quotes is text, or the name of a sheet."""
    plain = QUOTED.sub("", formula)
    if "|" in plain or DDE_FUNCTION.search(plain):
        raise FileRefused(OTHER_PROGRAMS)
