"""Fills an empty database with a small demo and writes it down: ``VERSION.ENGINE.sql.xz`` and ``VERSION.ENGINE.json``.

Run in the folder of any checkout, with its own Python; see README.md. Writes SQLite unless DATABASE_URL names an empty
PostgreSQL, for which ``pg_dump`` is needed.
"""

import argparse
import json
import logging
import lzma
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path[:0] = [os.getcwd(), str(HERE)]

import probe  # noqa: E402 - beside this file, in whatever checkout it runs
import reading  # noqa: E402

CITIES = {"cartagena", "linkoping", "lublin", "riga"}  # those to which the demo gives a part of their own
PEOPLE = ("coordinator@demo.example", "lead.lublin@demo.example")  # whose sessions are kept; the first reads reports
WHOLE_PDFS = 1  # the others, 200 kB each, are a line
DROPPED = re.compile(
    r"^(--.*|\\(un)?restrict .*|SET (?!standard_conforming_strings|client_encoding|check_function).*|)$"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EPI_DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.test")
        import django

        django.setup()
        logging.disable(logging.CRITICAL)
        write(options.version, options.out)


def write(version: str, out: Path) -> None:
    from django.db import connection

    fill()
    add_what_the_demo_lacks()
    contents = reading.read(connection)
    name = f"{version}.{connection.vendor}"
    (out / f"{name}.sql.xz").write_bytes(lzma.compress(dump(connection).encode(), preset=9 | lzma.PRESET_EXTREME))
    facts = facts_of(contents) | {"questions": questions(contents)}
    facts["answers"] = probe.ask(facts["questions"])
    (out / f"{name}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    empty = sorted(table for table, rows in contents.tables.items() if not rows)
    size = (out / f"{name}.sql.xz").stat().st_size
    print(f"{name}: {size / 1000:.0f} kB, {len(contents.tables)} tables; empty: {', '.join(empty)}")  # noqa: T201


# ---- filling


def fill() -> None:
    from django.core.management import call_command
    from django.db import connection

    from epi_site.demo import seed
    from reports.documents import render

    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            raise SystemExit("The database is not empty.")
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    every_city, whole_pdf, made = seed.contents, render.pdf, []

    def few_cities() -> list[dict]:
        return [city for city in every_city() if city["slug"] in CITIES]

    def pdf(snapshot: str) -> bytes:
        made.append(snapshot)
        if len(made) <= WHOLE_PDFS:
            return whole_pdf(snapshot)
        return f"%PDF-1.7\n% Stands for {json.loads(snapshot)['number']}\n".encode()

    rated = [slug for slug in seed.RATED_NOW if slug in CITIES]
    with (
        mock.patch.object(seed, "contents", few_cities),
        mock.patch.object(seed, "RATED_NOW", rated),
        mock.patch.object(render, "pdf", pdf),
    ):
        call_command("seed_demo")


def add_what_the_demo_lacks() -> None:
    """Add a row to each table that the demo leaves empty: by factories, relations and Django's own models."""
    from allauth.account.models import EmailAddress, EmailConfirmation
    from django.apps import apps
    from django.contrib.admin.models import ADDITION, LogEntry
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group, Permission
    from django.contrib.contenttypes.models import ContentType
    from django.core.cache import cache
    from django.db import DatabaseError, transaction

    from cities.models import City
    from strategies.services.reminders import remind_city
    from tests import factories

    remind_city(City.objects.get(slug="lublin"))
    for name in sorted(name for name in factories.__all__ if name.endswith("Factory")):
        getattr(factories, name)()
    for model in apps.get_models():
        for relation in model._meta.many_to_many:
            through, row = relation.remote_field.through, model._base_manager.order_by("-pk").first()
            if not through._meta.auto_created or through._base_manager.exists() or row is None:
                continue
            try:
                with transaction.atomic():
                    getattr(row, relation.name).add(relation.related_model._base_manager.first())
            except (DatabaseError, ValueError, TypeError) as error:
                print(f"{through._meta.label} stays empty: {error}")  # noqa: T201
    EmailConfirmation.create(EmailAddress.objects.create(user=get_user_model().objects.first(), email="a@demo.example"))
    users = [get_user_model().objects.get(email=email) for email in PEOPLE]
    group = Group.objects.create(name="Readers of reports")
    group.permissions.set(Permission.objects.filter(codename__startswith="view_"))
    users[0].groups.add(group)
    users[0].user_permissions.set(Permission.objects.filter(codename__startswith="change_"))
    for content_type in ContentType.objects.all():
        LogEntry.objects.create(
            user=users[0], content_type=content_type, object_id="1", object_repr=str(content_type), action_flag=ADDITION
        )
    cache.set("upgrade", "kept", timeout=None)
    for user in users:
        sign_in(user)


def sign_in(user: Any) -> None:
    """Create a session that does not expire."""
    from datetime import UTC, datetime

    from django.contrib.sessions.models import Session
    from django.test import Client

    client = Client()
    client.force_login(user)
    session = client.session
    session.set_expiry(datetime(2100, 1, 1, tzinfo=UTC))
    session.save()
    Session.objects.filter(pk=session.session_key).update(expire_date=datetime(2100, 1, 1, tzinfo=UTC))


# ---- writing


def dump(connection: Any) -> str:
    if connection.vendor == "sqlite":
        return "\n".join(connection.connection.iterdump()) + "\n"
    command = ["pg_dump", "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50"]
    text = subprocess.run([*command, os.environ["DATABASE_URL"]], check=True, capture_output=True, text=True).stdout
    return without_what_other_versions_refuse(text)


def without_what_other_versions_refuse(text: str) -> str:
    """Return the dump without the settings at its start and without psql's own commands."""
    head, body = text.split("\nCREATE ", 1)
    kept = [line for line in head.splitlines() if not DROPPED.match(line)]
    body = re.sub(r"\n\\unrestrict .*", "", body)
    body = re.sub(r"^SET default_\w+ = .*;\n", "", body, flags=re.MULTILINE)
    return "\n".join([*kept, f"CREATE {body}"])


def facts_of(contents: reading.Contents) -> dict[str, Any]:
    labels = {row["id"]: row["app_label"] for row in contents.tables["django_content_type"]}
    return {
        "tables": {name: {"rows": len(rows), "sha256": reading.digest(rows)} for name, rows in contents.tables.items()},
        "triggers": sorted(contents.triggers),
        "permissions": {
            f"{labels[row['content_type_id']]}.{row['codename']}": row["id"]
            for row in contents.tables["auth_permission"]
        },
    }


def questions(contents: reading.Contents) -> dict[str, Any]:
    from django.conf import settings
    from django.utils import timezone

    tables = contents.tables
    numbers = {row["id"]: row["number"] for row in tables["evaluation_report"]}
    files = [(numbers[row["report_id"]], row["name"]) for row in tables["evaluation_reportfile"]]
    letters = probe.linked_paths([row["body"] for row in tables["accounts_mail"]])
    revisions = [
        f"/periods/{row['city_period_id']}/revisions/{row['number']}/" for row in tables["strategies_periodrevision"]
    ]
    hashes = [row["sha256"] for table in ("evaluation_report", "evaluation_reportfile") for row in tables[table]]
    by_email = {row["email"]: str(row["id"]) for row in tables["accounts_user"]}
    return {
        "secret_key": settings.SECRET_KEY,
        "moment": timezone.now().isoformat(),
        "sessions": [_session_of(by_email[email]) for email in PEOPLE],
        "paths": [*letters, *revisions[:6]],
        "files": [f"/reports/{number}/{name}" for number, name in sorted(files)],
        "hashes": [*sorted(set(hashes)), "0" * 64],
        "words": sorted({*numbers.values(), *(name for _number, name in files)}),
    }


def _session_of(user_id: str) -> str:
    from django.contrib.sessions.models import Session

    return next(row.pk for row in Session.objects.all() if row.get_decoded().get("_auth_user_id") == user_id)


if __name__ == "__main__":
    main()
