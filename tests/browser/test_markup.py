"""The pages as the server sends them, read by the Nu HTML checker. Needs Java; run by ``make test-appearance``."""

import json
import os
import shutil
import subprocess

import pytest

from .live_site import ROOT
from .page_list import PAGES

CHECKER = ROOT / "tests" / "browser" / "markup" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
IGNORED = (  # said of valid pages
    "Trailing slash on void elements",
)


@pytest.mark.skipif(os.environ.get("EPI_APPEARANCE") != "all", reason="EPI_APPEARANCE is not all.")
@pytest.mark.skipif(shutil.which("java") is None, reason="No Java was found; it runs the Nu HTML checker.")
@pytest.mark.skipif(not CHECKER.exists(), reason="The Nu HTML checker is not installed; make test-appearance does it.")
def test_pages_are_valid_html(site, browser, signed_in, demo_ids, tmp_path):
    for role in {role for _name, role, _path in PAGES}:
        context = browser.new_context(storage_state=signed_in(role) if role else None, locale="en-GB")
        for name, _role, path in (page for page in PAGES if page[1] == role):
            text = context.request.get(site.url + path.format(**demo_ids)).text()
            (tmp_path / f"{name}.html").write_text(text, "utf-8")
        context.close()

    assert problems_in(tmp_path) == []


def problems_in(folder) -> list[str]:
    """Return what the checker finds in the folder's pages: ``page: message, extract``."""
    command = ["java", "-jar", CHECKER, "--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html", folder]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return [
        f"{message['url'].rsplit('/', 1)[-1]}: {message['message']} {message.get('extract', '')!r}"
        for message in json.loads(found.stdout)["messages"]
        if not message["message"].startswith(IGNORED)
    ]


@pytest.mark.skipif(shutil.which("java") is None or not CHECKER.exists(), reason="The Nu HTML checker is not there.")
def test_checker_finds_a_repeated_id(tmp_path):
    page = '<!doctype html><html lang="en"><title>Test</title><p id="a">One</p><p id="a">Two</p></html>'
    (tmp_path / "page.html").write_text(page, "utf-8")

    assert any("Duplicate ID" in problem for problem in problems_in(tmp_path))
