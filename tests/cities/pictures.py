"""Build the bytes of valid and invalid pictures and documents."""

import io
import zipfile

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

GPS = 0x8825
ORIENTATION = 0x0112
MAKE = 0x010F


def picture(kind="JPEG", *, size=(64, 32), mode="RGB", exif=True, **extra) -> bytes:
    """Return a picture, left half red and right half blue, whose EXIF data has an orientation and a GPS position."""
    image = Image.new(mode, size, "blue" if mode == "RGB" else 0)
    image.paste("red" if mode == "RGB" else 255, (0, 0, size[0] // 2, size[1]))
    output = io.BytesIO()
    if exif:
        data = Image.Exif()
        data[ORIENTATION] = 6
        data[MAKE] = "Camera of somebody"
        data.get_ifd(GPS).update({1: "N", 2: (58.0, 24.0, 39.0), 3: "E", 4: (15.0, 37.0, 0.0)})
        extra["exif"] = data.tobytes()
    image.save(output, kind, **extra)
    return output.getvalue()


def heic(size=(64, 32)) -> bytes:
    pillow_heif.register_heif_opener()
    return picture("HEIF", size=size, exif=True, quality=90)


def office(kind="docx", *, entries=(), macro=False) -> bytes:
    content_types = {
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "epub": "application/epub+zip",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    }
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind in {"odt", "ods"}:
            type_name = {"odt": "text", "ods": "spreadsheet"}[kind]
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{type_name}")
        else:
            archive.writestr("[Content_Types].xml", f"<Types><Override ContentType='{content_types[kind]}'/></Types>")
        if macro:
            archive.writestr("word/vbaProject.bin", b"macro")
        for name, content in entries:
            archive.writestr(name, content)
    return output.getvalue()


PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def bytes_of(response) -> bytes:
    """Return the whole content; reading to the end closes the file (``close()`` would also close the database)."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def upload(content: bytes, name: str = "file.bin") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
