"""Measures coverage of lines and branches: a plugin of pytest, which ``PYTEST_PLUGINS=tests.measured`` loads.

Each process that runs tests leaves a file, which coverage_bars.py reads. Modules are measured as they are imported:
Django imports all of ours before conftest.py is read, but after this plugin. See docs/adr/0023-coverage.md.
"""

import json
import os
import tomllib
import uuid
from pathlib import Path

import pytest
from slipcover import FileMatcher, ImportManager, Slipcover

ROOT = Path(__file__).resolve().parent.parent
FILES = ".coverage.*.json"
OPTIONS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["slipcover"]

measuring = None


def unmeasured() -> dict:
    """Return a report in which no line of any file is covered."""
    source, omit = OPTIONS["source"], OPTIONS["omit"]
    return Slipcover(branch=True, source=source, omit=omit, exclude_also=OPTIONS["exclude-also"]).get_coverage()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config):
    """Start, before pytest-django sets Django up. The process that only hands tests to others runs none."""
    global measuring
    if "PYTEST_XDIST_WORKER" in os.environ or not getattr(early_config.known_args_namespace, "numprocesses", None):
        measuring = Slipcover(branch=True, exclude_also=OPTIONS["exclude-also"])
        ImportManager(measuring, FileMatcher(sources=OPTIONS["source"], omit=OPTIONS["omit"])).__enter__()
    return (yield)


def pytest_sessionfinish():
    if measuring:
        file = ROOT / FILES.replace("*", uuid.uuid4().hex)
        file.write_text(json.dumps(measuring.get_coverage()), "utf-8")
