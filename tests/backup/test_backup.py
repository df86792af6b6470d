"""Test ``manage.py backup``: complete or absent, encrypted or plain, and consistent during writes."""

import json
import stat
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pyrage
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from cities.models import Organisation, StoredFile, Theme
from core.backup import writing
from core.backup.limits import refused_values
from core.backup.rows import Json, columns_of
from strategies.models import CityPeriod, PeriodTransition

from .copies import overwrite_file, working_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
KEY = pyrage.x25519.Identity.generate()


def _backup(folder: Path, **options) -> str:
    out = StringIO()
    call_command("backup", folder, stdout=out, **({"plain": True} | options))
    return out.getvalue()


@pytest.mark.parametrize("options", [{"plain": False}, {"plain": True, "recipient": [str(KEY.to_public())]}])
def test_backup_needs_either_plain_or_recipient(tmp_path, options):
    with pytest.raises(CommandError, match="--recipient age1"):
        _backup(tmp_path / "backup", **options)

    assert list(tmp_path.iterdir()) == []


def test_invalid_public_key_is_refused(tmp_path):
    with pytest.raises(CommandError, match="'age1nobody' is not an age public key"):
        _backup(tmp_path / "backup", plain=False, recipient=["age1nobody"])


def test_manifest_lists_every_file(backup):
    manifest = json.loads((backup / "manifest.json").read_text())
    listed = {row["entry"]["file"] for row in manifest["tables"] + manifest["files"]}
    stored = {str(file.relative_to(backup)) for file in backup.rglob("*") if file.is_file()}

    assert listed | {"manifest.json"} == stored
    assert "django_session" in manifest["not_carried"]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700


def test_encrypted_backup_has_no_plain_text(original, tmp_path):
    with working_in(original):
        _backup(tmp_path / "backup", plain=False, recipient=[str(KEY.to_public())])
    files = [file for file in (tmp_path / "backup").rglob("*") if file.is_file() and file.name != "manifest.json"]

    assert files
    assert all(file.suffix == ".age" and b"Link\xc3\xb6ping" not in file.read_bytes() for file in files)


def test_target_folder_with_files_is_refused(original, tmp_path):
    (tmp_path / "old").write_text("another backup")

    with working_in(original), pytest.raises(CommandError, match="is not empty"):
        _backup(tmp_path)


def test_interrupted_backup_leaves_no_files(original, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "write_manifest", interrupt)
    with working_in(original), pytest.raises(KeyboardInterrupt):
        _backup(tmp_path / "backup")

    assert list(tmp_path.iterdir()) == []


@contextmanager
def _during_backup(monkeypatch, callback):
    """Call ``callback`` as soon as the database snapshot is taken."""
    snapshot = writing.database_snapshot

    @contextmanager
    def snapshot_and_callback():
        with snapshot() as using:
            callback()
            yield using

    monkeypatch.setattr(writing, "database_snapshot", snapshot_and_callback)
    yield


def test_file_deleted_during_backup_is_in_backup(changeable, tmp_path, monkeypatch):
    with working_in(changeable):
        pending = StoredFile.objects.filter(state="pending").first()

        def delete_pending():
            StoredFile.objects.filter(pk=pending.pk)._raw_delete("default")
            default_storage.delete(pending.path)

        with _during_backup(monkeypatch, delete_pending):
            _backup(tmp_path / "backup")
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())

    assert pending.path in {stored["path"] for stored in manifest["files"]}
    assert manifest["missing_files"] == []


def test_row_written_during_backup_is_not_in_backup(changeable, tmp_path, monkeypatch):
    def write():
        Theme.objects.create(code="meanwhile", name="Meanwhile")

    with working_in(changeable), _during_backup(monkeypatch, write):
        _backup(tmp_path / "backup")

    assert "meanwhile" not in (tmp_path / "backup" / "tables" / "cities_theme.jsonl").read_text()


def test_missing_and_changed_files_are_reported(original, copies, tmp_path):
    with working_in(copies.with_files_of(original)):
        missing, other = StoredFile.objects.order_by("pk")[:2]
        default_storage.delete(missing.path)
        overwrite_file(other.path)

        with pytest.raises(CommandError, match="The backup is written") as error:
            _backup(tmp_path / "backup")

    assert error.value.returncode == 2
    assert f"stored file {missing.path}: cannot be read" in str(error.value)
    assert f"stored file {other.path}: does not match its SHA-256" in str(error.value)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses such a text itself.")
def test_text_invalid_in_postgresql_is_reported(changeable, tmp_path):
    with working_in(changeable):
        long = Organisation.objects.create(name="x", kind="ngo")
        Organisation.objects.filter(pk=long.pk).update(name="x" * 250)  # past the check of every save
        Organisation.objects.create(name="with a \x00", kind="ngo")
        output = _backup(tmp_path / "backup")

    assert f"cities.organisation {long.pk}, name: 250 characters, and its column takes 200" in output
    assert "name: a NUL character" in output


def test_numbers_and_json_invalid_in_postgresql_are_reported():
    def refused(model, **values):
        row = [values.get(field.name) for field in columns_of(model)]
        return list(refused_values(model, row))

    assert "2147483648" in refused(CityPeriod, revision=2**31)[0]
    assert refused(CityPeriod, revision=2**31 - 1) == []
    assert "a NUL character" in refused(PeriodTransition, marks=Json([{"text": "\x00"}]))[0]
    assert refused(PeriodTransition, marks=Json([{"text": "\\u0000"}])) == []
