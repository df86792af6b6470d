"""Blank the GPS positions of photos inside documents. Nothing else changes, not even the length.

Photos that are uploaded by themselves are encoded again (``pictures``). Those inside office documents and PDFs keep
their pixels; only EXIF data with a position, and positions in XMP, are overwritten.
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
EXIF_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
EMPTY_EXIF = b"II*\0\x08\0\0\0"  # the header of EXIF data, with an empty list of entries
JPEG_HEADER = 8  # bytes that the length of a JPEG segment counts before the EXIF data: length and name


def strip_gps(data: bytes) -> bytes:
    """Return the bytes of a picture, or of a PDF with pictures, with positions blanked and of the same length."""
    cleaned = bytearray(data)
    for found in IN_JPEG.finditer(data):
        _blank(cleaned, found.end(), int.from_bytes(found[1], "big") - JPEG_HEADER)
    if data.startswith(b"\x89PNG"):
        for found in IN_PNG.finditer(data):
            length = int.from_bytes(found[1], "big")
            if _blank(cleaned, found.end(), length):
                checked = bytes(cleaned[found.end() - 4 : found.end() + length])
                cleaned[found.end() + length : found.end() + length + 4] = struct.pack(">I", zlib.crc32(checked))
    if data.startswith(b"RIFF"):
        for found in IN_WEBP.finditer(data):
            _blank(cleaned, found.end(), int.from_bytes(found[1], "little"))
    if b"exif:GPS" in data:
        for found in XMP_ATTRIBUTE.finditer(data):
            cleaned[found.start(2) + 1 : found.end(2) - 1] = b" " * (len(found[2]) - 2)
        for found in XMP_ELEMENT.finditer(data):
            cleaned[found.start(2) : found.end(2)] = b" " * len(found[2])
    return bytes(cleaned)


def strip_gps_from_archive(data: bytes) -> bytes:
    """Return an office document with positions blanked; the same bytes if no picture has one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    clean = [(entry, content, strip_gps(content)) for entry, content in entries]
    if all(before == after for _entry, before, after in clean):
        return data
    cleaned = io.BytesIO()
    with zipfile.ZipFile(cleaned, "w") as archive:
        for entry, _before, after in clean:  # keep the order: OpenDocument wants mimetype first, uncompressed
            archive.writestr(entry, after, compress_type=entry.compress_type)
    return cleaned.getvalue()


def _blank(cleaned: bytearray, start: int, length: int) -> bool:
    """Overwrite EXIF data that have a position or cannot be read. Returns whether anything was overwritten."""
    exif_data = bytes(cleaned[start : start + length])
    if length <= 0 or len(exif_data) < length or not _has_gps(exif_data):
        return False
    cleaned[start : start + length] = EMPTY_EXIF.ljust(length, b"\0")
    return True


def _has_gps(exif_data: bytes) -> bool:
    if not exif_data.startswith((b"II", b"MM")):
        return False  # not EXIF data: the bytes only look like their beginning
    exif = Image.Exif()
    try:
        exif.load(b"Exif\0\0" + exif_data)
        return bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (*EXIF_ERRORS, struct.error):
        return True
