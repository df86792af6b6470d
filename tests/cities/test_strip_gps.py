"""Test that unreadable EXIF data are blanked, and that bytes that only look like EXIF data are kept."""

import struct
import zlib

import pytest

from cities.services import strip_gps

UNREADABLE = b"MM\xff\xff\0\0\0\x08" + b"\xff" * 4  # no EXIF version has this start


def jpeg(exif):
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif + b"\xff\xd9"


@pytest.mark.parametrize(
    "exif_data, expected",
    [(b"nothing of a camera", False), (b"II*\0\x08\0\0\0\0\0\0\0\0\0", False), (UNREADABLE, True)],
)
def test_has_gps_is_true_for_unreadable_exif_data(exif_data, expected):
    assert strip_gps._has_gps(exif_data) is expected


@pytest.mark.parametrize("exif_data", [b"nothing of a camera", b"II*\0\x08\0\0\0\0\0\0\0\0\0"])
def test_picture_without_gps_is_unchanged(exif_data):
    assert strip_gps.strip_gps(jpeg(exif_data)) == jpeg(exif_data)


def test_unreadable_exif_data_are_blanked():
    cleaned = strip_gps.strip_gps(jpeg(UNREADABLE))

    assert len(cleaned) == len(jpeg(UNREADABLE))
    assert UNREADABLE not in cleaned


def test_exif_length_beyond_end_of_file_changes_nothing():
    truncated = jpeg(UNREADABLE)[:-6]

    assert strip_gps.strip_gps(truncated) == truncated


def test_png_chunk_without_gps_is_unchanged():
    chunk = b"eXIf" + b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    assert strip_gps.strip_gps(data) == data
