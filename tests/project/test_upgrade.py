"""Test upgrades of databases of older versions: no row, hash, trigger, permission or session is lost.

The dumps of older versions are in ``upgrade/``, the intended changes since then in ``upgrade/declared.py``.
"""

import copy
import hashlib
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db.utils import ConnectionHandler, DatabaseError

from epi_site.celery import app

from .upgrade import reading
from .upgrade.declared import DECLARED
from .upgrade.reading import Constraint, Contents, Declared

pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.servers]
DUMPS = Path(__file__).parent / "upgrade"
ENGINE = "sqlite" if settings.IS_SQLITE else "postgresql"
VERSIONS = sorted(path.name.removesuffix(f".{ENGINE}.json") for path in DUMPS.glob(f"*.{ENGINE}.json"))
SENT_BY_0_1_0 = {  # names of tasks in messages that may wait in a broker during the upgrade
    "cities.tasks.sweep_pending_files",
    "cities.tasks.sweep_unknown_files",
    "epi_site.accounts.tasks.ring_mails_again",
    "epi_site.accounts.tasks.send_mail",
    "evaluation.tasks.build_report",
    "evaluation.tasks.issue_due_reports",
    "evaluation.tasks.move_due_stages",
    "evaluation.tasks.ring_again",
    "strategies.tasks.open_due_periods",
    "strategies.tasks.send_due_reminders",
}


# ---- upgrade of each version


def _database_name() -> str:
    return f"{settings.DATABASES['default']['NAME']}_upgrade"


def _url(database: str) -> str:
    server = settings.DATABASES["default"]
    user = ":".join(quote(server[key], safe="") for key in ("USER", "PASSWORD") if server[key])
    port = f":{server['PORT']}" if server["PORT"] else ""
    return f"postgres://{user}@{server['HOST']}{port}/{database}"


def _on_server(*statements: str) -> None:
    import psycopg2

    connection = psycopg2.connect(_url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@contextmanager
def _loaded(dump: str, folder: Path) -> Iterator[tuple[dict, dict]]:
    """Fill a new database; return its connection settings and the environment for processes that use it."""
    environment = {"EPI_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
    if settings.IS_SQLITE:
        path = folder / "db.sqlite3"
        with sqlite3.connect(path) as database:
            database.executescript(dump)
        database.close()
        yield settings.DATABASES["default"] | {"NAME": str(path)}, environment
        return
    import psycopg2

    name = _database_name()
    _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        with psycopg2.connect(_url(name)) as database, database.cursor() as cursor:
            cursor.execute(dump)
        database.close()
        yield settings.DATABASES["default"] | {"NAME": name}, environment | {"DATABASE_URL": _url(name)}
    finally:
        _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(environment: dict, *command: str) -> str:
    """Return the output of a process on the upgraded database; if the process fails, so does the test."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "LD_LIBRARY_PATH"}}
    done = subprocess.run(
        [sys.executable, *command],
        env=kept | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr if command[0] == "manage.py" else done.stdout


class Upgrade:
    """A version's database before and after ``migrate``; requests to the site are made only if a test needs them."""

    def __init__(self, version: str, database: dict, environment: dict, folder: Path):
        self.facts = json.loads((DUMPS / f"{version}.{ENGINE}.json").read_text("utf-8"))
        self.declared, self.environment, self.folder = DECLARED[version], environment, folder
        self.connection = ConnectionHandler({"default": database})["default"]
        self.before = reading.read(self.connection)
        self.connection.close()
        _run(environment, "manage.py", "migrate", "--verbosity=0")
        self.after = reading.read(self.connection)

    @cached_property
    def answers(self) -> dict:
        paths = [self.declared.paths.get(path, path) for path in self.facts["questions"]["paths"]]
        questions = self.folder / "questions.json"
        questions.write_text(json.dumps(self.facts["questions"] | {"paths": paths}), "utf-8")
        return json.loads(_run(self.environment, "-m", "tests.project.upgrade.probe", str(questions)))


@pytest.fixture(scope="module", params=VERSIONS)
def upgraded(request, tmp_path_factory, django_db_blocker):
    folder = tmp_path_factory.mktemp("upgrade")
    dump = lzma.decompress((DUMPS / f"{request.param}.{ENGINE}.sql.xz").read_bytes()).decode()
    with _loaded(dump, folder) as (database, environment), django_db_blocker.unblock():
        upgrade = Upgrade(request.param, database, environment, folder)
        yield upgrade
        upgrade.connection.close()


def test_versions_have_a_dump_for_each_engine():
    dumps = {
        engine: {path.name.removesuffix(f".{engine}.sql.xz") for path in DUMPS.glob(f"*.{engine}.sql.xz")}
        for engine in ("sqlite", "postgresql")
    }

    assert dumps == {"sqlite": set(DECLARED), "postgresql": set(DECLARED)}
    assert set(VERSIONS) == set(DECLARED)


# ---- database


def test_dump_is_loaded_as_it_was_written(upgraded):
    loaded = {
        name: {"rows": len(rows), "sha256": reading.digest(rows)} for name, rows in upgraded.before.tables.items()
    }

    assert loaded == upgraded.facts["tables"]
    assert sorted(upgraded.before.triggers) == upgraded.facts["triggers"]


def test_all_differences_are_declared(upgraded):
    found = reading.differences(upgraded.before, upgraded.after, upgraded.declared)

    assert found == []


def _new_tables(upgraded) -> dict[str, list[dict]]:
    """Return the rows of the tables that the version of the dump did not have."""
    old = {upgraded.declared.tables.get(name, name) for name in upgraded.before.tables}
    return {name: rows for name, rows in upgraded.after.tables.items() if name not in old}


def _new_snapshots(upgraded) -> int:
    return sum("snapshot" in row for rows in _new_tables(upgraded).values() for row in rows)


def test_stored_hashes_match_their_contents(upgraded):
    count, broken = reading.broken_hashes(upgraded.after)

    assert broken == []
    assert count - _new_snapshots(upgraded) == reading.broken_hashes(upgraded.before)[0] > 0


def test_models_load_every_frozen_snapshot(upgraded):
    assert upgraded.answers["refused"] == []
    assert upgraded.answers["frozen"] - _new_snapshots(upgraded) == upgraded.facts["answers"]["frozen"] > 0


def test_evaluations_of_before_have_blind_levels_and_complete_rounds_an_agreement(upgraded):
    tables = upgraded.after.tables
    submitted = {row["id"] for row in tables["evaluation_assessment"] if row["submitted_at"]}
    discussed = {
        row["evaluation_id"] for row in tables["evaluation_stagetransition"] if row["verb"] == "start_discussion"
    }
    assessed = {row["id"] for row in tables["evaluation_assessment"] if row["evaluation_id"] in discussed}
    expected = {row["id"] for row in tables["evaluation_rating"] if row["assessment_id"] in submitted & assessed}
    open_rounds = {row["round_id"] for row in tables["evaluation_evaluation"] if row["stage"] != "published"}
    complete = {row["round_id"] for row in tables["evaluation_evaluation"]} - open_rounds

    assert {row["rating_id"] for row in tables["evaluation_blindlevel"]} == expected != set()
    assert {row["round_id"] for row in tables["evaluation_roundresult"]} == complete != set()


def test_drafts_become_inputs_of_the_logging_form(upgraded):
    before, after = upgraded.before.tables, upgraded.after.tables["core_forminput"]
    found = {(row["user_id"], row["page"]): _json(row["fields"]) for row in after}
    drafts = before["strategies_updatedraft"]

    assert {(row["author_id"], f"/actions/{row['action_id']}/log/") for row in drafts} == found.keys() != set()
    for row in drafts:
        typed = found[row["author_id"], f"/actions/{row['action_id']}/log/"]
        assert _json(row["fields"]).items() <= typed.items()
        assert typed["form_uuid"] == [str(uuid.UUID(str(row["form_uuid"])))]
    assert sum(len(_json(row["files"])) for row in after) == len(before["strategies_updatedraft_files"]) > 0


def _json(value):
    return json.loads(value) if isinstance(value, str) else value


def _refusal(connection, statement: str) -> str:
    """Run ``statement``, roll it back and return the database's error, or nothing if there was none."""
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return str(error)
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    return ""


def test_database_refuses_changes_of_frozen_rows(upgraded):
    tables = [table for table in reading.frozen_tables(upgraded.after) if upgraded.after.tables[table]]
    statements = [f'UPDATE "{table}" SET id = id + 1000000' for table in tables]
    statements += [f'INSERT INTO "{table}" SELECT * FROM "{table}"' for table in tables]

    refused = {statement: _refusal(upgraded.connection, statement) for statement in statements}

    new, before = _new_tables(upgraded).keys(), reading.frozen_tables(upgraded.before)
    assert {upgraded.declared.tables.get(table, table) for table in before} <= {
        table for table in tables if table not in new
    }
    assert {statement: said for statement, said in refused.items() if "epi: " not in said} == {}


def test_histories_and_stages_are_locked(upgraded):
    histories = {table for table in upgraded.after.tables if "_historical" in table}

    assert len(histories) > 30
    assert histories - set(reading.frozen_tables(upgraded.after)) == set()
    assert upgraded.after.triggers["epi_evaluation_evaluation_stage"] == "evaluation_evaluation"


def test_permissions_keep_their_ids(upgraded):
    old = {row["id"] for row in upgraded.before.tables["auth_permission"]}
    kept = {row["id"] for row in upgraded.after.tables["auth_permission"]}
    types = {(row["app_label"], row["model"]): row["id"] for row in upgraded.after.tables["django_content_type"]}

    assert old - kept == set()
    assert len(types) == len(upgraded.after.tables["django_content_type"])
    assert set(upgraded.facts["permissions"].values()) == old


def test_new_rows_get_unused_ids(upgraded):
    one_row_each = {"cities_installation", "core_installationid"}
    taken = {
        table for table, (highest, following) in reading.next_ids(upgraded.connection).items() if following <= highest
    }

    assert taken - one_row_each == set()


def test_database_checks_find_no_issues(upgraded):
    output = _run(upgraded.environment, "manage.py", "check", "--database=default")

    assert output.strip() == "System check identified no issues (0 silenced)."


# ---- responses of the site


def test_sessions_are_kept(upgraded):
    assert upgraded.answers["users"] == upgraded.facts["answers"]["users"]
    assert all(upgraded.facts["answers"]["users"].values())


def test_old_urls_have_same_status(upgraded):
    found = []
    for session, pages in upgraded.facts["answers"]["pages"].items():
        for path, status in pages.items():
            new_path = upgraded.declared.paths.get(path, path)
            answer = upgraded.answers["pages"][session][new_path]
            if answer != status:
                found.append(f"{new_path} as {session or 'a visitor'}: {status} -> {answer}")

    assert found == []


def test_report_files_are_unchanged(upgraded):
    answers = upgraded.facts["answers"]["files"]

    assert upgraded.answers["files"] == answers
    assert {answer.split()[0] for answer in answers.values()} == {"200"}


def test_verify_page_has_same_results(upgraded):
    answers = upgraded.facts["answers"]["verify"]

    assert upgraded.answers["verify"] == answers
    assert [sha256 for sha256, words in answers.items() if not words] == ["0" * 64]


def test_old_task_names_are_registered():
    app.loader.import_default_modules()

    assert SENT_BY_0_1_0 - set(app.tasks) == set()


# ---- tests of the comparison


@pytest.fixture
def small():
    """Return the contents of a database of two tables."""
    snapshot = '{"number":"R1"}'
    sha256 = hashlib.sha256(snapshot.encode()).hexdigest()
    return Contents(
        tables={
            "django_content_type": [
                {"id": 1, "app_label": "evaluation", "model": "report"},
                {"id": 2, "app_label": "evaluation", "model": "historicalreport"},
            ],
            "auth_permission": [{"id": 7, "content_type_id": 1, "codename": "view_report", "name": "Can view report"}],
            "cities_city": [{"id": 3, "name": "Lublin"}],
            "evaluation_report": [{"id": 5, "city_id": 3, "snapshot": snapshot, "sha256": sha256}],
        },
        triggers={"epi_evaluation_report_frozen_upd": "evaluation_report"},
        constraints={
            "evaluation_report": {
                "pk": Constraint("primary_key", ("id",), ()),
                "city": Constraint("foreign_key", ("city_id",), ("cities_city", "id")),
            }
        },
    )


def _without_row(contents):
    contents.tables["evaluation_report"].clear()


def _with_row(contents):
    contents.tables["evaluation_report"].append({"id": 6, "city_id": 3, "snapshot": "", "sha256": ""})


def _with_value(contents):
    contents.tables["cities_city"][0]["name"] = "Riga"


def _without_column(contents):
    del contents.tables["cities_city"][0]["name"]


def _without_table(contents):
    del contents.tables["cities_city"]


def _without_trigger(contents):
    contents.triggers.clear()


def _with_trigger_elsewhere(contents):
    contents.triggers["epi_evaluation_report_frozen_upd"] = "cities_city"


def _without_key(contents):
    del contents.constraints["evaluation_report"]["city"]


def _with_moved_permission(contents):
    contents.tables["auth_permission"][0]["content_type_id"] = 2


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (_without_row, "evaluation_report: 1 rows are missing or changed, 0 are new. First missing row: {'id': 5"),
        (_with_row, "evaluation_report: 0 rows are missing or changed, 1 are new. First new row: {'id': 6"),
        (_with_value, "cities_city: 1 rows are missing or changed, 1 are new. Row 3: name 'Lublin' -> 'Riga'"),
        (_without_column, "cities_city: columns are gone: name."),
        (_without_table, "cities_city: the table is gone (1 rows)."),
        (_without_trigger, "Trigger epi_evaluation_report_frozen_upd is gone from evaluation_report."),
        (_with_trigger_elsewhere, "Trigger epi_evaluation_report_frozen_upd is on cities_city, not evaluation_report."),
        (_without_key, "evaluation_report: foreign_key city over city_id is gone."),
        (_with_moved_permission, "auth_permission: 1 rows are missing or changed, 1 are new. Row 7: content_type_id"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_comparison_reports_difference(small, damage, sentence):
    after = copy.deepcopy(small)
    damage(after)

    [found] = reading.differences(small, after)

    assert found.startswith(sentence)


def test_comparison_reports_content_type_under_old_label(small):
    after = copy.deepcopy(small)
    after.tables["django_content_type"][0]["app_label"] = "reports"
    after.tables["django_content_type"][1]["app_label"] = "reports"
    after.tables["django_content_type"].append({"id": 9, "app_label": "evaluation", "model": "report"})

    found = reading.differences(small, after, Declared(models={"evaluation.report": "reports.report"}))

    assert found == ["django_content_type: evaluation.report is there although it moved."]


def test_comparison_reports_wrong_hash(small):
    small.tables["evaluation_report"][0]["snapshot"] += " "

    assert reading.broken_hashes(small) == (1, ["evaluation_report 5"])


def test_comparison_accepts_declared_changes(small):
    after = copy.deepcopy(small)
    after.tables["town"] = [{"id": 3, "title": "LUBLIN", "new": 1}]
    del after.tables["cities_city"]
    after.constraints["evaluation_report"]["city"] = Constraint("foreign_key", ("city_id",), ("town", "id"))
    for row, model in zip(after.tables["django_content_type"], ("document", "historicaldocument"), strict=True):
        row |= {"app_label": "reports", "model": model}
    after.tables["auth_permission"][0] |= {"codename": "view_document", "name": "Can view document"}

    found = reading.differences(
        small,
        after,
        Declared(
            tables={"cities_city": "town"},
            columns={"cities_city": {"name": "title"}},
            values={("cities_city", "name"): str.upper},
            models={"evaluation.report": "reports.document"},
        ),
    )

    assert found == []
