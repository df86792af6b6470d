"""Detect what a file is by its content, not its name, and what of it may be stored. Does not use the database.

Messages of FileRefused are not translated here: ``inspect_in_process`` runs without settings.
"""

import json
import re
import unicodedata
from typing import NamedTuple

from cities.exceptions import FileRefused
from core import limited_process
from core.limited_process import LimitExceeded, Limits, MemoryExceeded, ProcessFailed, TooBusy
from core.limited_process import gettext_noop as _

LIMITS = Limits(cpu_seconds=20, wall_seconds=40, megabytes=1024)
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WEB_PAGE = re.compile(
    r"\s{0,99}+(?:<\?xml[^>]{0,200}+>\s{0,99}+)?(?:<!--.{0,500}?-->\s{0,99}+)?"
    r"<(?:!doctype\s{1,99}+(?:html|svg)|html|head|body|script|svg)\b",
    re.IGNORECASE | re.DOTALL,
)
PICTURE_OR_DOCUMENT = re.compile(r"\.(?:jpe?g|png|webp|hei[cf]|gif|pdf|docx|xlsx|od[ts])$", re.IGNORECASE)
DDE_CELL = re.compile(r"(?:^|[,;\t])[\"' ]{0,8}[=+@-][^,;\t\n|]{1,100}+\|[^,;\t\n!]{0,300}+!", re.MULTILINE)

NOT_TAKEN = _(
    "This file type is not accepted. Choose a picture (JPEG, PNG, WebP, HEIC), a PDF, a document (DOCX, ODT), "
    "a spreadsheet (XLSX, ODS), or text and CSV in UTF-8."
)


class InspectedFile(NamedTuple):
    """What is stored: the bytes, their type, the suffix of that type, and the size of a picture in pixels."""

    data: bytes
    content_type: str
    suffix: str
    width: int | None = None
    height: int | None = None


def inspect_in_process(data: bytes, name: str) -> InspectedFile:
    """Return the file as it may be stored; raises FileRefused, also if checking takes too much time or memory.

    Everything but plain text is read in a process of its own.
    """
    if not _needs_parser(data):
        return inspect(data, name)
    header = json.dumps(name).encode()
    try:
        answer = limited_process.run(f"{__name__}:answer_process", header + b"\n" + data, LIMITS)
    except (LimitExceeded, ProcessFailed) as error:
        raise FileRefused(_reason(error)) from error
    header, _newline, content = answer.partition(b"\n")
    said = json.loads(header)
    if "refused" in said:
        raise FileRefused(said["refused"])
    return InspectedFile(content, *said["kept"])


def answer_process(payload: bytes) -> bytes:
    """Run ``inspect`` on what ``inspect_in_process`` sent, and return what it reads: a line of JSON, and the bytes."""
    name, _newline, data = payload.partition(b"\n")
    try:
        content, *kept = inspect(data, json.loads(name))
    except FileRefused as error:
        return json.dumps({"refused": str(error)}).encode()
    return json.dumps({"kept": kept}).encode() + b"\n" + content


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryExceeded):
        return _("Checking this file takes too much memory. Make it smaller, or save it as PDF, and choose it again.")
    if isinstance(error, TooBusy):
        return _("Many files are being checked right now. Choose this one again in a minute.")
    if isinstance(error, LimitExceeded):
        return _("Checking this file takes too long. Make it smaller, or print it as PDF, and choose it again.")
    return _("This file could not be read. Open it, save it again, or save it as PDF, and choose the new file.")


def inspect(data: bytes, name: str) -> InspectedFile:
    """Return the file as it may be stored; raises FileRefused with a message that says what to do."""
    if not data:
        raise FileRefused(_("This file is empty. Choose another one, or save it again in the program it comes from."))
    if is_picture(data):
        from .pictures import clean_picture  # here: Pillow is loaded by those who need it

        return InspectedFile(*clean_picture(data))
    if _is_pdf(data):
        from .pdf_inspection import refuse_unsafe_pdf  # here: loaded by the process that inspects
        from .strip_gps import strip_gps  # here: loaded by the process that inspects

        refuse_unsafe_pdf(data)
        return InspectedFile(strip_gps(data), "application/pdf", "pdf")
    if data[:4] == b"PK\x03\x04":
        from .office_inspection import inspect_office  # here: loaded by the process that inspects

        return InspectedFile(*inspect_office(data))
    if data[:8] == OLD_OFFICE:
        raise FileRefused(
            _(
                "This file is in an old Office format or has a password. Save it as DOCX, XLSX or PDF, without a "
                "password."
            )
        )
    return _text(data, name)


def is_picture(data: bytes) -> bool:
    is_heif = data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS and b"avif" not in data[8:64]
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_heif or is_webp or data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n"


def _is_pdf(data: bytes) -> bool:
    return data[:1024].lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(b"%PDF-")


def _needs_parser(data: bytes) -> bool:
    return is_picture(data) or _is_pdf(data) or data[:4] == b"PK\x03\x04"


# ---- text


def _text(data: bytes, name: str) -> InspectedFile:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if name.lower().endswith((".txt", ".csv")):
            raise FileRefused(_("This text is not in UTF-8. Save it as text or CSV in UTF-8.")) from error
        raise FileRefused(NOT_TAKEN) from error
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f" for letter in set(text)):
        raise FileRefused(_("This file cannot be read as text. Save it as text or CSV in UTF-8."))
    if WEB_PAGE.match(text) or text.startswith("{\\rtf"):
        raise FileRefused(_("Web pages, SVG and RTF files are not accepted. Save the file as PDF and choose that one."))
    if PICTURE_OR_DOCUMENT.search(name):
        raise FileRefused(
            _(
                "This file contains only text, but its name says that it is a picture or document. Choose the "
                "right file, or rename it so that the name ends in .txt."
            )
        )
    if DDE_CELL.search(text):
        raise FileRefused(
            _("This table contains formulas that start other programs (DDE). Remove them and choose the file again.")
        )
    if name.lower().endswith(".csv"):
        return InspectedFile(data, "text/csv", "csv")
    return InspectedFile(data, "text/plain", "txt")
