"""Test that ``migrate`` installs the database triggers and that failures do not remove them."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from core import clock, triggers
from epi_site import checks
from strategies.models import Milestone
from tests.factories import ActionFactory, MilestoneFactory, PersonFactory

ROOT = Path(__file__).resolve().parent.parent.parent
TRIGGER = "epi_strategies_actionupdate_upd"
PLAIN_SETTINGS = """
from epi_site.settings.local import *

class OnlyTables:
    def __contains__(self, app):
        return app not in {"failing", "newer"}
    def __getitem__(self, app):
        return None

MIGRATION_MODULES = OnlyTables()
"""
MIGRATIONS = {
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
NEWER_APP_CONFIG = """
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
    """Migrate a separate site; write settings that add an app: one whose migration fails, one with a new trigger."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "plain.py").write_text(PLAIN_SETTINGS)
    for name, migration in MIGRATIONS.items():
        (folder / f"with_{name}.py").write_text(f"from plain import *\nINSTALLED_APPS = [*INSTALLED_APPS, {name!r}]\n")
        (folder / name / "migrations").mkdir(parents=True)
        for file, text in {"__init__": "", "migrations/__init__": "", "migrations/0001_initial": migration}.items():
            (folder / name / f"{file}.py").write_text(text)
    (folder / "newer/apps.py").write_text(NEWER_APP_CONFIG)
    result = manage(folder, "migrate", "--run-syncdb")
    assert result.returncode == 0, result.stderr
    return folder


def manage(folder, *command, settings="plain"):
    environment = {"DJANGO_SETTINGS_MODULE": settings, "EPI_DATA_DIR": str(folder), "PATH": os.environ["PATH"]}
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def installed_triggers(folder):
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        return dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


def execute_on_sqlite(folder, statement):
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        database.execute(statement)
        database.commit()


@pytest.mark.waits
def test_migrate_restores_missing_trigger(site):
    before = installed_triggers(site)
    execute_on_sqlite(site, f"DROP TRIGGER {TRIGGER}")

    check = manage(site, "check", "--database", "default")
    result = manage(site, "migrate")

    assert (check.returncode, TRIGGER in check.stderr) == (1, True)
    assert (result.returncode, result.stderr) == (0, "")
    assert installed_triggers(site) == before


@pytest.mark.waits
def test_failed_migration_keeps_all_triggers(site):
    before = installed_triggers(site)

    result = manage(site, "migrate", settings="with_failing")

    assert (result.returncode, "RuntimeError: in the middle" in result.stderr) == (1, True)
    assert len(before) > 50
    assert installed_triggers(site) == before


@pytest.mark.waits
def test_migrate_adds_new_triggers_and_removes_unregistered_ones(site):
    before = installed_triggers(site)

    result = manage(site, "migrate", settings="with_newer")
    after = installed_triggers(site)
    manage(site, "migrate")

    assert result.returncode == 0, result.stderr
    assert after.keys() - before.keys() == {f"epi_evaluation_reviewvisit_frozen_{act}" for act in ("ins", "upd", "del")}
    assert installed_triggers(site) == before


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def drop_trigger(name, table):
    return f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else "")


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_call_command_migrate_restores_missing_trigger():
    execute(drop_trigger(TRIGGER, "strategies_actionupdate"))

    call_command("migrate", verbosity=0)

    assert triggers.missing() == triggers.differing_triggers() == set()


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_interrupted_migrate_keeps_all_triggers(monkeypatch):
    def interrupt(*args, **kwargs):
        triggers.on_pre_migrate(apps.get_app_config("strategies"), "default")
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.commands.migrate.emit_pre_migrate_signal", interrupt)

    with pytest.raises(KeyboardInterrupt):
        call_command("migrate", verbosity=0)

    assert triggers.missing() == triggers.differing_triggers() == set()


@pytest.mark.django_db
def test_changed_trigger_is_reported_and_reinstalled():
    if connection.vendor == "postgresql":
        execute(
            f"CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "ALTER TABLE strategies_narrative DISABLE TRIGGER epi_strategies_narrative_upd",
        )
    else:
        execute(
            drop_trigger(TRIGGER, ""),
            f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON strategies_actionupdate WHEN 0 BEGIN SELECT 1; END",
            drop_trigger("epi_strategies_narrative_upd", ""),
        )

    errors = triggers.check_installed(None, ["default"])
    triggers.install()

    assert [(error.id, error.msg) for error in errors] == [
        ("epi.E001", "Database triggers are missing: epi_strategies_narrative_upd."),
        ("epi.E002", f"Database triggers differ: {TRIGGER}."),
    ]
    assert triggers.check_installed(None, ["default"]) == []


@pytest.mark.django_db
def test_start_is_refused_when_trigger_is_missing(settings):
    settings.DEMO_ALLOWED = False
    checks.refuse_missing_triggers()
    execute(drop_trigger(TRIGGER, "strategies_actionupdate"))

    with pytest.raises(SystemExit, match="Not started: 1 locks are missing in the database"):
        checks.refuse_missing_triggers()


def test_start_is_refused_when_triggers_cannot_be_read(settings, monkeypatch):
    def fail():
        raise DatabaseError("no connection")

    settings.DEMO_ALLOWED = False
    monkeypatch.setattr(triggers, "missing", fail)

    with pytest.raises(SystemExit, match="could not check the locks in the database"):
        checks.refuse_missing_triggers()


def test_demo_site_starts_without_trigger_check(settings, monkeypatch):
    settings.DEMO_ALLOWED = True
    monkeypatch.setattr(triggers, "missing", lambda: {"one"})

    checks.refuse_missing_triggers()


# ---- histories


def histories():
    """Return each table of history, those of many-to-many fields included."""
    for model in apps.get_models():
        if name := getattr(model._meta, "simple_history_manager_attribute", ""):
            history = getattr(model, name).model
            yield history._meta.db_table
            yield from (getattr(history, field.name).model._meta.db_table for field in history._history_m2m_fields)


@pytest.mark.django_db
def test_every_history_is_append_only():
    tables = list(histories())
    wanted = {f"epi_{table}_frozen_{act}": table for table in tables for act in ("ins", "upd", "del")}

    found = {name: row.table for name, row in triggers.installed().items()}

    assert len(tables) > 30
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.fixture
def action(db):
    action = ActionFactory(code="A1", title="Mentors")
    action.deputies.add(PersonFactory())
    return action


def refused(statement, *parameters):
    with pytest.raises(IntegrityError, match="epi: ") as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    return str(error.value)


@pytest.mark.parametrize("table", ["strategies_historicalaction", "strategies_historicalaction_deputies"])
def test_history_rows_cannot_be_changed_or_deleted(action, table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0

    assert "epi: frozen" in refused(f"DELETE FROM {table}")
    assert "epi: frozen" in refused(f"UPDATE {table} SET id = id")


def insert_history(record, **changes):
    """Insert a copy of a row of history with some columns changed, by SQL; return the error."""
    stored = {field.column: getattr(record, field.attname) for field in record._meta.fields if not field.primary_key}
    columns = stored | changes
    marks = ", ".join(["%s"] * len(columns))
    return refused(f"INSERT INTO {record._meta.db_table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"history_date": clock.now() - timedelta(days=1)},
        {"id": 1_000_000},
        {"history_type": "-"},
    ],
    ids=["older than the newest", "of no row", "deletion of a stored row"],
)
def test_invented_history_row_is_refused(action, changes):
    record = action.history.first()

    assert "epi: history follows a change of its row" in insert_history(record, **changes)


def test_history_of_a_deleted_row_is_written(action):
    milestone = MilestoneFactory(action=action)
    pk = milestone.pk
    milestone.delete()

    assert [row.history_type for row in Milestone.history.filter(id=pk).order_by("history_id")] == ["+", "-"]
