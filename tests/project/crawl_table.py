"""Writes what every role is answered on every route, one line each, to compare two versions of the software.

    python -m tests.project.crawl_table OUT.tsv [ROUTE ...]

Columns: method, route, sample, role, status, target of a redirect, hash of the body without tokens. The clock stands
still, so that the same version writes the same file. Nothing here is shared with ``crawl.py``: its shortcuts are
compared, too.
"""

import logging
import os
import re
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

MOMENT = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
VOLATILE = re.compile(  # hashes cover random ids; accounts are stamped by the real clock; each run has its own folder
    r'token=[\w-]+|nonce-[\w+/=-]+|\b[0-9a-f]{12,64}\b|"(joined|last_sign_in)": "[^"]+"|[\w/]*epi-test-\w+'
)


def main(path: str, *names: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.test")
    import django
    from django.conf import settings

    django.setup()
    settings.MIGRATION_MODULES = {app.split(".")[-1]: None for app in settings.INSTALLED_APPS}
    from django.apps import apps
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    settings.MIGRATION_MODULES |= {config.label: None for config in apps.get_app_configs()}
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        Path(path).write_text("".join(f"{line}\n" for line in sorted(_lines(names))), "utf-8")
    finally:
        teardown_databases(databases, verbosity=0)


def _lines(names):
    from django.db import transaction
    from django.http import HttpResponse
    from django.test import Client
    from django.urls import URLResolver

    from core import clock

    from .access import LINES, ROLES, path_of
    from .shared_data import make_world

    URLResolver.resolve_error_handler = lambda self, status: lambda request, exception=None: HttpResponse(status=status)
    with clock.at(MOMENT), transaction.atomic():
        world = make_world()
        for role in ROLES:
            client = Client()
            if world.roles[role].is_authenticated:
                client.force_login(world.roles[role])
            for line in (line for line in LINES if not names or line.name in names):
                address = path_of(line, world)
                for method in ("get", "post"):
                    yield "\t".join([method, line.name, line.sample, role, *_answer(client, method, address, world)])
        transaction.set_rollback(True)


def _answer(client, method, address, world) -> tuple[str, str, str]:
    from django.db import transaction

    from .leaks import TOKENS

    cookies = client.cookies.copy()
    with transaction.atomic():
        response = getattr(client, method)(address)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    client.cookies = cookies
    text = VOLATILE.sub("", TOKENS.sub("", body.decode("utf-8", "replace"))).replace(world.token, "")
    target = urlsplit(response.get("Location", "")).path.replace(world.token, "")
    return str(response.status_code), target or "-", sha256(text.encode()).hexdigest()[:20]


if __name__ == "__main__":
    main(*sys.argv[1:])
