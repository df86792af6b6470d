"""Test that other users of the machine can read nothing of the data folder."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from core import private_files


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def open_to_others(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in (folder, *folder.rglob("*")) if mode(path) & 0o077]


@pytest.fixture
def _usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_usual_umask")
@pytest.mark.waits
def test_new_data_folder_is_private(tmp_path):
    run_site(tmp_path / "data")

    assert open_to_others(tmp_path / "data") == []
    assert (tmp_path / "data" / "db.sqlite3").exists()
    assert (tmp_path / "data" / "db.sqlite3-wal").exists()
    assert list((tmp_path / "data" / "mails").iterdir())


@pytest.mark.usefixtures("_usual_umask")
@pytest.mark.waits
def test_existing_data_folder_is_tightened(tmp_path):
    folder = tmp_path / "data"
    for name in ("mails", "files/ab"):
        (folder / name).mkdir(parents=True)
    for name in ("db.sqlite3", "db.sqlite3-wal", "secret-key"):
        (folder / name).write_text("x" * 60 if name == "secret-key" else "")

    run_site(folder)

    assert mode(folder) == 0o700
    for name in ("mails", "db.sqlite3", "db.sqlite3-wal", "secret-key"):
        assert mode(folder / name) & 0o077 == 0, name


PROGRAM = """
import os
import django
django.setup()
from django.core.mail import send_mail
from django.db import connection
from epi_site.celery import refuse_unfit_start, app
refuse_unfit_start()
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS x (y)")
    send_mail("s", "b", None, ["a@town.example"])
    app.send_task("accounts.tasks.requeue_mails", expires=60)
    os._exit(0)  # a normal end would remove the -wal file
"""


def run_site(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment |= {"EPI_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "epi_site.settings.local"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.usefixtures("_usual_umask")
def test_stored_files_are_private(own_storage):
    default_storage.save("ab/evidence", ContentFile(b"x"))

    assert open_to_others(own_storage) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_usual_umask", "own_storage")
def test_backup_is_private(tmp_path):
    call_command("backup", tmp_path / "backups" / "one", plain=True, verbosity=0, stdout=StringIO())

    assert open_to_others(tmp_path / "backups") == []


def test_folder_of_somebody_else_is_reported(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o755)

    (warning,) = private_files.check_data_folder()

    assert warning.id == "epi.W001"
    tmp_path.chmod(0o700)
    assert private_files.check_data_folder() == []
