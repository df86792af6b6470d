"""Stored files: limits of uploads, full disks, use, withdrawal and deletion, and columns that never change."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils.datastructures import MultiValueDict

from cities.enums import FileState
from cities.exceptions import FileRefused
from cities.models import StoredFile
from cities.services import files
from cities.services.file_inspection import InspectedFile
from cities.tasks import delete_pending_files, quarantine_unknown_files
from core import clock, form_inputs, installation, quarantine, uploads
from tests.factories import EventFactory, FormInputFactory, StoredFileFactory, UserFactory

from .pictures import PDF, upload


@pytest.mark.django_db
def test_too_large_file_is_refused(settings):
    settings.UPLOAD_MAX_BYTES = 1024 * 1024

    with pytest.raises(FileRefused, match="larger than 1 MB"):
        files.store_upload(upload(b"a" * (1024 * 1024 + 1)), by=UserFactory())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name,kept",
    [
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\photos\\Sommar 2026.TXT", "Sommar 2026.TXT"),
        ("notes.md", "notes.md"),
        ("photo.jpg", "photo.txt"),
        ("evil\u202egpj.exe", "evilgpj.exe.txt"),
        ("a\nb\x00c.txt", "abc.txt"),
        ("", "file.txt"),
        ("x" * 400 + ".txt", "x" * 150 + ".txt"),
        ("page.html", "page.html.txt"),
    ],
)
def test_display_name_is_sanitised(name, kept):
    assert files._display_name(name, "txt") == kept


@pytest.mark.parametrize(
    "name,kept", [("IMG_1.HEIC", "IMG_1.jpg"), ("IMG_1.JPEG", "IMG_1.JPEG"), ("a.Jpg", "a.Jpg"), ("a.b", "a.b.jpg")]
)
def test_display_name_of_a_picture_keeps_a_suffix_of_its_type(name, kept):
    assert files._display_name(name, "jpg") == kept


@pytest.mark.django_db
def test_uploads_of_a_request_are_stored_refused_and_renamed():
    given = [upload(b"text", "a.txt"), upload(b"", "b.txt"), upload(PDF, "c.docx"), upload(b"text", "d.txt")]

    done = files.store_uploads(given, by=UserFactory(), most=3)

    assert [stored.name for stored in done.stored] == ["a.txt", "c.pdf"]
    assert [sentence.partition(":")[0] for sentence in done.refused] == ["b.txt", "d.txt"]
    assert "too many files at once" in done.refused[1]
    assert done.renamed == ["“c.docx” has been saved as “c.pdf” to match its content."]


@pytest.mark.django_db
def test_uploads_after_too_much_time_are_refused(monkeypatch):
    monkeypatch.setattr(files, "REQUEST_SECONDS", -1)

    done = files.store_uploads([upload(b"text", "a.txt")], by=UserFactory(), most=3)

    assert done.stored == []
    assert "took too long" in done.refused[0]


@pytest.mark.django_db
def test_limits_of_a_request_hold_for_all_fields_of_a_form_and_when_the_view_asks_again(monkeypatch):
    inspected = []
    monkeypatch.setattr(
        files,
        "_inspect",
        lambda given: (inspected.append(given.name), InspectedFile(given.read(), "text/plain", "txt"))[1],
    )
    monkeypatch.setattr(uploads, "MAX_FILES", 2)
    user = UserFactory()
    posted = MultiValueDict({field: [upload(b"text", f"{field}{n}.txt") for n in range(2)] for field in "ab"})

    kept, said = uploads.store(posted, by=user)
    again = files.store_uploads(posted.getlist("b"), by=user, most=3)

    assert [(file.field, file.name) for file in kept] == [("a", "a0.txt"), ("a", "a1.txt")]
    assert [sentence.partition(":")[0] for sentence in said] == ["b0.txt", "b1.txt"]
    assert (again.stored, again.refused) == ([], said)
    assert inspected == ["a0.txt", "a1.txt"]
    for _again in range(2):  # stored for the form, and more than its field takes
        done = files.store_uploads(posted.getlist("a"), by=user, most=1)
        assert [file.name for file in done.stored] == ["a0.txt"]
        assert [sentence.partition(":")[0] for sentence in done.refused] == ["a1.txt"]


@pytest.mark.django_db
def test_too_many_pending_files_are_refused(monkeypatch):
    user = UserFactory()
    monkeypatch.setattr(files, "PENDING_FILES", 2)
    StoredFileFactory.create_batch(2, uploaded_by=user)

    with pytest.raises(FileRefused, match="You have too many unsaved files"):
        files.store_upload(upload(b"text"), by=user)
    assert files.store_upload(upload(b"text"), by=UserFactory()).pk


@pytest.mark.django_db
def test_pending_files_of_everybody_are_limited(monkeypatch, settings):
    monkeypatch.setattr(files, "PENDING_UPLOADS_IN_ALL", 1)
    StoredFileFactory(size=settings.UPLOAD_MAX_BYTES)

    with pytest.raises(FileRefused, match="There are too many unsaved files on this site"):
        files.store_upload(upload(b"text"), by=UserFactory())


@pytest.mark.django_db
def test_too_many_files_in_an_hour_are_refused(monkeypatch):
    user = UserFactory()
    monkeypatch.setattr(files, "HOURLY_FILES", 1)
    StoredFileFactory(uploaded_by=user, state=FileState.USED)

    with pytest.raises(FileRefused, match="in the last hour"):
        files.store_upload(upload(b"text"), by=user)


@pytest.mark.django_db
def test_upload_to_full_disk_is_refused_without_row(monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)

    with pytest.raises(FileRefused, match="server is full"):
        files.store_upload(upload(b"text"), by=UserFactory())

    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_partly_written_file_is_deleted_when_disk_is_full(monkeypatch):
    seen = []

    class PartlyWrittenFile(ContentFile):
        def chunks(self, chunk_size=None):
            yield b"te"
            seen.append(_stored_file_count())
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "ContentFile", PartlyWrittenFile)
    before = _stored_file_count()

    with pytest.raises(FileRefused, match="server is full"):
        files.store_upload(upload(b"text"), by=UserFactory())

    assert seen == [before + 1]
    assert _stored_file_count() == before


def _stored_file_count():
    return sum(1 for path in Path(default_storage.location).rglob("*") if path.is_file())


@pytest.mark.django_db
def test_upload_is_refused_when_storage_cannot_save_or_delete(monkeypatch):
    def fail(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(default_storage, "save", fail)
    monkeypatch.setattr(default_storage, "delete", fail)

    with pytest.raises(FileRefused, match="because of a server error"):
        files.store_upload(upload(b"text"), by=UserFactory())


@pytest.mark.django_db
def test_file_is_deleted_when_row_cannot_be_created(monkeypatch):
    def broken(**fields):
        raise RuntimeError

    before = _stored_file_count()
    monkeypatch.setattr(StoredFile.objects, "create", broken)

    with pytest.raises(RuntimeError):
        files.store_upload(upload(b"text"), by=UserFactory())

    assert _stored_file_count() == before


# ---- using, withdrawing, deleting


@pytest.mark.django_db
def test_withdrawn_file_cannot_be_used_again():
    stored = files.store_upload(upload(b"text"), by=UserFactory())

    files.mark_file_used(stored)
    files.withdraw_file(stored)

    stored.refresh_from_db()
    assert stored.state == FileState.WITHDRAWN
    with pytest.raises(FileRefused, match="has been removed"):
        files.mark_file_used(stored)


@pytest.mark.django_db
def test_pending_files_are_deleted_after_a_week(own_storage):
    user = UserFactory()
    with clock.at(clock.now() - timedelta(days=8)):
        old = files.store_upload(upload(b"old"), by=user)
        used = files.mark_file_used(files.store_upload(upload(b"used"), by=user))
    young = files.store_upload(upload(b"young"), by=user)

    delete_pending_files()
    delete_pending_files()

    assert set(StoredFile.objects.all()) == {used, young}
    assert not default_storage.exists(old.path)
    assert [file.name for file in quarantine.files()] == [Path(old.path).name]
    assert default_storage.exists(used.path)


@pytest.mark.django_db
def test_pending_file_stays_as_long_as_the_draft_that_has_it(own_storage):
    user = UserFactory()
    with clock.at(clock.now() - timedelta(days=40)):
        stored = [files.store_upload(upload(b"old"), by=user) for _state in ("draft", "held", "sent")]
    for file, state in zip(stored, ("draft", "held", "sent"), strict=True):
        FormInputFactory(user=user, state=state, files=[("files", str(file.uuid), file.name, file.sha256)])

    delete_pending_files()
    assert set(StoredFile.objects.all()) == set(stored[:2])

    with clock.at(clock.now() + form_inputs.HELD_MAX_AGE + timedelta(days=1)):
        form_inputs.delete_old()
        delete_pending_files()
        assert set(StoredFile.objects.all()) == {stored[0]}
    with clock.at(clock.now() + form_inputs.DRAFT_MAX_AGE + timedelta(days=1)):
        form_inputs.delete_old()
        delete_pending_files()
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_pending_files_stay_while_the_data_folder_is_of_another_database(own_storage):
    with clock.at(clock.now() - timedelta(days=8)):
        old = files.store_upload(upload(b"old"), by=UserFactory())
    installation.id_file().write_text("00000000-0000-4000-8000-000000000000")

    delete_pending_files()

    assert set(StoredFile.objects.all()) == {old}
    assert default_storage.exists(old.path)


@pytest.mark.django_db
def test_file_used_meanwhile_is_not_deleted():
    stored = files.store_upload(upload(b"text"), by=UserFactory())
    files.mark_file_used(StoredFile.objects.get(pk=stored.pk))

    assert files.delete_pending(stored) is False
    assert default_storage.exists(stored.path)


@pytest.mark.django_db
def test_protected_file_does_not_stop_deletion_of_others(own_storage):
    user = UserFactory()
    with clock.at(clock.now() - timedelta(days=8)):
        kept, deleted = (files.store_upload(upload(b"old"), by=user) for _n in range(2))
    EventFactory(minutes_file=kept)

    with pytest.raises(ProtectedError):
        files.delete_old_pending()

    assert set(StoredFile.objects.all()) == {kept}
    assert not default_storage.exists(deleted.path)


@pytest.mark.django_db
def test_each_periodic_run_checks_one_folder_until_all_are_checked(monkeypatch, settings, own_storage):
    seen = []
    monkeypatch.setattr(quarantine, "quarantine_unknown", seen.append)
    start = clock.now()

    for run in range(files.FOLDERS):
        with clock.at(start + timedelta(seconds=run * settings.PERIODIC_SECONDS)):
            quarantine_unknown_files()

    assert sorted(seen) == [f"{number:02x}" for number in range(256)]


# ---- immutable columns


NEW_VALUES = {
    "id": "id + 1000",
    "uuid": "'00000000-0000-4000-8000-000000000000'",
    "name": "'other.pdf'",
    "path": "'ab/other'",
    "sha256": "'0'",
    "size": "size + 1",
    "content_type": "'text/html'",
    "uploaded_by_id": "uploaded_by_id + 1",
    "uploaded_at": "'2020-01-01 00:00:00+00:00'",
}


def sql(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.parametrize("column", NEW_VALUES)
@pytest.mark.django_db
def test_immutable_column_of_file_cannot_be_updated(column):
    stored = files.mark_file_used(files.store_upload(upload(b"text"), by=UserFactory()))

    with pytest.raises(IntegrityError, match="epi: frozen"):
        sql(f"UPDATE cities_storedfile SET {column} = {NEW_VALUES[column]} WHERE id = %s", stored.pk)


@pytest.mark.parametrize(
    "before, after",
    [("used", "pending"), ("withdrawn", "pending"), ("withdrawn", "used"), ("pending", "withdrawn"), ("used", "gone")],
)
@pytest.mark.django_db
def test_file_state_cannot_go_back(before, after):
    stored = StoredFileFactory(state=before)

    with pytest.raises(IntegrityError, match="epi: a file is used"):
        sql("UPDATE cities_storedfile SET state = %s WHERE id = %s", after, stored.pk)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statements")
@pytest.mark.parametrize("column", ["id", "uuid", "path"])
@pytest.mark.django_db
def test_update_or_replace_cannot_replace_file(column):
    replaced, other = StoredFileFactory(state="used"), StoredFileFactory(state="used")
    its_value = f"(SELECT {column} FROM cities_storedfile WHERE id = %s)"
    sql("PRAGMA recursive_triggers = OFF")

    with pytest.raises(IntegrityError, match="epi: frozen"):
        sql(f"UPDATE OR REPLACE cities_storedfile SET {column} = {its_value} WHERE id = %s", replaced.pk, other.pk)
    sql("PRAGMA recursive_triggers = ON")

    assert StoredFile.objects.count() == 2
