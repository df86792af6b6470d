"""Inspection of uploads: pictures and documents lose private data; damaged and unsafe files are refused."""

import contextlib
import io
import random
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from PIL import Image, ImageCms

from cities.enums import FileState
from cities.exceptions import FileRefused
from cities.models import StoredFile
from cities.services import file_inspection, files, pictures
from core import limited_process
from core.snapshots import sha256_hex
from tests.factories import UserFactory

from .pictures import GPS, MAKE, ORIENTATION, PDF, heic, office, picture, upload


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


def test_text_with_byte_order_mark_is_plain_text():
    assert file_inspection.inspect("\ufeffå".encode(), "a.txt").content_type == "text/plain"


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


# ---- refused files


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
        (PDF.replace(b"%%EOF", b""), "incomplete"),
        (PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 5 0 R"), "password"),
        (zip_bomb(), "much larger than the file"),
        (office("docx", entries=[(f"a{n}", "") for n in range(3100)]), "much larger than the file"),
        (office("docx", entries=[("../../etc/passwd", "x")]), "damaged"),
        (office("docx", macro=True), "macros"),
        (office("xlsx", entries=[("xl/vbaProject.bin", "x")]), "macros"),
        (office("xlsx", entries=[("xl/macrosheets/sheet1.xml", "x")]), "macros"),
        (office("docx", entries=[("word/embeddings/oleObject1.bin", "x")]), "embedded object"),
        (office("odt", entries=[("Basic/Standard/Module1.xml", "x")]), "macros"),
        (office("xlsm"), "macros"),
        (office("pptx"), "slides"),
        (office("epub"), "Archives"),
        (encrypted_zip(), "password"),
        (corrupt_zip(), "damaged"),
        (b"PK\x03\x04nonsense", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "old Office format"),
        (b"MZ\x90\x00\x03", "file type is not accepted"),
        (b"text with \x00 inside", "cannot be read as text"),
        ("naïve".encode("latin-1"), "file type is not accepted"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif\xff", "file type is not accepted"),
        (b"<!DOCTYPE html><p>Not found</p>", "Web pages"),
        (b"<?xml version='1.0'?>\n<!-- drawing -->\n<svg onload='x()'/>", "Web pages"),
        (b"{\\rtf1 text}", "RTF"),
        (b"This is no picture.", "contains only text, but its name says"),
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
    mimetype = ("mimetype", b"application/vnd.oasis.opendocument.text")
    data = archive(zipfile.ZIP_STORED, mimetype, ("notes", b"what was written"))

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


def test_picture_with_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)

    with pytest.raises(FileRefused, match="too many pixels"):
        file_inspection.inspect(picture("PNG", size=(100, 100)), "a.png")


def test_picture_beyond_limit_of_pillow_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    with pytest.raises(FileRefused, match="too many pixels"):
        file_inspection.inspect(picture("PNG", size=(100, 100)), "a.png")


@pytest.mark.parametrize("extra", [{"lossless": True}, {"lossless": False}, {"mode": "RGBA"}, {"exif": True}])
def test_webp_with_too_many_pixels_is_refused_before_it_is_opened(monkeypatch, extra):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 9999)
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("It was opened."))

    with pytest.raises(FileRefused, match="too many pixels"):
        file_inspection.inspect(picture("WEBP", size=(100, 100), **({"exif": False} | extra)), "a.webp")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16", "CMYK"])
def test_strips_of_a_large_picture_fit_together(monkeypatch, mode):
    monkeypatch.setattr(pictures, "MAX_EDGE", 100)
    monkeypatch.setattr(pictures, "STRIP_ROWS", 7)
    image = Image.linear_gradient("L").resize((300, 331))
    image = image.convert("I").point(lambda level: level * 257).convert(mode) if mode == "I;16" else image.convert(mode)
    kept = io.BytesIO()
    image.save(kept, "JPEG" if mode == "CMYK" else "PNG", quality=95)

    data, *_type, width, height = pictures.clean_picture(kept.getvalue())

    assert (width, height) == (90, 100)
    rows = [Image.open(io.BytesIO(data)).convert("L").getpixel((45, row)) for row in (5, 50, 95)]
    assert rows == sorted(rows)


def test_text_in_another_encoding_is_named():
    with pytest.raises(FileRefused, match="not in UTF-8"):
        file_inspection.inspect("naïve".encode("latin-1"), "names.CSV")


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "a;@x|'y'!z", "a\t\"+cmd|'/c'!A1\""])
def test_table_that_starts_programs_is_refused(cell):
    with pytest.raises(FileRefused, match="DDE"):
        file_inspection.inspect(f"head\n{cell}\n".encode(), "a.csv")


@pytest.mark.parametrize("text", ["=SUM(A1:A9)", "a|b!", "-5;-6", "+46 13 20 60 00", "<p>, <html> and |!"])
def test_ordinary_table_and_text_are_accepted(text):
    assert file_inspection.inspect(text.encode(), "a.csv").content_type == "text/csv"


# ---- limits of time and memory


@pytest.mark.slow
def test_large_picture_is_checked_within_the_limit_of_memory():
    kept = io.BytesIO()
    Image.new("RGBA", (8900, 8900), (200, 0, 0, 128)).save(kept, "PNG", compress_level=1)  # 79 megapixels

    made = file_inspection.inspect_in_process(kept.getvalue(), "a.png")

    assert (made.width, made.height) == (4000, 4000)


@pytest.mark.slow
def test_picture_that_takes_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(file_inspection, "LIMITS", file_inspection.LIMITS._replace(megabytes=400))
    kept = io.BytesIO()
    Image.new("RGBA", (8000, 8000)).save(kept, "PNG", compress_level=1)

    with pytest.raises(FileRefused, match="too much memory"):
        file_inspection.inspect_in_process(kept.getvalue(), "a.png")


@pytest.mark.parametrize(
    "error,message",
    [
        (limited_process.TimeExceeded(), "takes too long"),
        (limited_process.MemoryExceeded(), "too much memory"),
        (limited_process.TooBusy(), "in a minute"),
        (limited_process.ProcessFailed("Segmentation fault"), "could not be read"),
    ],
)
def test_failure_of_the_process_is_told(monkeypatch, error, message):
    def fail(*args):
        raise error

    monkeypatch.setattr(limited_process, "run", fail)

    with pytest.raises(FileRefused, match=message):
        file_inspection.inspect_in_process(PDF, "a.pdf")


def test_plain_text_needs_no_process(monkeypatch):
    monkeypatch.setattr(limited_process, "run", None)

    assert file_inspection.inspect_in_process(b"text", "a.txt").suffix == "txt"


@pytest.mark.parametrize(
    "data,header", [(PDF, b'{"kept": ["application/pdf"'), (b"\x89PNG\r\n\x1a\n", b'{"refused": ')]
)
def test_process_answers_with_a_line_of_json(data, header):
    answer = file_inspection.answer_process(b'"a"\n' + data)

    assert answer.startswith(header)
    assert answer.endswith(data) == (data == PDF)


@pytest.mark.django_db
def test_message_is_translated():
    with translation.override("sv"), pytest.raises(FileRefused, match="lösenord"):
        files.store_upload(upload(encrypted_zip(), "a.docx"), by=UserFactory())


def test_picture_library_without_memory_is_no_damaged_picture(monkeypatch):
    def fail(*_args, **_options):
        raise OSError("decoder error: out of memory")

    monkeypatch.setattr(pictures.Image, "open", fail)

    with pytest.raises(MemoryError):
        pictures.clean_picture(b"picture")
