"""Where a photo inside a document was taken is blanked out; nothing else of the document changes, not even its length.

Photos that are uploaded by themselves are made anew (``pictures``). Those inside office documents and PDFs keep their
pixels; only camera notes (EXIF) that hold a position, and positions in XMP, are overwritten.
"""

import io
import re
import struct
import zipfile
import zlib

from PIL import ExifTags, Image

IN_JPEG = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
IN_PNG = re.compile(rb"(....)eXIf", re.DOTALL)
IN_WEBP = re.compile(rb"EXIF(....)", re.DOTALL)
XMP_ATTRIBUTE = re.compile(rb"(exif:GPS\w+\s*=\s*)(\"[^\"<]*\"|'[^'<]*')")
XMP_ELEMENT = re.compile(rb"(<exif:GPS\w+[^>]*>)([^<]*)")
UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
NO_NOTES = b"II*\0\x08\0\0\0"  # the head of camera notes; then nothing: a list without entries
HEAD = 8  # bytes of a chunk's length and name in PNG


def without_positions(data: bytes) -> bytes:
    """The same bytes, of a picture or of a PDF that holds pictures, with positions blanked; as long as before."""
    kept = bytearray(data)
    for found in IN_JPEG.finditer(data):
        _blank(kept, found.end(), int.from_bytes(found[1], "big") - HEAD)
    if data.startswith(b"\x89PNG"):
        for found in IN_PNG.finditer(data):
            length = int.from_bytes(found[1], "big")
            if _blank(kept, found.end(), length):
                checked = bytes(kept[found.end() - 4 : found.end() + length])
                kept[found.end() + length : found.end() + length + 4] = struct.pack(">I", zlib.crc32(checked))
    if data.startswith(b"RIFF"):
        for found in IN_WEBP.finditer(data):
            _blank(kept, found.end(), int.from_bytes(found[1], "little"))
    if b"exif:GPS" in data:
        for found in XMP_ATTRIBUTE.finditer(data):
            kept[found.start(2) + 1 : found.end(2) - 1] = b" " * (len(found[2]) - 2)
        for found in XMP_ELEMENT.finditer(data):
            kept[found.start(2) : found.end(2)] = b" " * len(found[2])
    return bytes(kept)


def archive_without_positions(data: bytes) -> bytes:
    """An office document; the very same bytes where no picture in it tells a position."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    clean = [(entry, content, without_positions(content)) for entry, content in entries]
    if all(before == after for _entry, before, after in clean):
        return data
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for entry, _before, after in clean:  # in order: what an open document is must stand first, unpacked
            archive.writestr(entry, after, compress_type=entry.compress_type)
    return kept.getvalue()


def _blank(kept: bytearray, start: int, length: int) -> bool:
    """Overwrite these camera notes where they hold a position, or where nobody can tell."""
    notes = bytes(kept[start : start + length])
    if length <= 0 or len(notes) < length or not _has_position(notes):
        return False
    kept[start : start + length] = NO_NOTES.ljust(length, b"\0")
    return True


def _has_position(notes: bytes) -> bool:
    if not notes.startswith((b"II", b"MM")):
        return False  # no camera notes, but bytes that happen to look like their beginning
    exif = Image.Exif()
    try:
        exif.load(b"Exif\0\0" + notes)
        return bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (*UNREADABLE, struct.error):
        return True
