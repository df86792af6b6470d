"""Test that stored files are moved to quarantine, not deleted, and only while the database is the right one."""

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from cities.services.files import FOLDERS
from core import clock, installation, quarantine
from tests.factories import StoredFileFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


def make_old(path: str) -> str:
    """Date the file two days back and return its path."""
    two_days_ago = clock.now().timestamp() - 2 * 86_400
    os.utime(default_storage.path(path), (two_days_ago, two_days_ago))
    return path


def store(name: str, *, known: bool = False) -> str:
    path = make_old(default_storage.save(name, ContentFile(b"evidence")))
    if known:
        StoredFileFactory(path=path)
    return path


def sweep() -> int:
    return sum(quarantine.quarantine_unknown(f"{number:02x}") for number in range(FOLDERS))


def test_unknown_files_are_moved_after_a_day(caplog):
    known, old = store("ab/known", known=True), store("ab/old")
    young = default_storage.save("ab/young", ContentFile(b"just uploaded"))

    assert sweep() == 1
    assert sweep() == 0

    assert [default_storage.exists(path) for path in (known, old, young)] == [True, False, True]
    (moved,) = quarantine.files()
    assert moved == quarantine.root() / clock.now().date().isoformat() / "ab" / "old"
    assert moved.read_bytes() == b"evidence"
    assert f"moved to quarantine: {old}" in caplog.text


def test_no_file_is_moved_for_another_database(caplog):
    paths = [store(f"{number:02x}/file") for number in range(2)]
    installation.id_file().write_text("00000000-0000-4000-8000-000000000000")

    assert sweep() == 0

    assert all(default_storage.exists(path) for path in paths)
    assert "belong to different installations" in caplog.text


@pytest.mark.parametrize("known", [0, 100])
def test_no_file_is_moved_while_many_are_unknown(caplog, known):
    """An old copy of the database has the right id. 64 of 64 files are too many, and 21 of 121 are, too."""
    for number in range(known):
        store(f"ff/known-{number}", known=True)
    paths = [store(f"{number:02x}/file") for number in range(21 if known else 64)]

    assert sweep() == 0

    assert all(default_storage.exists(path) for path in paths)
    assert f"{len(paths)} of {len(paths) + known} stored files are unknown to this database" in caplog.text


def test_verify_reports_many_unknown_files():
    for number in range(3):
        store(f"ab/file-{number}")
    out = StringIO()

    with pytest.raises(CommandError, match="Differences found: 1"):
        call_command("verify", stdout=out)

    assert "3 of 3 stored files are unknown to this database" in out.getvalue()
    assert "ab/file-0: no row knows this file" in out.getvalue()


def test_verify_lists_files_in_quarantine():
    quarantine.move(store("ab/file"))
    out = StringIO()

    call_command("verify", stdout=out)

    assert f"{clock.now().date().isoformat()}/ab/file: in quarantine" in out.getvalue()


def test_file_that_a_row_names_again_is_put_back():
    path, other = store("ab/file"), store("ab/other")
    quarantine.move(path)
    quarantine.move(other)
    StoredFileFactory(path=path)

    assert quarantine.put_back_known() == 1

    assert Path(default_storage.path(path)).read_bytes() == b"evidence"
    assert [file.name for file in quarantine.files()] == ["other"]


def test_quarantine_is_emptied_after_the_days_of_the_setting(settings):
    settings.QUARANTINE_DAYS = 30
    old, young, known = store("ab/old"), store("ab/young"), store("ab/known")
    with clock.at(clock.now() - timedelta(days=31)):
        quarantine.move(old)
        quarantine.move(known)
    quarantine.move(young)
    StoredFileFactory(path=known)

    assert quarantine.delete_old() == 1

    assert {file.name for file in quarantine.files()} == {"young", "known"}


def test_quarantine_of_another_database_is_not_emptied():
    path = store("ab/old")
    with clock.at(clock.now() - timedelta(days=999)):
        quarantine.move(path)
    installation.id_file().write_text("00000000-0000-4000-8000-000000000000")

    assert (quarantine.delete_old(), quarantine.put_back_known()) == (0, 0)

    assert len(list(quarantine.files())) == 1


def test_quarantine_is_for_the_owner_only():
    quarantine.move(store("ab/file"))

    folders = [folder for folder in (quarantine.root(), *quarantine.root().rglob("*")) if folder.is_dir()]
    assert {Path(folder).stat().st_mode & 0o777 for folder in folders} == {0o700}
