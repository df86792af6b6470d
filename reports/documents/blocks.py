"""The blocks of a document: plain dicts that the PDF and HTML templates draw. Texts are final."""

from collections.abc import Sequence
from typing import Any

Cell = str | dict
Column = dict


def section(title: str, *blocks: dict | None) -> dict:
    return {"title": str(title), "blocks": [block for block in blocks if block]}


def text(words: str) -> dict | None:
    return {"type": "text", "text": words} if words else None


def heading(words: str) -> dict:
    return {"type": "heading", "text": str(words)}


def note(words: str, tone: str = "info") -> dict:
    return {"type": "note", "tone": tone, "text": str(words)}


def quote(words: str, *, lang: str, by: str = "") -> dict | None:
    return {"type": "quote", "text": words, "lang": lang, "by": by} if words else None


def bullets(entries: Sequence[Cell]) -> dict | None:
    return {"type": "list", "entries": list(entries)} if entries else None


def figures(*entries: tuple[str, ...]) -> dict:
    keys = ("value", "words", "note")
    return {"type": "figures", "entries": [dict(zip(keys, entry, strict=False)) for entry in entries]}


def facts(*rows: tuple[Any, str]) -> dict:
    return {"type": "facts", "rows": [[str(term), value] for term, value in rows]}


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, caption: str = "", is_levels: bool = False
) -> dict | None:
    if not rows:
        return None
    made = {"type": "table", "caption": str(caption), "columns": list(columns), "rows": [list(row) for row in rows]}
    return made | {"is_levels": is_levels}


def wide(words: str, parts: int = 1) -> Column:
    """Return a column that takes the remaining width; several share it in proportion to ``parts``."""
    return {"text": str(words), "wide": parts}


def narrow(words: str) -> Column:
    return {"text": str(words)}


def figure_column(words: str, parts: int = 0) -> Column:
    return {"text": str(words), "align": "right"} | ({"wide": parts} if parts else {})


def cell(words: str, below: str = "") -> Cell:
    return {"text": words, "note": below} if below else words


def state(key: str, words: str, below: str = "") -> Cell:
    return {"state": key, "text": str(words)} | ({"note": below} if below else {})


def level(value: str, words: str, below: str = "") -> Cell:
    """Return a cell for a level: ``value`` is "1" to "4", "2-3" for a median, "" for not assessed."""
    return {"level": value, "text": str(words), "note": below}


def bars(caption: str, key: Sequence[tuple[str, str]], rows: Sequence[tuple[str, dict[str, int]]]) -> dict | None:
    """Return stacked bars of counts by state, in the order of ``key``; None if all counts are zero."""
    shown = [(label, counts) for label, counts in rows if sum(counts.values())]
    if not shown:
        return None
    used = [(name, words) for name, words in key if any(counts.get(name) for _label, counts in shown)]
    described = "; ".join(
        f"{label}: " + ", ".join(f"{words} {counts[name]}" for name, words in used if counts.get(name))
        for label, counts in shown
    )
    return {
        "type": "bars",
        "caption": str(caption),
        "described": f"{caption}. {described}.",
        "key": [{"state": name, "text": str(words)} for name, words in used],
        "rows": [
            {
                "label": str(label),
                "parts": [{"state": name, "count": counts.get(name, 0)} for name, _words in used],
            }
            for label, counts in shown
        ],
    }
