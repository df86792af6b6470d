"""Refuse PDFs that run something: scripts, programs, forms with scripts, films, attached files; and encrypted ones.

Reads the names in the objects of the file, each byte once. Texts and pictures (strings and streams) are skipped,
streams of objects are unpacked. Every ``1 0 obj`` begins an object, wherever it stands, because readers find objects by
their position. Does not use the database.
"""

import base64
import binascii
import re
import zlib
from itertools import pairwise

from cities.exceptions import FileRefused
from core.limited_process import gettext_noop as _

MAX_UNPACKED = 100 * 1024 * 1024  # bytes of all streams of objects together
OBJECT = re.compile(rb"\d{1,10}[\0\t\n\f\r ]{1,20}\d{1,5}[\0\t\n\f\r ]{1,20}obj")
TOKEN = re.compile(rb"/[^\0\t\n\f\r ()<>\[\]{}/%]*+|\(|%|(?<![A-Za-z])stream(?:\r\n|\r|\n)")
STRING_PART = re.compile(rb"\\.|[()]", re.DOTALL)
END_OF_LINE = re.compile(rb"[\r\n]")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
ENCRYPTION = re.compile(rb"[\0\t\n\f\r ]{0,200}+(?:<<|\d{1,10}+[\0\t\n\f\r ]{1,200}+\d{1,5}+[\0\t\n\f\r ]{1,200}+R)")
FILE_INSIDE = re.compile(rb"[\0\t\n\f\r ]{0,200}+<<[\0\t\n\f\r ]{0,200}+/U?F\b")
END_MARK_WITHIN = 2048  # bytes at the end of the file

NOT_COMPLETE = _("This PDF is incomplete. Save or download it again, and choose the new file.")
DAMAGED = _("This PDF is damaged. Open it, save it again and choose the new file.")
ENCRYPTED = _(
    "This PDF is encrypted: it needs a password, or restricts printing or copying. "
    "Save it without protection and choose it again."
)
SCRIPTS = _("This PDF contains scripts (JavaScript). Print it as a new PDF and choose that one.")
PROGRAMS = _("This PDF starts programs or opens other files. Print it as a new PDF and choose that one.")
FORM_SCRIPTS = _("This PDF is a form that runs scripts (XFA). Print it as a new PDF and choose that one.")
MEDIA = _(
    "This PDF contains films, sounds or 3D models, which can run scripts. Print it as a new PDF and choose that one."
)
ATTACHMENTS = _(
    "This PDF contains other files. Choose those files one by one, then print this PDF as a new one and choose that."
)
TOO_LARGE = _("The content of this PDF is much larger than the file. Print it as a new PDF and choose that one.")
UNREADABLE = _("This PDF is compressed in a way that cannot be checked. Print it as a new PDF and choose that one.")

REFUSED_NAMES = {
    b"JavaScript": SCRIPTS,
    b"Launch": PROGRAMS,
    b"ImportData": PROGRAMS,
    b"GoToE": PROGRAMS,
    b"GoToR": PROGRAMS,  # a file on another computer, which asks for the reader's password
    b"XFA": FORM_SCRIPTS,
    b"RichMedia": MEDIA,
    b"Rendition": MEDIA,
    b"OnInstantiate": MEDIA,
    b"EmbeddedFile": ATTACHMENTS,
    b"EmbeddedFiles": ATTACHMENTS,
    b"FileAttachment": ATTACHMENTS,
}
OTHER_FILTERS = {b"LZWDecode", b"LZW", b"RunLengthDecode", b"RL", b"Crypt", b"Predictor"}


def refuse_unsafe_pdf(data: bytes) -> None:
    """Raise FileRefused with the reason if the PDF is incomplete, encrypted, or contains what can run."""
    if b"%%EOF" not in data.rstrip(b"\0\t\n\f\r \x1a")[-END_MARK_WITHIN:]:
        raise FileRefused(NOT_COMPLETE)
    _PdfScan().scan(data)


class _PdfScan:
    def __init__(self) -> None:
        self.bytes_left = MAX_UNPACKED

    def scan(self, data: bytes) -> None:
        starts = [0, *(found.start() for found in OBJECT.finditer(data)), len(data)]
        for start, end in pairwise(starts):
            self._scan_object(data, start, end, has_streams=True)

    def _scan_object(self, data: bytes, start: int, end: int, *, has_streams: bool) -> None:
        names: list[bytes] = []
        position = start
        while found := TOKEN.search(data, position, end):
            position = found.end()
            token = found[0]
            if token.startswith(b"/"):
                name = _decoded(token[1:])
                _refuse_name(name, data, position)
                names.append(name)
            elif token == b"(":
                position = _end_of_string(data, position, end)
            elif token == b"%":
                line = END_OF_LINE.search(data, position, end)
                position = line.end() if line else end
            elif has_streams:
                stop = data.find(b"endstream", position, end)
                stop = end if stop < 0 else stop
                if b"ObjStm" in names or {b"N", b"First"} <= set(names):
                    objects = self._unpack(data[position:stop], names)
                    self._scan_object(objects, 0, len(objects), has_streams=False)
                position, names = stop, []

    def _unpack(self, packed: bytes, names: list[bytes]) -> bytes:
        if OTHER_FILTERS & set(names):
            raise FileRefused(UNREADABLE)
        try:
            for name in names:
                if name in {b"ASCIIHexDecode", b"AHx"}:
                    packed = bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", packed.partition(b">")[0]).decode())
                elif name in {b"ASCII85Decode", b"A85"}:
                    packed = base64.a85decode(packed.partition(b"~>")[0])
                elif name in {b"FlateDecode", b"Fl"}:
                    packed = self._inflate(packed)
        except (zlib.error, binascii.Error, ValueError) as error:
            raise FileRefused(DAMAGED) from error
        return packed

    def _inflate(self, packed: bytes) -> bytes:
        unpacked = zlib.decompressobj().decompress(packed, self.bytes_left + 1)
        self.bytes_left -= len(unpacked)
        if self.bytes_left < 0:
            raise FileRefused(TOO_LARGE)
        return unpacked


def _decoded(name: bytes) -> bytes:
    """Return the name with its escapes replaced: ``Java#53cript`` is ``JavaScript``."""
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name) if b"#" in name else name


def _refuse_name(name: bytes, data: bytes, end: int) -> None:
    if reason := REFUSED_NAMES.get(name):
        raise FileRefused(reason)
    if name == b"Encrypt" and ENCRYPTION.match(data, end):
        raise FileRefused(ENCRYPTED)
    if name == b"EF" and FILE_INSIDE.match(data, end):
        raise FileRefused(ATTACHMENTS)


def _end_of_string(data: bytes, start: int, end: int) -> int:
    depth = 1
    for part in STRING_PART.finditer(data, start, end):
        depth += {b"(": 1, b")": -1}.get(part[0], 0)
        if not depth:
            return part.end()
    return end
