"""The fonts that PDFs use beside Typst's own: what `make fonts` and `make fonts-chinese` have built, or none.

``fonts/build.py`` writes a list beside the fonts. The hash of the lists is recorded with each issued document, since
other fonts give other bytes.
"""

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

SETS = ("alphabets", "chinese")  # the first font that has a character is used, and those for Chinese have Latin letters


class FontSet(NamedTuple):
    folders: tuple[str, ...]
    families: tuple[str, ...]
    description: str  # families and their versions
    files: tuple[tuple[str, str], ...]  # path and SHA-256
    characters: frozenset[str]
    sha256: str


def installed() -> FontSet:
    """Return the fonts that are built now. A build while the site runs is noticed."""
    lists = [Path(settings.FONTS_DIR) / name / "fonts.json" for name in SETS]
    return _read(tuple((path, path.stat().st_mtime_ns) for path in lists if path.exists()))


def missing_sets() -> list[str]:
    return [name for name in SETS if not (Path(settings.FONTS_DIR) / name / "fonts.json").exists()]


def characters_in(ranges: str) -> set[str]:
    """Return the characters of hexadecimal ranges, as in ``41-5a 61``."""
    found: set[str] = set()
    for part in ranges.split():
        first, _to, last = part.partition("-")
        found.update(chr(code) for code in range(int(first, 16), int(last or first, 16) + 1))
    return found


@lru_cache(maxsize=2)
def _read(lists: tuple[tuple[Path, int], ...]) -> FontSet:
    texts = [(path.parent, path.read_text("utf-8")) for path, _changed in lists]
    fonts = [(folder, font) for folder, text in texts for font in json.loads(text)]
    return FontSet(
        folders=tuple(str(folder) for folder, _text in texts),
        families=tuple(font["family"] for _folder, font in fonts),
        description=", ".join(f"{font['family']} {font['version']}" for _folder, font in fonts),
        files=tuple((str(folder / name), digest) for folder, font in fonts for name, digest in font["files"].items()),
        characters=frozenset().union(*(characters_in(font["characters"]) for _folder, font in fonts)),
        sha256=sha256("\n".join(text for _folder, text in texts).encode()).hexdigest(),
    )
