"""EXIF data that cannot be read are blanked, and bytes that only look like EXIF data are kept."""

import struct
import zlib

import pytest

from cities.services import strip_gps as positions

UNREADABLE = b"MM\xff\xff\0\0\0\x08" + b"\xff" * 4  # no version of EXIF begins so


def jpeg(exif):
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif + b"\xff\xd9"


@pytest.mark.parametrize(
    "exif_data, expected",
    [(b"nothing of a camera", False), (b"II*\0\x08\0\0\0\0\0\0\0\0\0", False), (UNREADABLE, True)],
)
def test_unreadable_exif_data_count_as_a_position(exif_data, expected):
    assert positions._has_gps(exif_data) is expected


@pytest.mark.parametrize("exif_data", [b"nothing of a camera", b"II*\0\x08\0\0\0\0\0\0\0\0\0"])
def test_picture_without_position_is_kept_as_it_is(exif_data):
    assert positions.strip_gps(jpeg(exif_data)) == jpeg(exif_data)


def test_unreadable_exif_data_are_blanked():
    cleaned = positions.strip_gps(jpeg(UNREADABLE))

    assert len(cleaned) == len(jpeg(UNREADABLE))
    assert UNREADABLE not in cleaned


def test_length_beyond_the_end_of_the_file_changes_nothing():
    torn = jpeg(UNREADABLE)[:-6]

    assert positions.strip_gps(torn) == torn


def test_png_chunk_without_position_keeps_its_checksum():
    chunk = b"eXIf" + b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    assert positions.strip_gps(data) == data
