"""Test that database and data folder have one id, and what happens if they do not."""

import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from core import installation
from core.models import InstallationId
from epi_site import checks
from epi_site.run import prepare
from tests.factories import StoredFileFactory

from .test_quarantine import make_old

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
OTHER = "00000000-0000-4000-8000-000000000000"


def store(count: int) -> None:
    for number in range(count):
        make_old(default_storage.save(f"ab/{number}", ContentFile(b"evidence")))


def move_to_another_database() -> None:
    """Leave the folder as it is, with the database of somebody who forgot DATABASE_URL and ran ``migrate``."""
    InstallationId.objects.all().delete()


def test_database_and_folder_get_the_same_id():
    assert installation.problem() == ""
    assert installation.id_of_folder() == InstallationId.objects.get().value


@pytest.mark.slow
def test_migrate_binds_an_empty_folder(settings, tmp_path):
    installation.id_file().unlink()
    assert "have no common installation id" in installation.problem()

    call_command("migrate", verbosity=0)

    assert installation.problem() == ""


@pytest.mark.slow
def test_another_database_is_not_bound_to_a_folder_with_files():
    store(3)
    before = installation.id_of_folder()
    move_to_another_database()

    call_command("migrate", verbosity=0)

    assert "belong to different installations" in installation.problem()
    assert installation.id_of_folder() == before


def test_new_id_is_given_where_the_database_knows_the_files():
    """As with an older dump that has no id yet, or after the id file was deleted on purpose."""
    StoredFileFactory(path=default_storage.save("ab/known", ContentFile(b"evidence")))
    move_to_another_database()

    installation.bind()

    assert installation.problem() == ""


@pytest.mark.parametrize("text", [OTHER, "nonsense", ""])
def test_other_id_is_reported_with_what_to_do(text):
    store(1)
    installation.id_file().write_text(text)

    assert "DATABASE_URL and EPI_DATA_DIR" in installation.problem()
    (error,) = installation.check_bound(None, ["default"])
    assert error.id == "epi.E003"


def test_check_says_nothing_without_databases():
    installation.id_file().unlink()

    assert installation.check_bound(None, None) == []


def test_production_does_not_start_with_the_folder_of_another_database(settings):
    installation.id_file().write_text(OTHER)
    settings.DEMO_ALLOWED = False

    with pytest.raises(SystemExit, match="Not started: The database and the folder of files"):
        checks.refuse_other_data_folder()


@pytest.mark.slow
def test_demo_is_not_loaded_into_the_folder_of_another_database(monkeypatch):
    """Its loading may be interrupted, and the next start deletes all files of a demo that was not loaded completely."""
    store(3)
    move_to_another_database()
    monkeypatch.setattr(prepare, "is_collected", lambda: True)
    monkeypatch.setattr(prepare, "load_demo", lambda: pytest.fail("The demo was loaded."))

    with pytest.raises(SystemExit, match="belong to different installations"):
        prepare.prepare()

    assert not (Path(default_storage.path("")).parent / prepare.LOADING_MARKER).exists()


def test_backup_of_another_database_is_refused(tmp_path):
    """Old backups are deleted after 30 days: with those of a wrong database, none of the right one would be left."""
    installation.id_file().write_text(OTHER)

    with pytest.raises(CommandError, match="belong to different installations"):
        call_command("backup", tmp_path / "backup", plain=True, stdout=StringIO())


def test_verify_reports_another_database():
    installation.id_file().write_text(str(uuid.uuid4()))
    out = StringIO()

    with pytest.raises(CommandError, match="Differences found: 1"):
        call_command("verify", stdout=out)

    assert "belong to different installations" in out.getvalue()
