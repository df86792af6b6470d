"""Every environment variable is documented, and the error for a wrong value says what to set."""

import ast
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from epi_site.settings import env
from tests.project.first_party import python_files

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = {"env_bool", "env_int", "env_list", "env_secret", "os.environ.get", "os.environ.setdefault", "os.getenv"}
NOT_OURS = {"MAKELEVEL", "PYTEST_XDIST_WORKER"}  # set by make and by pytest-xdist, never by people


def read_in(source):
    """Yield the names of the environment variables that the code reads."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=name), *_]) if ast.unparse(called) in READERS:
                yield name
            case ast.Subscript(value=read, slice=ast.Constant(value=name)) if ast.unparse(read) == "os.environ":
                yield name
            case ast.Compare(left=ast.Constant(value=name), comparators=[read]) if ast.unparse(read) == "os.environ":
                yield name


def variables():
    return {name for file in python_files() for name in read_in(file.read_text())} - NOT_OURS


def documented():
    return set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))


def test_read_in_finds_every_kind_of_read():
    source = 'env_int("A", 1); os.environ.get("B"); os.environ["C"]; "D" in os.environ; env_secret("E"); print("F")'

    assert set(read_in(source)) == {"A", "B", "C", "D", "E"}


@pytest.mark.slow
def test_documented_variables_are_those_of_code():
    assert documented() == variables()


def test_every_secret_is_marked_in_docs():
    code = "".join(file.read_text() for file in ROOT.glob("epi_site/settings/*.py"))
    marked = re.findall(r"^\| `([A-Z_]+)` \|.*\*Secret\.\*", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)

    assert set(marked) == set(re.findall(r'env_secret\("(\w+)"', code))


@pytest.mark.parametrize("value, expected", [("1", True), ("Yes", True), (" on ", True), ("0", False), ("", False)])
def test_env_bool_values(monkeypatch, value, expected):
    monkeypatch.setenv("EPI_X", value)

    assert env.env_bool("EPI_X", default=not expected) is expected


def test_env_bool_default(monkeypatch):
    monkeypatch.delenv("EPI_X", raising=False)

    assert env.env_bool("EPI_X", default=True) is True


def test_env_list_drops_spaces_and_empty_items(monkeypatch):
    monkeypatch.setenv("EPI_X", " a, ,b,")

    assert env.env_list("EPI_X") == ["a", "b"]


def test_env_secret_prefers_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("EPI_X_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("EPI_X", "other")

    assert env.env_secret("EPI_X") == "hush"


def test_env_int_value_and_default(monkeypatch):
    monkeypatch.setenv("EPI_X", "7")

    assert (env.env_int("EPI_X", 1), env.env_int("EPI_Y", 1)) == (7, 1)


@pytest.mark.parametrize(
    "read, value, told",
    [
        (lambda: env.env_bool("EPI_X"), "perhaps", "EPI_X is 'perhaps'. Set it to 1 or 0."),
        (lambda: env.env_int("EPI_X", 1, least=2), "1", "Set it to a whole number of at least 2."),
        (lambda: env.env_int("EPI_X", 1), "many", "EPI_X is 'many'. Set it to a whole number of at least 0."),
        (lambda: env.env_secret("EPI_X"), None, "Set EPI_X, or EPI_X_FILE to a file that contains it."),
    ],
)
def test_invalid_variable_error_says_what_to_set(monkeypatch, read, value, told):
    monkeypatch.delenv("EPI_X", raising=False)
    if value is not None:
        monkeypatch.setenv("EPI_X", value)

    with pytest.raises(ImproperlyConfigured, match=re.escape(told)):
        read()


def test_missing_secret_file_is_reported(monkeypatch):
    monkeypatch.setenv("EPI_X_FILE", "/nowhere/secret")

    with pytest.raises(ImproperlyConfigured, match="EPI_X_FILE names /nowhere/secret, which cannot be read"):
        env.env_secret("EPI_X")


# ---- production, in a separate process: settings are read once

GOOD = {
    "DJANGO_SETTINGS_MODULE": "epi_site.settings.production",
    "SECRET_KEY": "k9Vb3xQ7mZ1rT5wY8pL2sD6fG0hJ4nC9aE3uI7oK1vB5xM8zR2t",
    "EPI_ALLOWED_HOSTS": "epi.example",
    "EPI_SITE_URL": "https://epi.example",
}


def production(tmp_path, program, **changes):
    """Run a program under production settings with some variables changed (None: not set)."""
    database = f"sqlite:///{tmp_path}/db.sqlite3"
    wanted = {**GOOD, "EPI_DATA_DIR": str(tmp_path), "DATABASE_URL": database, **changes}
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment = kept | {name: value for name, value in wanted.items() if value is not None}
    command = [sys.executable, *program]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.waits
@pytest.mark.parametrize(
    "changes, told",
    [
        ({"SECRET_KEY": None}, "Set SECRET_KEY, or SECRET_KEY_FILE to a file that contains it."),
        ({"SECRET_KEY": "short"}, "Set it to at least 50 random characters."),
        ({"SECRET_KEY": "change-me" * 10}, "Set it to at least 50 random characters."),
        ({"EPI_ALLOWED_HOSTS": None}, "Set EPI_ALLOWED_HOSTS"),
        ({"EPI_ALLOWED_HOSTS": "*"}, "Set EPI_ALLOWED_HOSTS"),
        (
            {"EPI_SITE_URL": "http://epi.example"},
            "Set EPI_SITE_URL to the address of the site, beginning with https://",
        ),
        ({"DATABASE_URL": None}, "Set DATABASE_URL to the database of the site"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must look like postgres://user:password@host:5432/name"),
        ({"EPI_LANGUAGE": "xx"}, "EPI_LANGUAGE is 'xx'. Set it to one of: en, sv."),
    ],
)
def test_production_refuses_unsafe_variable(tmp_path, changes, told):
    ended = production(tmp_path, ["-c", "from django.conf import settings; settings.DEBUG"], **changes)

    assert ended.returncode != 0
    assert told in ended.stderr.splitlines()[-1]


@pytest.mark.waits
def test_production_settings_pass_deployment_checks(tmp_path):
    ended = production(tmp_path, ["manage.py", "check", "--deploy", "--fail-level", "WARNING"])

    assert (ended.returncode, ended.stdout) == (0, "System check identified no issues (0 silenced).\n"), ended.stderr


# ---- production refuses to start with demo accounts, whose password is public


@pytest.fixture(scope="module")
def migrated(migrated_folder, tmp_path_factory):
    return shutil.copytree(migrated_folder, tmp_path_factory.mktemp("production"), dirs_exist_ok=True)


@pytest.fixture
def with_demo_account(migrated):
    with sqlite3.connect(migrated / "db.sqlite3") as database:
        columns = {row[1]: "" for row in database.execute("PRAGMA table_info(accounts_user)")}
        row = columns | {"email": "rater1@demo.example", "id": 1, "is_active": 1, "is_superuser": 0, "is_staff": 0}
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO accounts_user ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    yield migrated
    with sqlite3.connect(migrated / "db.sqlite3") as database:
        database.execute("DELETE FROM accounts_user")


@pytest.mark.waits
@pytest.mark.parametrize(
    "program",
    [
        ["-c", "import epi_site.wsgi"],
        ["-m", "celery", "-A", "epi_site", "worker", "--concurrency", "1"],
        ["-m", "celery", "-A", "epi_site", "beat", "--pidfile", ""],
    ],
    ids=["web", "worker", "beat"],
)
def test_production_with_demo_account_does_not_start(with_demo_account, program):
    ended = production(with_demo_account, program)

    assert ended.returncode == 1
    assert "Not started: 1 accounts end in @demo.example, and their password is public." in ended.stderr


@pytest.mark.waits
def test_web_server_without_migrations_does_not_start(tmp_path):
    ended = production(tmp_path, ["-c", "import epi_site.wsgi"])

    assert ended.returncode == 1
    assert "run “manage.py migrate” first" in ended.stderr


@pytest.mark.waits
def test_web_server_with_the_data_folder_of_another_database_does_not_start(migrated, tmp_path):
    other = shutil.copy(migrated / "db.sqlite3", tmp_path / "other.sqlite3")
    with sqlite3.connect(other) as database:
        database.execute("UPDATE core_installationid SET value = ?", [uuid.uuid4().hex])
    (migrated / "files" / "evidence").write_text("of the right database")

    ended = production(migrated, ["-c", "import epi_site.wsgi"], DATABASE_URL=f"sqlite:///{other}")
    (migrated / "files" / "evidence").unlink()

    assert ended.returncode == 1
    assert "belong to different installations. Set DATABASE_URL and EPI_DATA_DIR" in ended.stderr


@pytest.mark.waits
def test_web_server_without_demo_account_starts(migrated):
    ended = production(migrated, ["-c", "import epi_site.wsgi"])

    assert (ended.returncode, "Not started" in ended.stderr) == (0, False)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite compiles no queries.")
def test_postgresql_jit_is_off():
    """Check that JIT is off: visibility queries take longer to compile than to run."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


@pytest.mark.waits
def test_options_of_database_url_are_kept(tmp_path):
    address = "postgres://a:b@localhost/c?options=-c%20statement_timeout%3D9"
    program = ["-c", "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"]

    ended = production(tmp_path, program, DATABASE_URL=address)

    assert "'-c statement_timeout=9 -c jit=off'" in ended.stdout


def test_old_variable_name_is_read_with_warning(monkeypatch):
    monkeypatch.setenv("EPI_OLD", "7")

    with pytest.warns(FutureWarning, match="EPI_OLD is now named EPI_NEW"):
        value = env.env_int("EPI_NEW", 60, old_name="EPI_OLD")

    assert value == 7


def test_new_variable_name_wins_without_warning(monkeypatch):
    monkeypatch.setenv("EPI_OLD", "7")
    monkeypatch.setenv("EPI_NEW", "8")

    assert env.env_int("EPI_NEW", 60, old_name="EPI_OLD") == 8
