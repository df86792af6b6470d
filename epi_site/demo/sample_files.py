"""Small sample files as evidence: a drawn picture, a table of participants, minutes. All say illustrative."""

import io

import typst
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

COLOURS = [(31, 74, 148), (154, 83, 0), (23, 112, 74), (106, 85, 144), (91, 103, 115)]


def picture(title: str, index: int) -> SimpleUploadedFile:
    """Return a JPEG of 1200 x 800 pixels: chairs around a table, in the colours of ``index``."""
    image = Image.new("RGB", (1200, 800), (244, 241, 234))
    draw = ImageDraw.Draw(image)
    colour, second = COLOURS[index % len(COLOURS)], COLOURS[(index + 1) % len(COLOURS)]
    draw.rectangle((0, 520, 1200, 800), fill=(226, 219, 205))
    draw.rounded_rectangle((250, 380, 950, 560), 40, fill=colour)
    for seat in range(7):
        left = 200 + seat * 120
        draw.ellipse((left, 230 + 25 * (seat % 2), left + 80, 310 + 25 * (seat % 2)), fill=second)
        draw.rounded_rectangle((left - 12, 305 + 25 * (seat % 2), left + 92, 400), 24, fill=second)
    draw.text((40, 740), f"Illustrative: {title}", fill=(20, 32, 46), font_size=34)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return SimpleUploadedFile(f"picture-{index + 1}.jpg", stream.getvalue(), "image/jpeg")


def table(title: str, values: list[tuple[str, int]]) -> SimpleUploadedFile:
    lines = [f"Illustrative: {title}", "month;people", *(f"{month};{count}" for month, count in values)]
    return SimpleUploadedFile("participants.csv", "\n".join(lines).encode(), "text/csv")


def minutes(title: str, text: str) -> SimpleUploadedFile:
    """Return a PDF of one page."""
    source = (
        '#set document(title: "Minutes")\n#set page(paper: "a4", margin: 3cm)\n#set text(size: 11pt)\n'
        f"= {_plain(title)}\n\n_Illustrative content of a demonstration._\n\n{_plain(text)}\n"
    )
    content = typst.compile(source.encode(), ignore_system_fonts=True)
    return SimpleUploadedFile("minutes.pdf", content, "application/pdf")


def _plain(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "#$*_`<>@=\\[]" else letter for letter in text)
