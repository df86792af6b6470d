"""Test that files, folders and links in the documentation exist, and that the glossary is complete."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "tests").rglob("*.md"))]
PAGES = [page for page in PAGES if "node_modules" not in page.parts]  # made by make test-appearance
PAGES += [ROOT / "CONTRIBUTING.md", ROOT / "README.md"]
SUFFIXES = "py|html|md|css|js|mjs|toml|typ|txt|yml|in"
FILE_NAME = re.compile(rf"[\w.*/-]*\w\.(?:{SUFFIXES})")
PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
BUILT = ("static/dist", "fonts/built", "node_modules", "var", ".venv")  # made by make, not in a clone
BUILT_NAMES = {"site.css", "admin.css", "admin.js", "session.js", "site.js", "theme.js"}  # in static/dist
NOT_PATHS = {"Europe/Brussels", "mails/", "quarantine/", "files/installation-id"}  # a time zone; among the data


def named_paths(text: str) -> set[str]:
    """Return the texts in backticks that look like paths of this repository."""
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    quoted = set(re.findall(r"`([^`\s]+)`", without_blocks)) - NOT_PATHS
    return {name for name in quoted if FILE_NAME.fullmatch(name) or ("/" in name and PATH.fullmatch(name))}


def exists(name: str, page: Path) -> bool:
    """Search the root, the folder of the page, and for a name without path every folder."""
    if name.startswith(BUILT) or name.rpartition("/")[2] in BUILT_NAMES:
        return True
    if any(any(folder.glob(name.rstrip("/"))) for folder in (ROOT, page.parent)):
        return True
    in_root = "/" in name.rstrip("/") and (ROOT / name.partition("/")[0]).exists()
    return not in_root and any(any(ROOT.glob(f"{folder}/**/{name}")) for folder in FOLDERS)


FOLDERS = sorted(
    path.name
    for path in ROOT.iterdir()
    if path.is_dir() and not path.name.startswith(".") and path.name not in {"node_modules", "var"}
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_pages_exist(page):
    names = named_paths(page.read_text("utf-8"))

    assert sorted(name for name in names if not exists(name, page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_exist(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    local = {target for target in targets if "://" not in target}

    assert sorted(target for target in local if not (page.parent / target).exists()) == []


@pytest.mark.parametrize(
    "name, expected",
    [
        ("core/jobs.py", True),
        ("core/nothing.py", False),
        ("core/backup/", True),
        ("core/nothing/", False),
        ("rules.py", True),
        ("unruly.py", False),
        ("_parts/chart.html", True),
        ("_parts/drawing.html", False),
        ("static/dist/site.css", True),
    ],
)
def test_missing_path_is_found(name, expected):
    assert named_paths(f"See `{name}` and `x = 1`, `/verify/`, `a: b`.") == {name}
    assert exists(name, ROOT / "docs" / "architecture.md") is expected


def _terms() -> list[list[str]]:
    rows = re.findall(r"^\| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    return [row.split(" | ") for row in rows if not row.startswith("English |")]


def test_glossary_has_two_languages_and_a_sentence_for_each_term():
    terms = _terms()
    english = [row[0] for row in terms]

    assert len(terms) > 100
    assert [row for row in terms if len(row) != 3 or not all(map(str.strip, row)) or not row[2].endswith(".")] == []
    assert sorted(set(english)) == sorted(english)
