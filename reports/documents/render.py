"""From a snapshot to files. The same snapshot, engine and template give the same bytes, whoever asks and when."""

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

from core import documents
from core.snapshots import seal
from core.states import LOOKS, SHAPES, UNKNOWN

from .drawing import drawn_sections
from .signs import printable

HERE = Path(__file__).parent
BLOCKS = "reports/report_blocks.html"  # drawn on the site's own page too
PATTERNS = {  # as in core.charts: health is told in grey too
    "on_track": "solid",
    "done": "dots",
    "not_started": "dash",
    "at_risk": "slash",
    "stale": "plus",
    "late": "cross",
    "cancelled": "bars",
}


class Rendered(NamedTuple):
    name: str
    content_type: str
    content: bytes


def render_report(snapshot: str) -> Iterator[Rendered]:
    """The files of a report, one after the other; each takes well under a second."""
    number = json.loads(snapshot)["number"]
    yield Rendered(f"{number}.json", "application/json", snapshot.encode())
    yield Rendered(f"{number}.html", "text/html", html(snapshot))
    yield Rendered(f"{number}.pdf", "application/pdf", pdf(snapshot))


@lru_cache(maxsize=1)
def template_version() -> str:
    """The hash of everything that gives a report its look."""
    digest = sha256()
    for path in (*sorted(HERE.glob("*.*")), *_blocks()):
        if path.suffix in {".typ", ".html", ".css"} or path.name in {"render.py", "drawing.py", "signs.py"}:
            digest.update(path.read_bytes())
    digest.update(json.dumps(_looks(), sort_keys=True).encode())
    return digest.hexdigest()


def pdf(snapshot: str) -> bytes:
    """PDF/UA-1: tagged, with title, language and reading order; the fonts are Typst's own."""
    contents = json.loads(snapshot)
    data = printable(_printed(contents, snapshot)) | {"looks": _looks()}
    return documents.pdf(HERE / "report.typ", data, issued_at=datetime.fromisoformat(contents["issued_at"]))


def html(snapshot: str) -> bytes:
    """A page to take away: one file, readable without the site, in any browser and on paper."""
    contents = json.loads(snapshot)
    context = {
        "report": _printed(contents, snapshot),
        "sections": drawn_sections(contents["document"]),
        "style": (HERE / "report.css").read_text(encoding="utf-8"),
    }
    with translation.override(None):  # every word stands in the snapshot
        return _engine().get_template("report.html").render(Context(context)).encode()


def _printed(contents: dict, snapshot: str) -> dict:
    """What is printed, and what tells whether it is genuine."""
    kept = ("document", "number", "language", "issued", "is_demo", "verify_url")
    return {key: contents[key] for key in kept} | {"sha256": seal(snapshot)}


def _looks() -> dict:
    looks = {**LOOKS, "unknown": UNKNOWN}
    return {
        state: {"tone": look.tone, "path": SHAPES[look.shape], "pattern": PATTERNS.get(state, "solid")}
        for state, look in looks.items()
    }


def _blocks() -> list[Path]:
    return [Path(settings.BASE_DIR) / "templates" / BLOCKS]


@lru_cache(maxsize=1)
def _engine() -> Engine:
    folders = [str(HERE), str(Path(settings.BASE_DIR) / "templates")]
    return Engine(dirs=folders, builtins=["core.templatetags.epi"], autoescape=True)
