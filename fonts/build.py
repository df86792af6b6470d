"""Build a set of fonts for PDFs from the packages in its node_modules: `python fonts/build.py alphabets`.

Copies the weights that documents use to `fonts/built/`, and writes beside them what they are and which characters they
cover, so that the site needs no reader of font files.
"""

import json
import shutil
import struct
import sys
import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import typst

HERE = Path(__file__).resolve().parent
WEIGHTS = ("400Regular", "600SemiBold")  # Typst takes the nearest one: bold text is semibold
CONTROLS = {"Cc", "Cf", "Cn", "Co", "Cs"}
JOINERS_AND_MARKS = {"\u200c", "\u200d", "\u200e", "\u200f"}  # of the controls, those that words in these scripts need
UNICODE_TABLES = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}  # platform and encoding of a cmap subtable


def build(source: Path, built: Path) -> None:
    """Write the fonts of ``source`` to ``built``, which then holds nothing else."""
    new = built.with_name(f".{built.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    wanted = json.loads((source / "package.json").read_text("utf-8"))["dependencies"]
    fonts = [copy_package(source / "node_modules" / package, new) for package in sorted(wanted)]
    (new / "fonts.json").write_text(json.dumps(fonts, indent=1), encoding="utf-8")
    shutil.rmtree(built, ignore_errors=True)
    new.rename(built)


def copy_package(package: Path, folder: Path) -> dict:
    """Copy a package's fonts and their licence; return their family, version, hashes and characters."""
    own = folder / package.name
    own.mkdir()
    shutil.copy(package / "LICENSE_FONT", own)
    files = {}
    for weight in WEIGHTS:
        (font,) = (package / weight).glob("*.ttf")
        shutil.copyfile(font, own / font.name)
        files[f"{own.name}/{font.name}"] = font.read_bytes()
    loaded = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(own)])
    (family,) = loaded.families()
    covered = set.intersection(*(characters(content) for content in files.values()))
    return {
        "family": family,
        "version": json.loads((package / "package.json").read_text("utf-8"))["version"],
        "files": {name: sha256(content).hexdigest() for name, content in files.items()},
        "characters": as_ranges(covered),
    }


def characters(font: bytes) -> set[str]:
    """Return the characters that a font maps to a glyph, without controls: these could reorder or hide other text."""
    start = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    found: set[int] = set()
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", font, start + 4 + 8 * index)
        if (platform, encoding) in UNICODE_TABLES:
            found.update(_codes(font, start + offset))
    return {chr(code) for code in found if _is_printable(chr(code))}


def _is_printable(character: str) -> bool:
    return character in JOINERS_AND_MARKS or unicodedata.category(character) not in CONTROLS


def _table(font: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    tables = (struct.unpack_from(">4sLLL", font, 12 + 16 * index) for index in range(count))
    return next(offset for name, _checksum, offset, _length in tables if name == tag)


def _codes(font: bytes, start: int) -> Iterator[int]:
    """Yield the code points with a glyph of a cmap subtable, of format 4 or 12; others are rare and hold no more."""
    (format_number,) = struct.unpack_from(">H", font, start)
    if format_number == 4:
        yield from _codes_of_format_4(font, start)
    if format_number == 12:
        (groups,) = struct.unpack_from(">L", font, start + 12)
        for index in range(groups):
            first, last, glyph = struct.unpack_from(">LLL", font, start + 16 + 12 * index)
            yield from range(first + (glyph == 0), last + 1)  # glyph 0 is the sign for a missing one


def _codes_of_format_4(font: bytes, start: int) -> Iterator[int]:
    (doubled,) = struct.unpack_from(">H", font, start + 6)
    ends, starts = start + 14, start + 16 + doubled
    for place in range(0, doubled, 2):
        (last,) = struct.unpack_from(">H", font, ends + place)
        (first,) = struct.unpack_from(">H", font, starts + place)
        (delta,) = struct.unpack_from(">H", font, starts + doubled + place)
        offset_at = starts + 2 * doubled + place
        (offset,) = struct.unpack_from(">H", font, offset_at)
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", font, offset_at + offset + 2 * (code - first))
            if glyph and (glyph + delta) % 0x10000:
                yield code


def as_ranges(found: set[str]) -> str:
    """Return hexadecimal ranges, as in ``41-5a 61``."""
    parts = []
    for _key, group in groupby(enumerate(sorted(map(ord, found))), key=lambda pair: pair[1] - pair[0]):
        codes = [code for _index, code in group]
        parts.append(f"{codes[0]:x}" if len(codes) == 1 else f"{codes[0]:x}-{codes[-1]:x}")
    return " ".join(parts)


if __name__ == "__main__":
    build(HERE / sys.argv[1], HERE / "built" / sys.argv[1])
