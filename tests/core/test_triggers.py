"""How the locks come into the database and stay there: by ``migrate``, whatever happens to it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection

from core import triggers
from epi_site import checks

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = "epi_strategies_actionupdate_upd"
PLAIN = """
from epi_site.settings.local import *

class OnlyTables:
    def __contains__(self, app):
        return app not in {"failing", "newer"}
    def __getitem__(self, app):
        return None

MIGRATION_MODULES = OnlyTables()
"""
APP = {
    "failing": """
from django.db import migrations

def fail(apps, editor):
    editor.execute("DELETE FROM strategies_actionupdate")
    raise RuntimeError("in the middle")

class Migration(migrations.Migration):
    operations = [migrations.RunPython(fail)]
""",
    "newer": "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = []\n",
}
READY = """
from django.apps import AppConfig

class NewerConfig(AppConfig):
    name = "newer"

    def ready(self):
        from core import triggers
        from evaluation.models import ReviewVisit
        triggers.freeze(ReviewVisit)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of its own, and settings with an app more: one whose migration fails, one that brings a lock."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "plain.py").write_text(PLAIN)
    for name, migration in APP.items():
        (folder / f"with_{name}.py").write_text(f"from plain import *\nINSTALLED_APPS = [*INSTALLED_APPS, {name!r}]\n")
        (folder / name / "migrations").mkdir(parents=True)
        for file, text in {"__init__": "", "migrations/__init__": "", "migrations/0001_initial": migration}.items():
            (folder / name / f"{file}.py").write_text(text)
    (folder / "newer/apps.py").write_text(READY)
    ended = manage(folder, "migrate", "--run-syncdb")
    assert ended.returncode == 0, ended.stderr
    return folder


def manage(folder, *command, settings="plain"):
    environment = {"DJANGO_SETTINGS_MODULE": settings, "EPI_DATA_DIR": str(folder), "PATH": os.environ["PATH"]}
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def standing(folder):
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        return dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


def change(folder, statement):
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        database.execute(statement)
        database.commit()


@pytest.mark.waits
def test_migrate_puts_back_a_lock_that_is_gone(site):
    before = standing(site)
    change(site, f"DROP TRIGGER {LOCK}")

    told = manage(site, "check", "--database", "default")
    ended = manage(site, "migrate")

    assert (told.returncode, LOCK in told.stderr) == (1, True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert standing(site) == before


@pytest.mark.waits
def test_failed_migration_leaves_every_lock(site):
    before = standing(site)

    ended = manage(site, "migrate", settings="with_failing")

    assert (ended.returncode, "RuntimeError: in the middle" in ended.stderr) == (1, True)
    assert len(before) > 50
    assert standing(site) == before


@pytest.mark.waits
def test_migrate_brings_the_lock_of_a_new_release_and_takes_off_what_is_registered_no_more(site):
    before = standing(site)

    ended = manage(site, "migrate", settings="with_newer")
    after = standing(site)
    manage(site, "migrate")

    assert ended.returncode == 0, ended.stderr
    assert after.keys() - before.keys() == {f"epi_evaluation_reviewvisit_frozen_{act}" for act in ("ins", "upd", "del")}
    assert standing(site) == before


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def dropped(name, table):
    return f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else "")


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_migrate_within_this_process_does_the_same():
    run(dropped(LOCK, "strategies_actionupdate"))

    call_command("migrate", verbosity=0)

    assert triggers.missing() == triggers.differing_triggers() == set()


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_what_breaks_off_on_the_way_leaves_every_lock(monkeypatch):
    def broken_off(*args, **kwargs):
        triggers.on_pre_migrate(apps.get_app_config("strategies"), "default")
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.commands.migrate.emit_pre_migrate_signal", broken_off)

    with pytest.raises(KeyboardInterrupt):
        call_command("migrate", verbosity=0)

    assert triggers.missing() == triggers.differing_triggers() == set()


@pytest.mark.django_db
def test_a_lock_that_was_weakened_is_told_and_mended():
    if connection.vendor == "postgresql":
        run(
            f"CREATE OR REPLACE FUNCTION {LOCK}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "ALTER TABLE strategies_narrative DISABLE TRIGGER epi_strategies_narrative_upd",
        )
    else:
        run(
            dropped(LOCK, ""),
            f"CREATE TRIGGER {LOCK} BEFORE UPDATE ON strategies_actionupdate WHEN 0 BEGIN SELECT 1; END",
            dropped("epi_strategies_narrative_upd", ""),
        )

    errors = triggers.check_installed(None, ["default"])
    triggers.install()

    assert [(error.id, error.msg) for error in errors] == [
        ("epi.E001", "Database triggers are missing: epi_strategies_narrative_upd."),
        ("epi.E002", f"Database triggers differ: {LOCK}."),
    ]
    assert triggers.check_installed(None, ["default"]) == []


@pytest.mark.django_db
def test_nothing_serves_people_while_a_lock_is_missing(settings):
    settings.DEMO_ALLOWED = False
    checks.refuse_missing_triggers()
    run(dropped(LOCK, "strategies_actionupdate"))

    with pytest.raises(SystemExit, match="Not started: 1 locks are missing in the database"):
        checks.refuse_missing_triggers()


def test_the_database_that_cannot_be_asked_about_locks_serves_nobody(settings, monkeypatch):
    def gone():
        raise DatabaseError("no connection")

    settings.DEMO_ALLOWED = False
    monkeypatch.setattr(triggers, "missing", gone)

    with pytest.raises(SystemExit, match="could not be asked about its locks"):
        checks.refuse_missing_triggers()


def test_a_site_of_the_demo_asks_as_it_is_prepared(settings, monkeypatch):
    settings.DEMO_ALLOWED = True
    monkeypatch.setattr(triggers, "missing", lambda: {"one"})

    checks.refuse_missing_triggers()
