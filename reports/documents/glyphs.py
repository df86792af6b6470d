"""Replace characters that the fonts of a PDF report lack: PDF/UA refuses a document with a missing glyph.

An emoji becomes its name in brackets, any other missing character U+FFFD. The HTML and JSON files keep all characters.
"""

import re
import unicodedata
from collections.abc import Set
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.fonts import characters_in
from core.locales import current_locale

RANGES = (  # hexadecimal code points in Typst's bundled fonts, in all weights of a report; a test compiles them all
    "20-7e a0-ac ae-331 338 340-344 34f 351 357-363 370-377 37a-37f 384-38a 38c 38e-3a1 3a3-482 48a-4ff 510-513 "
    "51a-51d 531-556 559-58a 58d-58f 5be 5c0 5c3 5c6 5d0-5ea 5ef-5f4 606-60c 61b 61f 621-63a 640-64a 660-66d 674 "
    "679-67b 67e-680 683-684 686-687 691 698 6a4 6a9 6af 6be 6cc 6f0-6f9 10d0-10ff 1d00-1dbf 1e00-1f15 1f18-1f1d "
    "1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fc4 1fc6-1fd3 1fd6-1fdb 1fdd-1fef "
    "1ff2-1ff4 1ff6-1ffe 2010-2027 2030-2040 2042 2044-205e 2070-2071 2074-208e 2090-209c 20a0-20c0 2100-211e 2120 "
    "2122 2124 2126-2151 2153-2184 2189 2190-23ff 2460-2606 2609-262f 2638-268b 2690-269c 26a0-26a7 26aa-26af 26b2 "
    "2701-2704 2706-2709 270c-2714 2717-2726 272a-274b 274d 274f-2752 2756 2758-275e 2761-277f 2794 2798-27af "
    "27b1-27bf 27e0-27ff 2900-297f 2b00-2b73 2b76-2b95 2b97-2bff 2c60-2c7f 2e02-2e05 2e08-2e0a 2e17-2e18 2e1f "
    "2e22-2e25 2e2e a640-a641 a648-a649 a656-a657 a720-a727 a72d a730 a735 a765 a789-a78e a790-a791 a793 a7aa "
    "a7f8-a7f9 fb00-fb06 fb13-fb17 fb1d fb1f-fb36 fb38-fb3c fb3e fb40-fb41 fb43-fb44 fb46-fb4f fffd "
)
MISSING = "\N{REPLACEMENT CHARACTER}"
FIRST_EMOJI = 0x2600
BESIDE_A_NAME = re.compile(r"(?<=\])\u200d|\u200d(?=\[)")  # the joiner of emoji that became names
REMOVED_CATEGORIES = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Sk",
    "Mn",
}  # removed: controls, joiners, emoji modifiers and variants


SCRIPTS = {  # first word of the names of its characters in Unicode: code in ISO 15924
    "ARABIC": "Arab",
    "ARMENIAN": "Armn",
    "BENGALI": "Beng",
    "BOPOMOFO": "Bopo",
    "CHEROKEE": "Cher",
    "CJK": "Hani",
    "COPTIC": "Copt",
    "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi",
    "GEORGIAN": "Geor",
    "GREEK": "Grek",
    "GUJARATI": "Gujr",
    "GURMUKHI": "Guru",
    "HANGUL": "Hang",
    "HEBREW": "Hebr",
    "HIRAGANA": "Hira",
    "KANNADA": "Knda",
    "KATAKANA": "Kana",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "LATIN": "Latn",
    "MALAYALAM": "Mlym",
    "MONGOLIAN": "Mong",
    "MYANMAR": "Mymr",
    "NKO": "Nkoo",
    "ORIYA": "Orya",
    "SINHALA": "Sinh",
    "SYRIAC": "Syrc",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "THAANA": "Thaa",
    "THAI": "Thai",
    "TIBETAN": "Tibt",
    "TIFINAGH": "Tfng",
}


class MissingScript(NamedTuple):
    name: str
    characters: list[str]

    @property
    def code_points(self) -> list[str]:
        """Return the characters, each with its code point."""
        return [f"{character} (U+{ord(character):04X})" for character in self.characters]


SUPPORTED = frozenset(characters_in(RANGES) | {"\n", "\t"})


def printable(value: Any, supported: Set[str] = SUPPORTED) -> Any:
    """Return the text, list or dict with every character that the fonts lack replaced."""
    if isinstance(value, str):
        return value if supported >= set(value) else _replace_unsupported(value, supported)
    if isinstance(value, list):
        return [printable(part, supported) for part in value]
    if isinstance(value, dict):
        return {key: printable(part, supported) for key, part in value.items()}
    return value


def unsupported(value: Any, supported: Set[str] = SUPPORTED) -> set[str]:
    """Return the characters that ``printable`` replaces, without those that show nothing anyway."""
    if isinstance(value, str):
        if supported >= set(value):
            return set()
        missing = set(unicodedata.normalize("NFC", value)) - supported
        return {character for character in missing if _is_visible(character)}
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return set().union(*(unsupported(part, supported) for part in parts))


def by_script(characters: str) -> list[MissingScript]:
    """Group characters by their script, named in the reader's language; those of none come last."""
    found: dict[str, list[str]] = {}
    for character in sorted(characters):
        word = unicodedata.name(character, "").partition(" ")[0]
        found.setdefault(SCRIPTS.get(word, ""), []).append(character)
    named = [MissingScript(_script_name(code), members) for code, members in sorted(found.items()) if code]
    return named + [MissingScript(_("Other characters and symbols"), members) for members in [found.get("")] if members]


def _script_name(code: str) -> str:
    if code == "Hani":
        return _("Chinese characters")
    name = current_locale().scripts[code]
    return name[:1].upper() + name[1:]


def _is_visible(character: str) -> bool:
    is_mark = unicodedata.category(character).startswith("M") and "VARIATION" not in unicodedata.name(character, "")
    return is_mark or bool(_replacement(character).strip())


def _replace_unsupported(text: str, supported: Set[str]) -> str:
    spoken = "".join(
        character if character in supported else _replacement(character)
        for character in unicodedata.normalize("NFC", text)
    )
    return re.sub(f"{MISSING}+", MISSING, BESIDE_A_NAME.sub("", spoken))


def _replacement(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in REMOVED_CATEGORIES:
        return ""
    if kind == "Zs":
        return " "
    if kind in {"Zl", "Zp"}:
        return "\n"
    if kind == "So" and ord(character) >= FIRST_EMOJI and (name := unicodedata.name(character, "")):
        return f"[{name.lower()}]"
    return MISSING
