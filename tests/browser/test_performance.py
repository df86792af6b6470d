"""Lighthouse on every page, on a slow phone and on a desktop: performance of at least 95 (make test-appearance)."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .live_site import ROOT, chromium
from .page_list import PAGES

FOLDER = Path(__file__).parent / "lighthouse"
NODE = ROOT / ".venv" / "bin" / "node"
BAR = 95
STATUS = {"not-found", "forbidden"}  # Lighthouse measures no page that answers an error

pytestmark = [
    pytest.mark.skipif(os.environ.get("EPI_APPEARANCE") != "all", reason="Only make test-appearance runs Lighthouse."),
    pytest.mark.skipif(not (FOLDER / "node_modules").exists(), reason="Lighthouse is not installed."),
]


def measure(pages: list[dict], device: str) -> list[dict]:
    node = NODE if NODE.exists() else shutil.which("node")
    done = subprocess.run(
        [str(node), str(FOLDER / "run.mjs"), device],
        input="\n".join(map(json.dumps, pages)),
        env=os.environ | {"EPI_CHROMIUM": str(chromium())},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def cookies_of(state: dict) -> list[dict]:
    return [{"name": one["name"], "value": one["value"]} for one in state["cookies"]]


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_pages_are_fast(site, browser, signed_in, demo_ids, device):
    only = os.environ.get("EPI_PAGES", "").split()  # names, to measure some while working on them
    pages = [
        {
            "name": name,
            "url": site.url + path.format(**demo_ids),
            "cookies": cookies_of(signed_in(role)) if role else [],
        }
        for name, role, path in PAGES
        if not path.startswith("/__page__/") and name not in STATUS and (not only or name in only)
    ]

    found = measure(pages, device)

    for row in found:
        print(f"{row['name']:40} {row['score'] * 100:5.0f} {row['metrics']}")  # noqa: T201  # the table for the note
    assert len(found) == len(pages)
    assert [row["url"] for row in found if "/account/login/?" in row["url"]] == []  # measured as its role
    assert [row for row in found if row.get("error") or row["score"] * 100 < BAR] == []
