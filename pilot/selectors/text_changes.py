"""Differences between two texts by paragraph and word. Paragraphs that only moved are shown as moved."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

SIMILAR = 0.6  # paragraphs that share this much are one paragraph that was changed
MOST_PAIRS = 400  # compared within one changed block, or among moved paragraphs: each comparison takes time
WORDS = re.compile(r"\S+\s*")


class Words(NamedTuple):
    """Consecutive words with one mark: "same", "added" or "removed"."""

    mark: str
    text: str


class Paragraph(NamedTuple):
    """A paragraph of the newer text, or one that is not in it any more.

    ``kind``: "same", "changed", "added", "removed", or "moved", which may be changed as well.
    """

    kind: str
    words: list[Words]


def paragraphs_of(text: str) -> list[str]:
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [part.strip() for part in parts if part.strip()]


def compare_texts(old: str, new: str) -> list[Paragraph]:
    """Return the paragraphs of ``new`` in order, with those of ``old`` that are gone where they were."""
    before, after = paragraphs_of(old), paragraphs_of(new)
    rows: list[tuple[str | None, str | None]] = []  # (old, new) of each paragraph; None where there is none
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            rows += [(text, text) for text in before[i1:i2]]
        else:
            rows += _paired(before[i1:i2], after[j1:j2])
    return list(_with_moved(rows))


def is_changed(paragraphs: list[Paragraph]) -> bool:
    return any(paragraph.kind != "same" for paragraph in paragraphs)


def _paired(before: list[str], after: list[str]) -> list[tuple[str | None, str | None]]:
    """Pair the paragraphs of a block that resemble each other, in order; the others are removed or added."""
    rows: list[tuple[str | None, str | None]] = []
    if len(before) * len(after) > MOST_PAIRS:
        return [*((text, None) for text in before), *((None, text) for text in after)]
    start = 0
    for text in after:
        match = next((at for at in range(start, len(before)) if _is_similar(before[at], text)), None)
        if match is None:
            rows.append((None, text))
            continue
        rows += [(gone, None) for gone in before[start:match]]
        rows.append((before[match], text))
        start = match + 1
    return rows + [(gone, None) for gone in before[start:]]


def _with_moved(rows: list[tuple[str | None, str | None]]) -> Iterator[Paragraph]:
    gone = [old for old, new in rows if new is None and old is not None]
    came = [new for old, new in rows if old is None and new is not None]
    moved = _moved(gone, came)
    left = [old for old, _new in moved]
    for old, new in rows:
        if new is None and old is not None:
            if old in left:
                left.remove(old)
            else:
                yield Paragraph("removed", [Words("removed", old)])
        elif old is None and new is not None:
            pair = next((pair for pair in moved if pair[1] == new), None)
            if pair is None:
                yield Paragraph("added", [Words("added", new)])
            else:
                moved.remove(pair)
                yield Paragraph("moved", _words(pair[0], new))
        else:
            yield Paragraph("same" if old == new else "changed", _words(old or "", new or ""))


def _moved(gone: list[str], came: list[str]) -> list[tuple[str, str]]:
    """Return (old, new) of paragraphs that stand elsewhere now: first those that are equal, then similar ones."""
    rest, pairs, unmatched = list(gone), [], []
    for new in came:
        if new in rest:
            rest.remove(new)
            pairs.append((new, new))
        else:
            unmatched.append(new)
    if len(rest) * len(unmatched) > MOST_PAIRS:
        return pairs
    for new in unmatched:
        similar = next((old for old in rest if _is_similar(old, new)), None)
        if similar is not None:
            rest.remove(similar)
            pairs.append((similar, new))
    return pairs


def _is_similar(old: str, new: str) -> bool:
    matcher = SequenceMatcher(None, WORDS.findall(old), WORDS.findall(new))
    return matcher.real_quick_ratio() >= SIMILAR and matcher.quick_ratio() >= SIMILAR and matcher.ratio() >= SIMILAR


def _words(old: str, new: str) -> list[Words]:
    if old == new:
        return [Words("same", new)]
    before, after, found = WORDS.findall(old), WORDS.findall(new), []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            found.append(Words("same", "".join(after[j1:j2])))
            continue
        if i2 > i1:
            found.append(Words("removed", "".join(before[i1:i2])))
        if j2 > j1:
            found.append(Words("added", "".join(after[j1:j2])))
    return found
