"""Detect what a file is by its content, not its name, and what of it may be stored. Does not use the database."""

import io
import re
import unicodedata
import zipfile
import zlib
from typing import NamedTuple

from django.utils.translation import gettext as _

from cities.exceptions import FileRefused

MAX_ENTRIES = 3_000
MAX_UNPACKED = 120 * 1024 * 1024
MAX_RATIO = 250  # highest compression of an entry over one megabyte; office documents stay below 40
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
ACTIVE_PARTS = ("/activex/", "/macrosheets/", "/embeddings/oleobject")  # parts with code that can run
XML_KINDS = {
    "wordprocessingml.document.main": (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "spreadsheetml.sheet.main": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
OPEN_KINDS = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}


class InspectedFile(NamedTuple):
    """What is stored: the bytes, their type, the suffix of that type, and the size of a picture in pixels."""

    data: bytes
    content_type: str
    suffix: str
    width: int | None = None
    height: int | None = None


def inspect(data: bytes, name: str) -> InspectedFile:
    """Return the file as it may be stored; raises FileRefused with a message that says what to do."""
    if not data:
        raise FileRefused(_("This file is empty. Choose another one, or save it again where it comes from."))
    if is_picture(data):
        from .pictures import clean_picture  # here: Pillow is loaded by those who need it

        return InspectedFile(*clean_picture(data))
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5] == b"%PDF-":
        return _pdf(data)
    if data[:4] == b"PK\x03\x04":
        return _archive(data)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise FileRefused(_("This is an old Office file, or one with a password. Save it as DOCX, XLSX or PDF."))
    return _text(data, name)


def is_picture(data: bytes) -> bool:
    is_heif = data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_heif or is_webp or data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n"


def _pdf(data: bytes) -> InspectedFile:
    if b"%%EOF" not in data[-2048:]:
        raise FileRefused(_("This PDF is not complete. Save or download it again, and choose the new file."))
    if re.search(rb"/Encrypt\s+\d+\s+\d+\s+R|/Encrypt\s*<<", data):
        raise FileRefused(_("This PDF is protected with a password. Save it without protection and choose it again."))
    from .strip_gps import strip_gps  # here: Pillow is loaded by those who need it

    return InspectedFile(strip_gps(data), "application/pdf", "pdf")


# ---- office documents


def _archive(data: bytes) -> InspectedFile:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_zip_bomb(archive)
            suffix, content_type = _kind_of(archive)
            _refuse_macros(archive)
        from .strip_gps import strip_gps_from_archive  # here: Pillow is loaded by those who need it

        data = strip_gps_from_archive(data)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise FileRefused(_("This document is damaged. Open it, save it again and choose the new file.")) from error
    return InspectedFile(data, content_type, suffix)


def _refuse_zip_bomb(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    dense = any(
        entry.file_size > 1024 * 1024 and entry.file_size > MAX_RATIO * max(entry.compress_size, 1) for entry in entries
    )
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or dense:
        raise FileRefused(_("This document unpacks to far more than it says. Save it again, or as PDF."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(_("This document is protected with a password. Save it without one and choose it again."))
    if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
        raise zipfile.BadZipFile
    if any(entry.filename.startswith(("/", "\\")) or ".." in entry.filename for entry in entries):
        raise zipfile.BadZipFile
    if len({entry.filename for entry in entries}) < len(entries) or archive.testzip():  # also verifies the checksums
        raise zipfile.BadZipFile


def _kind_of(archive: zipfile.ZipFile) -> tuple[str, str]:
    names = set(archive.namelist())
    if "mimetype" in names:
        mime = archive.read("mimetype").strip()
        if mime in OPEN_KINDS:
            return OPEN_KINDS[mime], mime.decode()
    if "[Content_Types].xml" in names:
        kinds = archive.read("[Content_Types].xml").decode("utf-8", "replace")
        if "macroenabled" in kinds.lower():
            _no_macros()
        for mark, (suffix, content_type) in XML_KINDS.items():
            if mark in kinds:
                return suffix, content_type
    raise FileRefused(_("Archives and slides are not taken. Choose the files one by one, slides as PDF."))


def _refuse_macros(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        low = name.lower()
        if (
            low.endswith("vbaproject.bin")
            or low.startswith(("basic/", "scripts/"))
            or any(part in low for part in ACTIVE_PARTS)
        ):
            _no_macros()


def _no_macros() -> None:
    raise FileRefused(_("This document contains macros. Save it without them (as DOCX, XLSX or PDF)."))


# ---- text


def _text(data: bytes, name: str) -> InspectedFile:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(
            _(
                "This kind of file is not taken. Choose a picture (JPEG, PNG, WebP, HEIC), a PDF, "
                "a document (DOCX, ODT), a spreadsheet (XLSX, ODS), or text and CSV in UTF-8."
            )
        ) from error
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f" for letter in set(text)):
        raise FileRefused(_("This file is not readable text. Save it as text or CSV in UTF-8."))
    if name.lower().endswith(".csv"):
        return InspectedFile(data, "text/csv", "csv")
    return InspectedFile(data, "text/plain", "txt")
