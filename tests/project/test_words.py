"""Test that replaced names and texts are not used again.

Two lists beside this file, which grow with each renaming: ``renamed_identifiers.txt`` (``old new``, sorted) and
``replaced_texts.txt`` (old text, tab, new text). Both are exact and hold no common words: an identifier is compared
with whole words or dotted paths, a text with whole msgids.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings

from core.first_party import first_party_packages

ROOT = Path(settings.BASE_DIR)
HERE = Path(__file__).parent
SUFFIXES = {".py", ".html", ".md", ".toml", ".css", ".js", ".mjs", ".typ", ".txt", ".yml", ".in"}
NOT_READ = {  # files that keep old names on purpose
    "CHANGELOG.md",
    "epi_site/celery.py",  # OLD_TASK_NAMES: messages that an older version sent
    "tests/project/test_upgrade.py",
    "tests/project/test_words.py",
    "tests/project/renamed_identifiers.txt",
    "tests/project/replaced_texts.txt",
}
FOLDERS_NOT_READ = {"migrations", "node_modules", "upgrade"}  # upgrade: databases of older versions
PATH = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*")  # an identifier, or identifiers joined by dots or slashes
IMPORT = re.compile(r"^\s*from ([\w.]+) import (\([^)]*\)|.*)", re.MULTILINE)


def read_pairs(name: str, separator: str) -> dict[str, str]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    return dict(line.split(separator) for line in lines)


RENAMED = read_pairs("renamed_identifiers.txt", " ")
REPLACED = read_pairs("replaced_texts.txt", "\t")


def files_to_read() -> Iterator[Path]:
    for folder in (*sorted(first_party_packages()), "docs", "front-end", "static", "templates", "tests"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in SUFFIXES and FOLDERS_NOT_READ.isdisjoint(file.relative_to(ROOT).parts):
                yield file
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml"))


def names_in(text: str) -> set[str]:
    """Return the identifiers of a text, and the parts of its dotted names and paths, written with dots."""
    paths = {path.replace("/", ".") for path in PATH.findall(text)}
    for module, imported in IMPORT.findall(text):
        paths.update(f"{module}.{name}" for name in re.findall(r"\w+", imported))
    names = set()
    for path in paths:
        parts = path.split(".")
        starts = range(len(parts))
        names.update(".".join(parts[start:end]) for start in starts for end in range(start + 1, len(parts) + 1))
    return names


def old_names(text: str, renamed: dict[str, str]) -> list[str]:
    """Return a line for each old name in the text: line number, old name, new name. 0: the name is in several lines."""
    by_dotted = {old.replace("/", "."): old for old in renamed}
    found = []
    for dotted in sorted(names_in(text) & by_dotted.keys()):
        old = by_dotted[dotted]
        pattern = re.compile(rf"\b{re.escape(dotted).replace(re.escape('.'), '[./]')}\b")
        lines = [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)] or [0]
        found += [f"{number}: {old} is now {renamed[old]}" for number in lines]
    return found


def old_texts(msgids: Iterable[str], replaced: dict[str, str]) -> list[str]:
    return [f"{old!r} is now {replaced[old]!r}" for old in sorted(replaced.keys() & set(msgids))]


def catalogue_texts() -> set[str]:
    """Return the msgids of all languages. test_catalogue.py holds them equal to those of code and templates."""
    files = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
    entries = [entry for file in files for entry in polib.pofile(str(file))]
    return {text for entry in entries for text in (entry.msgid, entry.msgid_plural) if text}


@pytest.mark.slow
def test_renamed_identifiers_are_not_used():
    found = []
    for file in files_to_read():
        path = str(file.relative_to(ROOT))
        if path not in NOT_READ:
            found += [f"{path}:{line}" for line in old_names(file.read_text("utf-8"), RENAMED)]

    assert found == []


def test_replaced_texts_are_not_used():
    assert old_texts(catalogue_texts(), REPLACED) == []


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("x = 1\ny = pk_of(x)\n", ["2: pk_of is now parse_pk"], id="identifier"),
        pytest.param('"pk_of"\n# pk_of', ["1: pk_of is now parse_pk", "2: pk_of is now parse_pk"], id="two lines"),
        pytest.param("import core.bell as b", ["1: core.bell is now core.queue"], id="module"),
        pytest.param("see `core/bell.py`", ["1: core.bell is now core.queue"], id="path of a module"),
        pytest.param("from core import bell", ["0: core.bell is now core.queue"], id="imported module"),
        pytest.param('"_parts/mark.html"', ["1: _parts/mark.html is now _parts/logo.html"], id="template"),
        pytest.param("pk_of_row, a_pk_of, the bell, mark.html, encore.bells", [], id="other words"),
    ],
)
def test_search_finds_whole_names(text, expected):
    renamed = {"pk_of": "parse_pk", "core.bell": "core.queue", "_parts/mark.html": "_parts/logo.html"}

    assert old_names(text, renamed) == expected


def test_search_finds_whole_texts():
    replaced = {"Look and submit": "Review and submit"}

    found = old_texts(["Look and submit", "Look and submit it"], replaced)

    assert found == ["'Look and submit' is now 'Review and submit'"]


def test_search_reads_texts_and_files_of_each_kind():
    read = {file.suffix for file in files_to_read()}

    assert {".py", ".html", ".md", ".css", ".js"} <= read
    assert len(catalogue_texts()) > 1000


def test_lists_are_sorted_and_lead_to_the_newest_name():
    names = list(RENAMED)

    assert names == sorted(names)
    assert set(RENAMED.values()).isdisjoint(RENAMED)
    assert set(REPLACED.values()).isdisjoint(REPLACED)
