"""Updates the catalogues of locale/ from code and templates, without gettext."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, extract, pofile
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

from core.first_party import first_party_packages

ROOT = Path(settings.BASE_DIR)
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def messages_in_code() -> Catalog:
    """Return a catalogue of all texts to translate, with contexts and plural forms."""
    catalog = Catalog()
    for source in _sources():
        for _line, message, comments, context in extract.extract("python", source, KEYWORDS, ["Translators:"]):
            catalog.add(message, auto_comments=comments, context=context)
    return catalog


def _sources() -> Iterator[BytesIO]:
    for file in (file for name in sorted(first_party_packages()) for file in sorted((ROOT / name).rglob("*.py"))):
        yield BytesIO(file.read_bytes())
    for file in sorted((ROOT / "templates").rglob("*.*")):
        # templatize() returns gettext calls among filler characters; their indentation is not valid Python.
        yield BytesIO(INDENT.sub("", templatize(file.read_text("utf-8"), origin=str(file))).encode())


def update(catalog: Catalog, found: Catalog) -> tuple[int, int]:
    """Add to ``catalog`` what is new in ``found``, and remove what is not there; return both numbers."""
    known = {_key(message): message for message in catalog if message.id}
    wanted = {_key(message): message for message in found if message.id}
    for key in known.keys() - wanted.keys():
        catalog.delete(*key)
    for key, message in wanted.items():
        if key in known:
            known[key].id = message.id  # its plural may have changed
        else:
            catalog.add(message.id, auto_comments=message.auto_comments, context=message.context)
    return len(wanted.keys() - known.keys()), len(known.keys() - wanted.keys())


def _key(message) -> tuple[str, str | None]:
    """What gettext looks a text up by."""
    return (message.id[0] if isinstance(message.id, tuple) else message.id), message.context


def written(catalog: Catalog, header: str) -> bytes:
    """Return the catalogue as text, one line for each text, under the header that it had."""
    target = BytesIO()
    pofile.write_po(target, catalog, width=0, no_location=True, omit_header=True)
    return f"{header}\n\n".encode() + target.getvalue().strip() + b"\n"


class Command(BaseCommand):
    help = (
        "Adds texts that are new in code and templates to the catalogues of locale/, and removes those that are gone."
    )

    def handle(self, *args, **options):
        found = messages_in_code()
        for file in sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po")):
            before = file.read_bytes()
            catalog = pofile.read_po(BytesIO(before), locale=file.parent.parent.name)
            added, removed = update(catalog, found)
            file.write_bytes(written(catalog, before.decode().partition("\n\n")[0]))
            self.stdout.write(f"{file.relative_to(ROOT)}: {added} added, {removed} removed")
