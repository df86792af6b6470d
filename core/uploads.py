"""How files that were posted with a form are kept until it is saved. An app with a model of files registers itself."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from django.core.files.uploadedfile import SimpleUploadedFile

KEPT = "kept_file"  # name of the checkboxes of files that were chosen before: "field:uuid"
MAX_FILES = 20


class KeptFile(NamedTuple):
    field: str
    uuid: str
    name: str
    digest: str

    @property
    def value(self) -> str:
        return f"{self.field}:{self.uuid}"


class Store(Protocol):
    def store(self, uploads: Iterable[Any], *, by: Any, most: int) -> Any:
        """Note on each upload the row that is ``stored``, with ``uuid`` and ``name``. Return all of them and sentences:
        ``refused`` and ``renamed``.
        """

    def own(self, uuids: Iterable[str], *, by: Any) -> dict[str, Any]:
        """Return the files that this person uploaded, by uuid, without withdrawn ones."""

    def read(self, stored: Any) -> bytes:
        """Return the bytes of a row."""


_store: list[Store] = []


def register(store: Store) -> None:
    _store[:] = [store]


class KeptUpload(SimpleUploadedFile):
    """A file that was uploaded before, as if it had been posted again. ``stored``: its row."""

    def __init__(self, stored: Any, content: bytes) -> None:
        super().__init__(stored.name, content, stored.content_type)
        self.stored = stored


def store(files: Any, *, by: Any) -> tuple[list[KeptFile], list[str]]:
    """Store the files of a request for ``by``. Returns them, and a sentence for each that was refused or renamed."""
    posted = [(field, upload) for field, uploads in files.lists() for upload in uploads] if _store else []
    if not posted:
        return [], []
    posted = [pair for pair in posted if not getattr(pair[1], "is_refused", False)]  # the view has said so
    new = [upload for _field, upload in posted if not hasattr(upload, "stored")]
    done = _store[0].store(new, by=by, most=MAX_FILES)  # in one call: it has a limit of files and of time
    found = [(field, upload) for field, upload in posted if hasattr(upload, "stored")]
    kept = [KeptFile(field, str(one.stored.uuid), one.stored.name, digest_of(one)) for field, one in found]
    return kept, [*done.refused, *done.renamed]


def chosen(values: Iterable[str], *, by: Any) -> list[tuple[str, Any]]:
    """Return field and row of each file that the checkboxes name and that ``by`` uploaded."""
    pairs = [value.rpartition(":")[::2] for value in list(values)[:MAX_FILES]]
    own = _store[0].own([uuid for _field, uuid in pairs], by=by) if pairs and _store else {}
    return [(field, own[uuid]) for field, uuid in pairs if uuid in own]


def add_chosen(request: Any) -> None:
    """Add the files that the checkboxes name to the posted ones, so that forms find them there."""
    values = request.POST.getlist(KEPT)
    for field, stored in chosen(values, by=request.user) if values else ():
        request.FILES.appendlist(field, KeptUpload(stored, _store[0].read(stored)))


def digest_of(upload: Any) -> str:
    upload.seek(0)
    digest = hashlib.file_digest(upload, "sha256").hexdigest()
    upload.seek(0)
    return digest
