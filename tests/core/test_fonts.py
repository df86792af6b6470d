"""Fonts of PDFs: how they are built, which are installed, and that each character of their lists is printed."""

import json
import shutil
import struct
import unicodedata
from datetime import UTC, datetime

import pytest
import typst

from core import documents, fonts
from core.limited_process import ProcessFailed
from fonts import build as fonts_build

TEMPLATE = """#set document(title: "x", date: none)
#set text(lang: "en", font: ("Libertinus Serif", ..json(bytes(sys.inputs.fonts))), weight: "{weight}")
= x
#for text in json(bytes(sys.inputs.data)) [#text \\ ]
"""
LETTERS = "aЯα1אعሰहবก"


def font_with(*subtables: tuple[int, int, bytes]) -> bytes:
    """Return a font that has only a cmap, with subtables of the given platforms and encodings."""
    start = 4 + 8 * len(subtables)
    records, bodies = b"", b""
    for platform, encoding, body in subtables:
        records += struct.pack(">HHL", platform, encoding, start + len(bodies))
        bodies += body
    cmap = struct.pack(">HH", 0, len(subtables)) + records + bodies
    header = struct.pack(">LHHHH", 0x00010000, 1, 0, 0, 0)
    return header + struct.pack(">4sLLL", b"cmap", 0, 28, len(cmap)) + cmap


def format_4(segments: list[tuple[int, int, int, int]], glyphs: list[int]) -> bytes:
    """Return a subtable from segments of (first, last, delta, offset), and the glyphs that offsets lead to."""
    columns = [[segment[index] for segment in segments] for index in (1, 0, 2, 3)]
    ends, starts, deltas, offsets = (struct.pack(f">{len(segments)}H", *column) for column in columns)
    body = ends + b"\0\0" + starts + deltas + offsets + struct.pack(f">{len(glyphs)}H", *glyphs)
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * len(segments), 0, 0, 0) + body


def format_12(*groups: tuple[int, int, int]) -> bytes:
    body = b"".join(struct.pack(">LLL", *group) for group in groups)
    return struct.pack(">HHLLL", 12, 0, 16 + len(body), 0, len(groups)) + body


def test_characters_of_a_font_are_those_with_a_glyph():
    # A to C by a delta, a to c by glyphs of which b has none, and the last segment that every font has.
    small = format_4([(0x41, 0x43, 1, 0), (0x61, 0x63, 0, 4), (0xFFFF, 0xFFFF, 1, 0)], [7, 0, 8])
    large = format_12((0x1200, 0x1202, 0), (0x1F600, 0x1F601, 9))
    of_a_mac = format_12((0x5A, 0x5A, 9))

    found = fonts_build.characters(font_with((1, 0, of_a_mac), (3, 1, small), (3, 10, large)))

    assert found == set("ABCac\u1201\u1202😀😁")


def test_controls_and_private_characters_are_not_counted():
    every = format_12((0x1, 0x20, 1), (0x200B, 0x2010, 1), (0x202A, 0x202E, 1), (0xE000, 0xE000, 1))

    assert fonts_build.characters(font_with((0, 4, every))) == set(" \u200c\u200d\u200e\u200f‐")


def test_ranges_can_be_read_back():
    assert fonts_build.as_ranges(set("abcxz")) == "61-63 78 7a"
    assert fonts.characters_in("61-63 78 7a") == set("abcxz")


# ---- what is installed


def write_list(folder, family, ranges):
    folder.mkdir(exist_ok=True)
    font = {"family": family, "version": "1.0", "files": {"one/x.ttf": "0" * 64}, "characters": ranges}
    (folder / "fonts.json").write_text(json.dumps([font]))


def test_without_fonts_nothing_is_covered(settings, tmp_path):
    settings.FONTS_DIR = tmp_path / "none"

    found = fonts.installed()

    assert (found.folders, found.families, found.description, found.characters) == ((), (), "", frozenset())
    assert fonts.missing_sets() == ["alphabets", "chinese"]


def test_alphabets_come_before_chinese_and_changes_are_noticed(settings, tmp_path):
    settings.FONTS_DIR = tmp_path
    write_list(tmp_path / "chinese", "Han", "4e2d")
    first = fonts.installed()
    write_list(tmp_path / "alphabets", "Letters", "61-62")

    found = fonts.installed()

    assert (first.families, found.families) == (("Han",), ("Letters", "Han"))
    assert found.description == "Letters 1.0, Han 1.0"
    assert found.characters == set("ab中")
    assert found.sha256 != first.sha256
    assert fonts.missing_sets() == []


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_other_font_files_than_listed_stop_a_document(built_fonts, settings, tmp_path, change):
    folder = tmp_path / "alphabets"
    shutil.copytree(settings.FONTS_DIR / "alphabets", folder)
    settings.FONTS_DIR = tmp_path
    file = next(folder.rglob("*.ttf"))
    if change == "added":
        shutil.copy(file, folder / "other.TTF")
    elif change == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    template = tmp_path / "template.typ"
    template.write_text(TEMPLATE.format(weight="regular"))

    with pytest.raises(ProcessFailed, match="make fonts"):
        documents.pdf(template, [], issued_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=20, fonts=fonts.installed())


def test_build_replaces_a_set_and_gives_the_same_list(built_fonts, settings, tmp_path):
    """Builds from a package that is made from the built fonts."""
    source, built = tmp_path / "alphabets", tmp_path / "built" / "alphabets"
    have = json.loads((settings.FONTS_DIR / "alphabets" / "fonts.json").read_text())
    thai = next(font for font in have if font["family"] == "Noto Sans Thai")
    package = source / "node_modules" / "noto-sans-thai"
    for name in thai["files"]:
        weight = name.rpartition("_")[2].removesuffix(".ttf")
        (package / weight).mkdir(parents=True)
        shutil.copy(settings.FONTS_DIR / "alphabets" / name, package / weight)
    (package / "LICENSE_FONT").write_text("OFL")
    (package / "package.json").write_text(json.dumps({"version": thai["version"]}))
    (source / "package.json").write_text(json.dumps({"dependencies": {"noto-sans-thai": "1"}}))
    built.mkdir(parents=True)
    (built / "old.ttf").touch()

    fonts_build.build(source, built)

    assert json.loads((built / "fonts.json").read_text()) == [thai]
    assert not (built / "old.ttf").exists()
    assert (built / "noto-sans-thai" / "LICENSE_FONT").exists()


# ---- each character of the lists is printed


def compile_texts(found, texts, weight):
    return typst.compile(
        TEMPLATE.format(weight=weight).encode(),
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        font_paths=list(found.folders),
        sys_inputs={"data": json.dumps(texts), "fonts": json.dumps(found.families)},
    )


def _is_mark(character):
    return unicodedata.category(character).startswith("M")


@pytest.mark.slow
@pytest.mark.parametrize("installed", ["built_fonts", "chinese_fonts"])
@pytest.mark.parametrize("weight", ["regular", "semibold", "bold"])
def test_every_listed_character_can_be_printed(request, installed, weight):
    found = request.getfixturevalue(installed)
    texts = sorted(character for character in found.characters if not _is_mark(character))
    texts += [letter + mark for letter in LETTERS for mark in sorted(filter(_is_mark, found.characters))]

    assert compile_texts(found, texts, weight).startswith(b"%PDF-")


def test_lists_name_the_scripts_that_are_promised(built_fonts):
    assert set("ሰላምትግርኛनमस्तेবাংলাสวัสดีשלוםالسلامگپچΩЖŁ") <= built_fonts.characters


def test_chinese_is_in_the_list(chinese_fonts):
    assert set("你好，世界。欧洲") <= chinese_fonts.characters
