"""PDF documents by Typst: a template and data in, tagged PDF out (PDF/UA-1).

The same template, data, date, Typst version and fonts give the same bytes; others may not, so they are recorded with
each issued document and the stored file is the record. Typst runs in a process of its own, because what people wrote
decides how long it takes and how much memory it needs.
"""

import json
import re
import unicodedata
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from . import limited_process
from .exceptions import UserFacingError
from .fonts import FontSet
from .limited_process import LimitExceeded, Limits

MEMORY_MEGABYTES = 2048
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ATTEMPTS = 6  # at compiling; before each further one, characters that Typst refused are replaced
NAMED_ATTEMPTS = 3  # of these with only the characters that the error named
REFUSAL = re.compile(r"could not be displayed|codepoint")
NAMED_TEXT = re.compile(r"`\"?([^`]+?)\"?`")
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
ASCII_TEXT = re.compile(r"[\n\t -~]")
FONT_FILES = {".ttf", ".otf", ".ttc", ".otc"}
SURROGATES = {chr(code) for code in range(0xD800, 0xE000)}
PLAIN = re.compile("[\u00a1-\u024f\u0388-\u03ff\u0400-\u0481\u048a-\u04ff\u2010-\u2027\ufffd]")


class DocumentTooLarge(UserFacingError):
    message = _(
        "The PDF could not be created because its texts are too long. Shorten them, then issue the report again."
    )


class Document(NamedTuple):
    content: bytes
    replaced: str  # characters that were printed as a replacement sign, because Typst refused them


def engine() -> str:
    """Name and version of what renders the PDF."""
    return f"typst-py {version('typst')}"


def pdf(template: Path, data: dict, *, issued_at: datetime, seconds: int, fonts: FontSet | None = None) -> Document:
    """Compile ``template`` with ``data``, which it reads as JSON from ``sys.inputs.data``.

    Only Typst's embedded fonts and ``fonts`` are used; the template reads their families from ``sys.inputs.fonts``. A
    character that Typst refuses becomes a replacement sign. Raises DocumentTooLarge after ``seconds``, ProcessFailed if
    the template does not compile or the font files are not those of their list.
    """
    request = {
        "template": str(template),
        "data": data,
        "timestamp": int(issued_at.timestamp()),
        "fonts": {name: getattr(fonts, name) for name in ("folders", "families", "files")} if fonts else None,
    }
    limits = Limits(cpu_seconds=seconds, wall_seconds=seconds, megabytes=MEMORY_MEGABYTES)
    try:
        answer = limited_process.run(f"{__name__}:compile_in_process", json.dumps(request).encode(), limits)
    except LimitExceeded as error:
        raise DocumentTooLarge from error
    replaced, _newline, content = answer.partition(b"\n")
    return Document(content, json.loads(replaced))


def compile_in_process(payload: bytes) -> bytes:
    """Compile what ``pdf`` sent, and return what it reads: a line of JSON with the replaced characters, and the PDF."""
    import typst  # here: 40 MB that no page needs

    request = json.loads(payload)
    template, replaced = Path(request["template"]), set()
    fonts = request.get("fonts") or {"folders": [], "families": [], "files": []}
    _check_fonts(fonts["folders"], dict(fonts["files"]))
    data = _replace(request["data"], SURROGATES)
    attempt, content = 0, b""
    while not content:
        try:
            content = typst.compile(
                str(template),
                root=str(template.parent),
                format="pdf",
                font_paths=fonts["folders"],
                ignore_system_fonts=True,
                pdf_standards=["ua-1"],
                timestamp=request["timestamp"],
                sys_inputs={"data": json.dumps(data, sort_keys=True), "fonts": json.dumps(fonts["families"])},
            )
        except typst.TypstError as error:
            refused, attempt = _refused_characters(str(error), data, with_named=attempt < NAMED_ATTEMPTS), attempt + 1
            if not refused or attempt == ATTEMPTS:
                raise
            replaced |= refused
            data = _replace(data, refused)
    return json.dumps("".join(sorted(replaced))).encode() + b"\n" + content


def _check_fonts(folders: list[str], listed: dict[str, str]) -> None:
    """Raise RuntimeError if the folders hold other fonts than listed: the record would name the wrong ones."""
    files = [path for folder in folders for path in Path(folder).rglob("*") if path.suffix.lower() in FONT_FILES]
    if {str(path): sha256(path.read_bytes()).hexdigest() for path in files} != listed:
        raise RuntimeError("The font files are not those of their list. Build them again: make fonts fonts-chinese")


def _refused_characters(message: str, data: Any, *, with_named: bool) -> set[str]:
    """Return the characters to replace after an error: those it names, else all combining ones, else all rare ones.

    An error names only the letter when no font has the mark on it.
    """
    if not REFUSAL.search(message):
        return set()
    used = {character for character in _characters(data) if not ASCII_TEXT.match(character)} - {REPLACEMENT}
    texts = ESCAPED.sub(lambda found: chr(int(found[1], 16)), "".join(NAMED_TEXT.findall(message)))
    named = used & set(texts) if with_named else set()
    marks = {character for character in used if unicodedata.category(character).startswith("M")}
    return named or marks or {character for character in used if not PLAIN.match(character)}


def _replace(value: Any, characters: set[str]) -> Any:
    if isinstance(value, str):
        if characters.isdisjoint(value):
            return value
        return "".join(REPLACEMENT if character in characters else character for character in value)
    if isinstance(value, list):
        return [_replace(part, characters) for part in value]
    if isinstance(value, dict):
        return {key: _replace(part, characters) for key, part in value.items()}
    return value


def _characters(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(value)
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return set().union(*(_characters(part) for part in parts))
