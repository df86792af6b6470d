"""Asks the site what stays the same in every version: sessions, sent links, hashes of issued reports, frozen rows.

Run in a process of its own on an upgraded database: ``python -m tests.project.upgrade.probe QUESTIONS.json``. Imports
nothing of the project by name, since names change.
"""

import hashlib
import json
import re
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

PATH = re.compile(r"https?://[^/\s]+(/[^\s?#]*)")


def ask(questions: dict[str, Any]) -> dict[str, Any]:
    """Answers to ``questions``: sessions, paths and hashes, at the moment of the dump."""
    from django.conf import settings

    settings.SECRET_KEY = questions["secret_key"]
    settings.ALLOWED_HOSTS = ["*"]
    with _at(questions["moment"]):
        return {
            "users": {key: _user(key) for key in questions["sessions"]},
            "pages": {key: _pages(key, questions["paths"]) for key in ["", *questions["sessions"]]},
            "files": _files(questions["sessions"], questions["files"]),
            "verify": {sha256: _verify(sha256, questions) for sha256 in questions["hashes"]},
        } | _frozen()


def _at(moment: str):
    """The project's clock stopped at ``moment``."""
    clocks = [module for name, module in sys.modules.items() if name.endswith(".clock") and hasattr(module, "at")]
    return clocks[0].at(datetime.fromisoformat(moment)) if clocks else nullcontext()


def _client(session: str):
    from django.conf import settings
    from django.test import Client

    client = Client(raise_request_exception=False)  # an error is an answer: 500
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client


def _user(session: str) -> str:
    """The email address of the user whose session this is, or nothing."""
    response = _client(session).get("/verify/")
    return getattr(response.wsgi_request.user, "email", "")


def _pages(session: str, paths: list[str]) -> dict[str, int]:
    client = _client(session)
    return {path: client.get(path).status_code for path in paths}


def _files(sessions: list[str], paths: list[str]) -> dict[str, str]:
    """The SHA-256 of what each address of a report's file delivers to the first of ``sessions``."""
    client = _client(sessions[0])
    found = {}
    for path in paths:
        response = client.get(path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        found[path] = f"{response.status_code} {hashlib.sha256(content).hexdigest()}"
    return found


def _verify(sha256: str, questions: dict[str, Any]) -> list[str]:
    """The numbers of reports and the names of files in the answer to a visitor."""
    text = _client("").get("/verify/", {"hash": sha256}).content.decode()
    return sorted(word for word in questions["words"] if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-]|\.\w)", text))


def _frozen() -> dict[str, Any]:
    """How many frozen rows the models of this version read, and those whose hash they refuse."""
    from django.apps import apps

    count, refused = 0, []
    for model in apps.get_models():
        if {"snapshot", "sha256"} <= {field.name for field in model._meta.fields}:
            for row in model._base_manager.all():
                try:
                    count += bool(row.contents)
                except Exception as error:  # noqa: BLE001 - the test reports it
                    refused.append(f"{model._meta.label} {row.pk}: {error!r}")
    return {"frozen": count, "refused": refused}


def linked_paths(texts: list[str], *, of_each_shape: int = 2) -> list[str]:
    """Paths of links in ``texts``; of those that differ in numbers alone, the first few."""
    found: dict[str, list[str]] = {}
    for path in sorted({path for text in texts for path in PATH.findall(text)}):
        same = found.setdefault(re.sub(r"\d+|-[A-Z-]+(?=-R)", "0", path), [])
        if len(same) < of_each_shape:
            same.append(path)
    return [path for same in found.values() for path in same]


if __name__ == "__main__":
    import logging
    import warnings

    import django

    warnings.simplefilter("ignore")
    django.setup()
    logging.disable(logging.CRITICAL)
    json.dump(ask(json.loads(Path(sys.argv[1]).read_text("utf-8"))), sys.stdout)
