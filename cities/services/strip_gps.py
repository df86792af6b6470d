"""Blank the GPS positions of photos inside documents. Nothing else changes, not even the length.

Photos that are uploaded by themselves are encoded again (``pictures``). Those inside office documents and PDFs keep
their pixels; only EXIF data with a position, and positions in XMP, are overwritten. Each byte is read once: segments
and chunks are skipped whole, and the patterns do not go back.
"""

import re
import struct
import zlib

JPEG_EXIF = re.compile(rb"\xff\xe1(..)Exif\0\0(?=II|MM)", re.DOTALL)
XMP_ATTRIBUTE = re.compile(rb"(exif:GPS\w++\s*+=\s*+)(\"[^\"<]*+\"|'[^'<]*+')")
XMP_ELEMENT = re.compile(rb"(<exif:GPS\w++[^<>]*+>)([^<]*+)")
EMPTY_EXIF = b"II*\0\x08\0\0\0"  # the header of EXIF data, with an empty list of entries
JPEG_HEADER = 8  # bytes that the length of a JPEG segment counts before the EXIF data: length and name
GPS_TAG = 0x8825
ENTRY_SIZE = 12  # bytes of an entry in EXIF data


def strip_gps(data: bytes) -> bytes:
    """Return the bytes of a picture, or of a PDF with pictures, with positions blanked and of the same length."""
    cleaned = bytearray(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        _strip_png(cleaned)
    elif data.startswith(b"RIFF"):
        _strip_webp(cleaned)
    else:
        _strip_jpegs(cleaned, data)
    if b"exif:GPS" in data:
        for found in XMP_ATTRIBUTE.finditer(data):
            cleaned[found.start(2) + 1 : found.end(2) - 1] = b" " * (len(found[2]) - 2)
        for found in XMP_ELEMENT.finditer(data):
            cleaned[found.start(2) : found.end(2)] = b" " * len(found[2])
    return bytes(cleaned)


def _strip_jpegs(cleaned: bytearray, data: bytes) -> None:
    position = 0
    while found := JPEG_EXIF.search(data, position):
        length = int.from_bytes(found[1], "big") - JPEG_HEADER
        _blank(cleaned, found.end(), length)
        position = found.end() + max(0, length)


def _strip_png(cleaned: bytearray) -> None:
    position = 8
    while position + 12 <= len(cleaned):
        length, start = int.from_bytes(cleaned[position : position + 4], "big"), position + 8
        if cleaned[position + 4 : start] == b"eXIf" and _blank(cleaned, start, length):
            checked = zlib.crc32(cleaned[position + 4 : start + length])
            cleaned[start + length : start + length + 4] = struct.pack(">I", checked)
        position = start + length + 4


def _strip_webp(cleaned: bytearray) -> None:
    position = 12
    while position + 8 <= len(cleaned):
        length, start = int.from_bytes(cleaned[position + 4 : position + 8], "little"), position + 8
        if cleaned[position : position + 4] == b"EXIF":
            begin = start + 6 if cleaned[start : start + 6] == b"Exif\0\0" else start
            _blank(cleaned, begin, length - (begin - start))
        position = start + length + length % 2


def _blank(cleaned: bytearray, start: int, length: int) -> bool:
    """Overwrite EXIF data that have a position or cannot be read. Returns whether anything was overwritten."""
    if length < len(EMPTY_EXIF) or start + length > len(cleaned):
        return False
    if not _has_gps(bytes(cleaned[start : start + length])):
        return False
    cleaned[start : start + length] = EMPTY_EXIF.ljust(length, b"\0")
    return True


def _has_gps(exif_data: bytes) -> bool:
    """Return whether the first directory names a position; True for EXIF data that cannot be read."""
    if not exif_data.startswith((b"II", b"MM")):
        return False  # not EXIF data: the bytes only look like their beginning
    order = "<" if exif_data.startswith(b"II") else ">"
    try:
        magic, offset = struct.unpack_from(order + "HI", exif_data, 2)
        (count,) = struct.unpack_from(order + "H", exif_data, offset)
        first = offset + 2
        tags = [struct.unpack_from(order + "H", exif_data, first + ENTRY_SIZE * number)[0] for number in range(count)]
    except struct.error:
        return True
    return magic != 42 or GPS_TAG in tags
