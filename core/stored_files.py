"""The files of the storage and the rows that name them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.storage import default_storage

from . import clock

ID_FILE = "installation-id"  # in the storage, beside the files (core.installation)
UPLOADING = timedelta(hours=1)  # an unknown file that is younger may belong to a row that is being written

REDACTED = "redacted"  # state of a row whose file was redacted: its bytes are gone, or go as soon as possible

_models: list[Any] = []


class StoredRow(NamedTuple):
    model: Any
    pk: Any
    path: str
    size: int
    sha256: str

    def is_kept(self) -> bool:
        """Return False if the row has been deleted, or its file redacted, since it was read."""
        return self.model._base_manager.filter(pk=self.pk).exclude(state=REDACTED).exists()


class UnknownFiles(NamedTuple):
    paths: list[str]
    total: int  # of all files in the storage


def register(model: Any) -> None:
    """``verify`` checks each row's file by ``path``, ``size`` and ``sha256``; ``backup`` copies it."""
    if model not in _models:
        _models.append(model)


def stored_rows(using: str | None = None) -> Iterator[StoredRow]:
    """Yield the rows whose file must be in the storage: all but the redacted ones."""
    for model in _models:
        rows = model._base_manager.using(using).exclude(state=REDACTED).order_by("pk")
        rows = rows.values_list("pk", "path", "size", "sha256")
        for row in rows.iterator(chunk_size=500):
            yield StoredRow(model, *row)


def known_paths(folder: str = "") -> set[str]:
    """Return the paths of files that rows name and that must be there, by default of all folders."""
    found: set[str] = set()
    for model in _models:
        rows = model._base_manager.exclude(state=REDACTED).filter(path__startswith=folder)
        found.update(rows.values_list("path", flat=True))
    return found


def redacted_paths() -> list[str]:
    """Return the paths of redacted files that are still in the storage."""
    paths = (
        path for model in _models for path in model._base_manager.filter(state=REDACTED).values_list("path", flat=True)
    )
    return [path for path in paths if default_storage.exists(path)]


def delete_redacted() -> int:
    """Delete the bytes of redacted files. Returns how many there were."""
    paths = redacted_paths()
    for path in paths:
        default_storage.delete(path)
    return len(paths)


def unknown_files(known: set[str] | None = None, *, min_age: timedelta = UPLOADING) -> UnknownFiles:
    """Return the files that no row names; by default without those that may just be uploaded."""
    known = known_paths() if known is None else known
    root, young = Path(default_storage.path("")), (clock.now() - min_age).timestamp()
    found = {str(file.relative_to(root)): file for file in root.rglob("*") if file.is_file()}
    found.pop(ID_FILE, None)
    unknown = [path for path, file in sorted(found.items()) if path not in known and _is_older(file, young)]
    return UnknownFiles(unknown, len(found))


def _is_older(file: Path, moment: float) -> bool:
    try:
        return file.stat().st_mtime < moment
    except FileNotFoundError:  # deleted while the folder was read
        return False
