"""Render a snapshot to files. The same snapshot, engine, template and fonts always give the same bytes."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.template import Context, Engine
from django.utils import translation

from core import documents, fonts
from core.badges import BADGES, SHAPES, UNKNOWN
from core.snapshots import sha256_hex

from .glyphs import SUPPORTED, printable, unsupported
from .presenters import present_sections

DIRECTORY = Path(__file__).parent
LEAST_SECONDS = 20  # for the PDF, where the lease of a report is set to less
BLOCKS = "reports/report_blocks.html"  # also included by the report's page on the site
PATTERNS = {  # as in core.charts: health stays readable without colour
    "on_track": "solid",
    "done": "dots",
    "not_started": "dash",
    "at_risk": "slash",
    "stale": "plus",
    "late": "cross",
    "cancelled": "bars",
    "paused": "backslash",
}


class RenderedFile(NamedTuple):
    name: str
    content_type: str
    content: bytes
    replaced: str = ""  # characters that the file does not show
    font_set: fonts.FontSet | None = None  # beside those of the engine


def render_report(snapshot: str) -> Iterator[RenderedFile]:
    """Yield the files of a report one by one; each takes less time than the lease of the report."""
    number = json.loads(snapshot)["number"]
    yield RenderedFile(f"{number}.json", "application/json", snapshot.encode())
    yield RenderedFile(f"{number}.html", "text/html", html(snapshot))
    used = fonts.installed()
    yield RenderedFile(f"{number}.pdf", "application/pdf", *pdf_document(snapshot, used), used)


@lru_cache(maxsize=1)
def template_version() -> str:
    """Return the hash of the templates, styles, modules and icons that determine how a report looks."""
    digest = sha256()
    for path in (*sorted(DIRECTORY.glob("*.*")), *_blocks()):
        if path.suffix in {".typ", ".html", ".css"} or path.name in {"render.py", "presenters.py", "glyphs.py"}:
            digest.update(path.read_bytes())
    digest.update(json.dumps(_badges(), sort_keys=True).encode())
    return digest.hexdigest()


def pdf(snapshot: str) -> bytes:
    return pdf_document(snapshot, fonts.installed()).content


def pdf_document(snapshot: str, used: fonts.FontSet) -> documents.Document:
    """Return a PDF/UA-1 file: tagged, with title, language and reading order.

    Latin, Greek and Cyrillic letters are printed with Typst's own fonts; for other characters, ``used`` comes first.
    """
    contents = json.loads(snapshot)
    plain, supported = _template_data(contents, snapshot), SUPPORTED | used.characters
    made = documents.pdf(
        DIRECTORY / "report.typ",
        printable(plain, supported) | {"looks": _badges()},
        issued_at=datetime.fromisoformat(contents["issued_at"]),
        seconds=max(LEAST_SECONDS, settings.REPORT_LEASE_SECONDS * 3 // 4),
        fonts=used,
    )
    return made._replace(replaced="".join(sorted(unsupported(plain, supported) | set(made.replaced))))


def missing_characters(snapshot: str) -> str:
    """Return the characters that a PDF made now would not show, as far as the lists of the fonts tell."""
    plain = _template_data(json.loads(snapshot), snapshot)
    return "".join(sorted(unsupported(plain, SUPPORTED | fonts.installed().characters)))


def html(snapshot: str) -> bytes:
    """Return a single HTML file that needs nothing from the site and can be printed."""
    contents = json.loads(snapshot)
    context = {
        "report": _template_data(contents, snapshot),
        "sections": present_sections(contents["document"]),
        "style": (DIRECTORY / "report.css").read_text(encoding="utf-8"),
    }
    with translation.override(None):  # all texts are in the snapshot
        return _engine().get_template("report.html").render(Context(context)).encode()


def _template_data(contents: dict, snapshot: str) -> dict:
    """Return what the templates print, with the snapshot hash that readers verify."""
    kept = ("document", "number", "language", "issued", "is_demo", "verify_url")
    return {key: contents[key] for key in kept} | {"sha256": sha256_hex(snapshot)}


def _badges() -> dict:
    looks = {**BADGES, "unknown": UNKNOWN}
    return {
        state: {"tone": look.tone, "path": SHAPES[look.shape], "pattern": PATTERNS.get(state, "solid")}
        for state, look in looks.items()
    }


def _blocks() -> list[Path]:
    return [Path(settings.BASE_DIR) / "templates" / BLOCKS]


@lru_cache(maxsize=1)
def _engine() -> Engine:
    folders = [str(DIRECTORY), str(Path(settings.BASE_DIR) / "templates")]
    return Engine(dirs=folders, builtins=["core.templatetags.epi"], autoescape=True)
