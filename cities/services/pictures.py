"""Encode pictures again: turned upright, at a sensible size, and without metadata."""

import io
import struct
import zlib
from contextlib import suppress

import pillow_heif
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from cities.exceptions import FileRefused
from core.limited_process import gettext_noop as _

MAX_PIXELS = 80_000_000
MAX_EDGE = 4_000
QUALITY = 86
STRIP_ROWS = 256  # rows that are converted at a time, so that a large picture is in memory only once
IMAGE_ERRORS: tuple[type[Exception], ...] = (
    UnidentifiedImageError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
)
IMAGE_ERRORS += (SyntaxError, TypeError, ValueError, struct.error, zlib.error)  # what libraries raise for damaged data
ORIENTATIONS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

TOO_MANY_PIXELS = _("This picture has too many pixels. Make it smaller, at most 80 megapixels, and choose it again.")

pillow_heif.register_heif_opener()


def clean_picture(data: bytes) -> tuple[bytes, str, str, int, int]:
    """Return JPEG bytes, type, suffix, width and height. Copies only pixels, no position, camera or preview.

    Raises FileRefused for damaged or too large pictures, and MemoryError.
    """
    if _webp_pixels(data) > MAX_PIXELS:  # opening a WebP already takes memory for all of its pixels
        raise FileRefused(TOO_MANY_PIXELS)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "HEIF")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileRefused(TOO_MANY_PIXELS)
            image.draft("RGB", (MAX_EDGE, MAX_EDGE))  # decodes large JPEGs at a fraction of their size
            turn = ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
            profile = image.info.get("icc_profile")
            picture = _shrink(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefused(TOO_MANY_PIXELS) from error
    except IMAGE_ERRORS as error:
        if "memory" in str(error).lower():
            raise MemoryError from error
        raise FileRefused(_("This picture is damaged. Take or save it again, and choose the new one.")) from error
    picture = _to_srgb(picture, profile)
    if turn is not None:
        picture = picture.transpose(turn)
    clean = Image.new("RGB", picture.size)  # a new image has no metadata
    clean.paste(picture)
    kept = io.BytesIO()
    clean.save(kept, "JPEG", quality=QUALITY, optimize=True)
    return kept.getvalue(), "image/jpeg", "jpg", *clean.size


def _webp_pixels(data: bytes) -> int:
    """Return the number of pixels that the header of a WebP names, 0 for other files."""
    if data[:4] != b"RIFF":
        return 0
    if data[12:16] == b"VP8X":
        width, height = int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    elif data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width * height


def _shrink(image: Image.Image) -> Image.Image:
    """Return an opaque copy with edges of at most ``MAX_EDGE``, made strip by strip."""
    factor = max(1, max(image.size) // MAX_EDGE)
    width, height = image.size
    strips = []
    for top in range(0, height, STRIP_ROWS * factor):
        strip = _to_opaque(image.crop((0, top, width, min(height, top + STRIP_ROWS * factor))))
        strips.append(strip.reduce(factor) if factor > 1 else strip)
    small = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        small.paste(strip, (0, number * STRIP_ROWS))
    small.thumbnail((MAX_EDGE, MAX_EDGE))
    return small


def _to_opaque(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency, whose transparent areas are white, in a mode that can be resized."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        background = Image.new("RGBA", picture.size, "white")
        background.alpha_composite(picture)
        return background.convert("RGB")
    return picture if picture.mode in {"RGB", "CMYK", "L"} else picture.convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile: plain conversion below
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = turned or picture
    return picture.convert("RGB")
