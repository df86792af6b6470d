"""The Nu HTML checker over many pages in one run of Java. ``make test-appearance`` installs it and asks for it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

CHECKER = Path(__file__).parent / "browser" / "markup" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
IGNORED = {  # expression that the message begins with: why it stays
    "CSS: “vector-effect”": "A property of SVG that the checker does not know; issued reports have it.",
    "Trailing slash on void elements": "Django's forms and its admin write them; they are valid.",
}
TYPED = {  # in forms that are shown again
    "(Potentially b|B)ad value .*for attribute “value” on element “input”": "As typed, with its error.",
}
PART = '<!doctype html>\n<html lang="en"><head><title>Part of a page</title></head><body>\n{}\n</body></html>'


def needs_checker(test):
    """Skip the test, with the reason, where nobody asked for the checker or it cannot run."""
    test = pytest.mark.skipif(shutil.which("java") is None, reason="No Java was found; it runs the checker.")(test)
    test = pytest.mark.skipif(not CHECKER.exists(), reason="make test-appearance installs the checker.")(test)
    return pytest.mark.skipif(os.environ.get("EPI_APPEARANCE") != "all", reason="EPI_APPEARANCE is not all.")(test)


def problems_in(pages: Mapping[str, str], folder: Path, ignored: Iterable[str] = IGNORED) -> list[str]:
    """Return what the checker finds in the pages, by name: ``page: message, extract``. Writes them to the folder."""
    is_ignored = re.compile("|".join(ignored), re.DOTALL).match
    files = {}
    for number, (name, text) in enumerate(pages.items()):
        is_whole = re.match(r"\s*<!doctype", text, re.IGNORECASE)
        (folder / f"{number}.html").write_text(text if is_whole else PART.format(text), "utf-8", "surrogateescape")
        files[f"{number}.html"] = name
    command = ["java", "-jar", CHECKER, "--format", "json", "--stdout", "--exit-zero-always", folder]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return [
        f"{files[message['url'].rsplit('/', 1)[-1]]}: {message['message']} {message.get('extract', '')!r}"
        for message in json.loads(found.stdout)["messages"]
        if not is_ignored(message["message"])
    ]
