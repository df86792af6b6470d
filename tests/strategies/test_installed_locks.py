"""Database locks: on every model with a city period, after each migration, and for other processes."""

import subprocess
import sys

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import IntegrityError, connection, models

from core import triggers
from strategies.locks import FACTS
from strategies.models import ActionUpdate, CityPeriod
from strategies.services import periods

from .helpers import an_official
from .lock_data import execute_sql, make_facts


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.mark.django_db
def test_check_finds_a_missing_trigger():
    assert triggers.check_installed(None, ["default"]) == []
    on = " ON strategies_actionupdate" if connection.vendor == "postgresql" else ""

    execute_sql(f"DROP TRIGGER epi_strategies_actionupdate_upd{on}")

    errors = triggers.check_installed(None, ["default"])
    assert [error.id for error in errors] == ["epi.E001"]
    assert "epi_strategies_actionupdate_upd" in errors[0].msg


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_locks_exist_after_a_migration_rebuilds_the_table(city, official, lead):
    """SQLite drops the triggers of a rebuilt table: they are dropped before a migration and created after it."""
    facts = make_facts(city, official, lead)
    periods.submit_period(facts.city_period, by=lead)
    field = models.IntegerField(default=5)
    field.set_attributes_from_name("added_later")

    for change in ("add_field", "remove_field"):
        emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
        with connection.schema_editor() as editor:
            getattr(editor, change)(ActionUpdate, field)
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

        assert triggers.missing() == set()
        with pytest.raises(IntegrityError, match="epi: "):
            execute_sql("UPDATE strategies_actionupdate SET text = 'no'")


def test_every_model_with_a_city_period_is_locked():
    """A new model with a city period must be added to ``FACTS``."""
    free = {"PeriodTransition", "PeriodRevision", "PeriodComment"}  # frozen, or comments
    models_with_period = {
        model
        for model in apps.get_app_config("strategies").get_models()
        if any(f.related_model is CityPeriod for f in model._meta.fields)
        and not model.__name__.startswith("Historical")
        and model.__name__ not in free
    }
    assert models_with_period <= set(FACTS)


# ---- another process

SCRIPT = """
import sys
name, vendor, *statements = sys.argv[1:]
if vendor == "sqlite":
    import sqlite3
    connect, error = sqlite3.connect(name), sqlite3.IntegrityError
else:
    import psycopg2
    connect, error = psycopg2.connect(name), psycopg2.IntegrityError
for statement in statements:
    try:
        connect.cursor().execute(statement)
        connect.commit()
        print("done")
    except error as raised:
        connect.rollback()
        print(str(raised).splitlines()[0])
"""
COLUMNS = "city_period_id, number, verb, from_state, to_state, revision, text, marks, at"
FROM = f"SELECT {COLUMNS} FROM strategies_periodtransition"
TRANSITION = f"INSERT INTO strategies_periodtransition ({COLUMNS}) "
STATEMENTS = [
    "UPDATE strategies_actionupdate SET text = 'no'",
    "UPDATE strategies_cityperiod SET state = 'open', revision = 2, transition_count = 3",
    "INSERT INTO strategies_periodrevision (city_period_id, number, snapshot, sha256, schema_version, created_at) "
    "SELECT city_period_id, 99, snapshot, sha256, schema_version, created_at FROM strategies_periodrevision",
    TRANSITION + FROM.replace("number, verb", "3, verb") + " WHERE number = 2",
    TRANSITION + "SELECT city_period_id, 3, 'accept', 'submitted', 'accepted', 1, '', marks, at "
    "FROM strategies_periodtransition WHERE number = 2",
    "UPDATE strategies_cityperiod SET state = 'submitted', transition_count = 2",
]
ANSWERS = [
    "epi: the period is locked",
    "epi: a period changes state by a transition only",
    "epi: a revision comes with its submission",
    "epi: a transition follows the one before",
    "done",
    "epi: a period changes state by a transition only",
]


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_writes_of_another_process_are_refused(city, official, lead, tmp_path):
    facts = make_facts(city, official, lead)
    periods.submit_period(facts.city_period, by=lead)
    if connection.vendor == "sqlite":
        import sqlite3

        name = str(tmp_path / "copy.sqlite3")
        with sqlite3.connect(name) as copy:
            connection.connection.backup(copy)
        copy.close()
    else:
        settings = connection.get_connection_params()
        name = f"host={settings.get('host', '')} user={settings['user']} dbname={settings['dbname']}"

    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, connection.vendor, *STATEMENTS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stderr, ran.stdout.splitlines()) == ("", ANSWERS)
