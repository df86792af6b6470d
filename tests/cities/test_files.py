import contextlib
import io
import os
import random
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, Q
from django.urls import reverse
from PIL import Image, ImageCms

from cities import file_access as registry
from cities.enums import FileState
from cities.exceptions import FileRefused
from cities.models import StoredFile
from cities.services import file_inspection, files, pictures
from cities.tasks import delete_pending_files, delete_unknown_files
from core import clock
from core.snapshots import sha256_hex
from tests.factories import EventFactory, StoredFileFactory, UserFactory

from .pictures import GPS, MAKE, ORIENTATION, PDF, bytes_of, heic, office, picture, upload


def stored_bytes(stored):
    with default_storage.open(stored.path) as opened:
        return opened.read()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data,name,content_type",
    [
        (picture("JPEG"), "a.jpg", "image/jpeg"),
        (picture("PNG"), "a.png", "image/jpeg"),
        (picture("WEBP"), "a.webp", "image/jpeg"),
        (heic(), "IMG_1.HEIC", "image/jpeg"),
        (PDF, "a.pdf", "application/pdf"),
        (office("docx"), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xlsx"), "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("odt"), "a.odt", "application/vnd.oasis.opendocument.text"),
        (office("ods"), "a.ods", "application/vnd.oasis.opendocument.spreadsheet"),
        ("Kosten;1,5 €\n".encode(), "a.csv", "text/csv"),
        ("Līgums".encode(), "a.txt", "text/plain"),
    ],
)
def test_valid_file_is_stored_with_type_of_content(data, name, content_type):
    user = UserFactory()

    stored = files.store_upload(upload(data, name), by=user)

    assert stored.content_type == content_type
    assert stored.state == FileState.PENDING
    assert stored.uploaded_by == user
    assert stored.sha256 == sha256_hex(stored_bytes(stored))
    assert stored.size == len(stored_bytes(stored))
    assert name.split(".")[0] in stored.name


@pytest.mark.django_db
@pytest.mark.parametrize("data", [picture("JPEG"), picture("PNG"), picture("WEBP"), heic()])
def test_stored_picture_has_no_exif_data(data):
    before = Image.open(io.BytesIO(data)).getexif()
    assert before[MAKE]
    assert before.get_ifd(GPS)

    stored = files.store_upload(upload(data, "photo.heic"), by=UserFactory())

    kept = Image.open(io.BytesIO(stored_bytes(stored)))
    assert kept.format == "JPEG"
    assert not kept.getexif()
    assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    assert b"Camera of somebody" not in stored_bytes(stored)
    assert stored.name == "photo.jpg"
    assert (stored.width, stored.height) == kept.size


@pytest.mark.django_db
def test_picture_is_rotated_by_exif_orientation():
    data = picture("JPEG", size=(64, 32))
    assert Image.open(io.BytesIO(data)).getexif()[ORIENTATION] == 6

    stored = files.store_upload(upload(data), by=UserFactory())

    kept = Image.open(io.BytesIO(stored_bytes(stored)))
    assert kept.size == (32, 64)
    red, _green, blue = kept.getpixel((16, 4))
    assert red > 200 > 60 > blue


@pytest.mark.django_db
def test_transparent_picture_gets_white_background():
    kept = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(kept, "PNG")

    stored = files.store_upload(upload(kept.getvalue()), by=UserFactory())

    assert Image.open(io.BytesIO(stored_bytes(stored))).getpixel((4, 4)) == (255, 255, 255)


def test_picture_with_broken_colour_profile_is_accepted():
    made = pictures.clean_picture(picture("JPEG", exif=False, icc_profile=b"nonsense"))

    assert made[1] == "image/jpeg"


def test_colour_profile_is_applied_and_removed():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    data, *_rest = pictures.clean_picture(picture("JPEG", exif=False, icc_profile=profile))

    assert "icc_profile" not in Image.open(io.BytesIO(data)).info


def test_large_picture_is_resized(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_EDGE", 100)

    _data, _type, _suffix, width, height = pictures.clean_picture(picture("PNG", size=(400, 200), exif=False))

    assert (width, height) == (100, 50)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_gps_is_removed_from_photo_in_document(kind):
    photo, plain = picture(kind), b"what else the document holds"
    before = office("docx", entries=[("word/media/image1", photo), ("word/media/notes", plain)])

    made = file_inspection.inspect(before, "minutes.docx").data

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        kept = archive.read("word/media/image1")
        assert archive.read("word/media/notes") == plain
        assert archive.testzip() is None
    assert len(kept) == len(photo)
    assert not Image.open(io.BytesIO(kept)).getexif().get_ifd(GPS)
    assert Image.open(io.BytesIO(kept)).tobytes() == Image.open(io.BytesIO(photo)).tobytes()


def test_gps_is_removed_from_photo_in_pdf():
    xmp = b'<rdf exif:GPSLatitude="58,24.6N" exif:Make="x"><exif:GPSLongitude>15,37.3E</exif:GPSLongitude></rdf>'
    before = PDF.replace(b"%%EOF", picture("JPEG") + xmp + b"%%EOF")

    made = file_inspection.inspect(before, "minutes.pdf").data

    assert len(made) == len(before)
    assert b"58,24.6N" not in made
    assert b"15,37.3E" not in made
    assert b'exif:Make="x"' in made
    assert b"Camera of somebody" not in made


def test_document_without_gps_is_unchanged():
    before = office("docx", entries=[("word/media/image1.jpg", picture("JPEG", exif=False))])

    assert file_inspection.inspect(before, "minutes.docx").data == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_data_raises_no_unexpected_error():
    photo_bytes, rng = picture("JPEG"), random.Random(7)
    for _ in range(400):
        damaged = bytearray(photo_bytes)
        for _byte in range(rng.randint(1, 6)):
            damaged[rng.randrange(2, 300)] = rng.randrange(256)
        with contextlib.suppress(FileRefused):
            pictures.clean_picture(bytes(damaged))


def zip_bomb():
    return office("docx", entries=[("word/media/zeros", b"\0" * (30 * 1024 * 1024))])


def encrypted_zip():
    data = bytearray(office("docx"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def corrupt_zip():
    data = bytearray(office("docx", entries=[("word/document.xml", b"x" * 5000)]))
    data[60] ^= 0xFF
    return bytes(data)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data,message",
    [
        (b"", "empty"),
        (picture("JPEG")[:200], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"nonsense", "damaged"),
        (PDF.replace(b"%%EOF", b""), "not complete"),
        (PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 5 0 R"), "password"),
        (zip_bomb(), "unpacks to far more"),
        (office("docx", entries=[(f"a{n}", "") for n in range(3100)]), "unpacks to far more"),
        (office("docx", entries=[("../../etc/passwd", "x")]), "damaged"),
        (office("docx", macro=True), "macros"),
        (office("xlsx", entries=[("xl/vbaProject.bin", "x")]), "macros"),
        (office("xlsx", entries=[("xl/macrosheets/sheet1.xml", "x")]), "macros"),
        (office("docx", entries=[("word/embeddings/oleObject1.bin", "x")]), "macros"),
        (office("odt", entries=[("Basic/Standard/Module1.xml", "x")]), "macros"),
        (office("xlsm"), "macros"),
        (office("pptx"), "slides"),
        (office("epub"), "Archives"),
        (encrypted_zip(), "password"),
        (corrupt_zip(), "damaged"),
        (b"PK\x03\x04nonsense", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "old Office file"),
        (b"MZ\x90\x00\x03", "kind of file is not taken"),
        (b"text with \x00 inside", "not readable text"),
        ("naïve".encode("latin-1"), "kind of file is not taken"),
    ],
)
def test_invalid_file_is_refused_with_message(data, message):
    user = UserFactory()

    with pytest.raises(FileRefused, match=message):
        files.store_upload(upload(data, "photo.jpg"), by=user)

    assert not StoredFile.objects.exists()


def archive(kind, *entries):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", kind) as made:
        for name, data in entries:
            made.writestr(name, data)
    return kept.getvalue()


def test_archive_with_unsupported_compression_is_damaged():
    with pytest.raises(FileRefused, match="damaged"):
        file_inspection.inspect(archive(zipfile.ZIP_BZIP2, ("mimetype", b"x")), "a.odt")


def test_archive_with_wrong_checksum_is_damaged():
    data = archive(zipfile.ZIP_STORED, ("content.xml", b"what was written"))

    with pytest.raises(FileRefused, match="damaged"):
        file_inspection.inspect(data.replace(b"what was written", b"what is read now"), "a.odt")


def test_archive_with_duplicate_name_is_damaged():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = archive(zipfile.ZIP_DEFLATED, ("content.xml", b"one"), ("content.xml", b"other"))

    with pytest.raises(FileRefused, match="damaged"):
        file_inspection.inspect(data, "a.odt")


@pytest.mark.parametrize("entry", [("mimetype", b"application/epub+zip"), ("photo.jpg", b"x")])
def test_archive_that_is_not_a_document_is_refused(entry):
    with pytest.raises(FileRefused, match="Archives"):
        file_inspection.inspect(archive(zipfile.ZIP_DEFLATED, entry), "a.zip")


@pytest.mark.django_db
def test_picture_with_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)

    with pytest.raises(FileRefused, match="too many pixels"):
        files.store_upload(upload(picture("PNG", size=(100, 100))), by=UserFactory())


@pytest.mark.django_db
def test_picture_beyond_limit_of_pillow_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    with pytest.raises(FileRefused, match="too many pixels"):
        files.store_upload(upload(picture("PNG", size=(100, 100))), by=UserFactory())


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
        ("C:\\photos\\Sommar 2026.TXT", "Sommar 2026.txt"),
        ("evil\u202egpj.exe", "evilgpj.exe.txt"),
        ("a\nb\x00c.txt", "abc.txt"),
        ("", "file.txt"),
        ("x" * 400 + ".txt", "x" * 150 + ".txt"),
        ("page.html", "page.html.txt"),
    ],
)
def test_display_name_is_sanitised(name, kept):
    assert files._display_name(name, "txt") == kept


@pytest.mark.django_db
def test_too_many_pending_files_are_refused(monkeypatch):
    user = UserFactory()
    monkeypatch.setattr(files, "PENDING_FILES", 2)
    StoredFileFactory.create_batch(2, uploaded_by=user)

    with pytest.raises(FileRefused, match="wait to be used"):
        files.store_upload(upload(b"text"), by=user)
    assert files.store_upload(upload(b"text"), by=UserFactory()).pk


@pytest.mark.django_db
def test_too_many_files_in_an_hour_are_refused(monkeypatch):
    user = UserFactory()
    monkeypatch.setattr(files, "HOURLY_FILES", 1)
    StoredFileFactory(uploaded_by=user, state=FileState.USED)

    with pytest.raises(FileRefused, match="within an hour"):
        files.store_upload(upload(b"text"), by=user)


@pytest.mark.django_db
def test_upload_to_full_disk_is_refused_without_row(monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)

    with pytest.raises(FileRefused, match="no room"):
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

    with pytest.raises(FileRefused, match="no room"):
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

    with pytest.raises(FileRefused, match="no room"):
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
    with pytest.raises(FileRefused, match="withdrawn"):
        files.mark_file_used(stored)


@pytest.mark.django_db
def test_pending_files_are_deleted_after_a_week():
    user = UserFactory()
    with clock.at(clock.now() - timedelta(days=8)):
        old = files.store_upload(upload(b"old"), by=user)
        used = files.mark_file_used(files.store_upload(upload(b"used"), by=user))
    young = files.store_upload(upload(b"young"), by=user)

    delete_pending_files()
    delete_pending_files()

    assert set(StoredFile.objects.all()) == {used, young}
    assert not default_storage.exists(old.path)
    assert default_storage.exists(used.path)


@pytest.mark.django_db
def test_file_used_meanwhile_is_not_deleted():
    stored = files.store_upload(upload(b"text"), by=UserFactory())
    files.mark_file_used(StoredFile.objects.get(pk=stored.pk))

    assert files.delete_pending(stored) is False
    assert default_storage.exists(stored.path)


@pytest.mark.django_db
def test_protected_file_does_not_stop_deletion_of_others():
    user = UserFactory()
    with clock.at(clock.now() - timedelta(days=8)):
        kept, deleted = (files.store_upload(upload(b"old"), by=user) for _n in range(2))
    EventFactory(minutes_file=kept)

    with pytest.raises(ProtectedError):
        files.delete_old_pending()

    assert set(StoredFile.objects.all()) == {kept}
    assert not default_storage.exists(deleted.path)


@pytest.mark.django_db
def test_stored_files_without_row_are_deleted_after_a_day(caplog):
    stored = files.store_upload(upload(b"text"), by=UserFactory())
    folder = stored.path[:2]
    old, young = (default_storage.save(f"{folder}/{name}", ContentFile(b"x")) for name in ("old", "young"))
    two_days_ago = clock.now().timestamp() - 2 * 86_400
    for path in (old, stored.path):
        os.utime(default_storage.path(path), (two_days_ago, two_days_ago))

    assert files.delete_unknown("zz") == 0
    assert files.delete_unknown(folder) == 1
    assert files.delete_unknown(folder) == 0

    assert not default_storage.exists(old)
    assert default_storage.exists(young)
    assert default_storage.exists(stored.path)
    assert f"Bytes without a row were swept at {old}" in caplog.text


@pytest.mark.django_db
def test_each_periodic_run_checks_one_folder_until_all_are_checked(monkeypatch, settings):
    seen = []
    monkeypatch.setattr(files, "delete_unknown", seen.append)
    start = clock.now()

    for run in range(files.FOLDERS):
        with clock.at(start + timedelta(seconds=run * settings.PERIODIC_SECONDS)):
            delete_unknown_files()

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


# ---- downloads


@pytest.fixture
def readers(monkeypatch):
    """Return a set of user IDs that may see every used file."""
    readers = set()
    monkeypatch.setattr(registry, "_conditions", [lambda user: Q(state="used") if user.pk in readers else Q(pk=None)])
    return readers


@pytest.mark.django_db
def test_pending_file_is_visible_to_uploader_only(client, everyone):
    stored = files.store_upload(upload(b"text", "a.txt"), by=everyone["official"])
    url = reverse("cities:file", args=[stored.uuid])

    for role in ("lead", "coordinator", "superuser", "other_official"):
        client.force_login(everyone[role])
        assert client.get(url).status_code == 404, role
    client.force_login(everyone["official"])
    assert bytes_of(client.get(url)) == b"text"


@pytest.mark.django_db
def test_file_is_sent_as_attachment_with_csp(client, readers):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"<script>alert(1)</script>", "x.html"), by=UserFactory()))
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]) + "?view=1")
    bytes_of(response)

    assert response["Content-Disposition"] == 'attachment; filename="x.html.txt"'
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db
def test_picture_is_shown_inline(client, readers):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(picture(), "x.jpg"), by=UserFactory()))
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]) + "?view=1")
    bytes_of(response)

    assert response["Content-Disposition"] == 'inline; filename="x.jpg"'
    assert response["Content-Type"] == "image/jpeg"


@pytest.mark.django_db
def test_file_redirects_anonymous_visitor_to_sign_in_even_if_missing(client, readers):
    stored = files.mark_file_used(files.store_upload(upload(b"text"), by=UserFactory()))
    existing_url = reverse("cities:file", args=[stored.uuid])
    missing_url = reverse("cities:file", args=["00000000-0000-4000-8000-000000000000"])

    for url in (existing_url, missing_url):
        response = client.get(url)
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('account_login')}?next={url}"


@pytest.mark.django_db
def test_file_missing_in_storage_is_404(client, readers):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"text"), by=UserFactory()))
    default_storage.delete(stored.path)
    client.force_login(user)

    assert client.get(reverse("cities:file", args=[stored.uuid])).status_code == 404


@pytest.mark.django_db
def test_file_with_wrong_hash_is_not_sent(client, readers, caplog):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"text", "a.txt"), by=UserFactory()))
    Path(default_storage.path(stored.path)).write_bytes(b"forged")
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]))

    assert response.status_code == 409
    assert "does not match its hash" in response.content.decode()
    assert "“a.txt” is no longer what was uploaded." in response.content.decode()
    assert "forged" not in response.content.decode()
    assert f"The bytes of file {stored.pk}" in caplog.text


def test_text_with_byte_order_mark_is_plain_text():
    assert file_inspection.inspect("\ufeffå".encode(), "a.txt").content_type == "text/plain"
