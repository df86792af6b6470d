"""Encode pictures again: turned upright, at a sensible size, and without metadata."""

import io
import struct
import zlib
from contextlib import suppress

import pillow_heif
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from cities.exceptions import FileRefused

MAX_PIXELS = 80_000_000
MAX_EDGE = 4_000
QUALITY = 86
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

pillow_heif.register_heif_opener()


def clean_picture(data: bytes) -> tuple[bytes, str, str, int, int]:
    """Return JPEG bytes, type, suffix, width and height. Copies only pixels, no position, camera or preview.

    Raises FileRefused for damaged or too large pictures.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "HEIF")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileRefused(_too_large())
            image.draft("RGB", (MAX_EDGE, MAX_EDGE))  # decodes large JPEGs at a fraction of their size
            picture = _to_opaque_srgb(_upright(image), image.info.get("icc_profile"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefused(_too_large()) from error
    except IMAGE_ERRORS as error:
        raise FileRefused(_("This picture is damaged. Take or save it again, and choose the new one.")) from error
    picture.thumbnail((MAX_EDGE, MAX_EDGE))
    clean = Image.new("RGB", picture.size)  # a new image has no metadata
    clean.paste(picture)
    kept = io.BytesIO()
    clean.save(kept, "JPEG", quality=QUALITY, optimize=True)
    return kept.getvalue(), "image/jpeg", "jpg", *clean.size


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; the rest of the EXIF data is not parsed again."""
    turn = ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image.transpose(turn) if turn is not None else image


def _too_large() -> str:
    return _("This picture has too many pixels. Make it smaller, at most 80 megapixels, and choose it again.")


def _to_opaque_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to opaque sRGB; transparent areas become white."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        background = Image.new("RGBA", picture.size, "white")
        background.alpha_composite(picture)
        picture = background.convert("RGB")
    if profile and picture.mode in {"RGB", "CMYK", "L"}:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile: plain conversion below
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = turned or picture
    return picture.convert("RGB")
