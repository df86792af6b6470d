"""Copy stored files into a backup, and back into an empty storage."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.utils._os import safe_join

from core.private_files import make_private_folder, private_file
from core.stored_files import ID_FILE, StoredRow, stored_rows

from .archive import Entry, add_file, open_file, read_chunks
from .exceptions import BackupError
from .manifest import Manifest, StoredBytes

STAGE = ".restoring"  # within the storage, so that a rename moves the files


def storage_root() -> Path:
    try:
        return Path(default_storage.path(""))
    except NotImplementedError as error:
        raise BackupError(
            "Backups need files that are stored in a folder; this storage (STORAGES) is not one."
        ) from error


class FileCopies:
    """Copies each stored file into a backup once.

    Runs before and after the snapshot of the database: a file that is deleted in between has been copied already, and
    one that is uploaded in between is copied in the second run.
    """

    def __init__(self, folder: Path, recipients: list[Any]) -> None:
        self.folder, self.recipients = folder, recipients
        self.copied: dict[str, Entry] = {}
        self.hashes: dict[str, str] = {}  # of the bytes before encryption

    def copy_all(self, using: str | None = None) -> list[StoredRow]:
        """Copy what has not been copied yet; return the rows whose file cannot be read."""
        return [row for row in stored_rows(using) if row.path not in self.copied and not self._copy(row.path)]

    def _copy(self, path: str) -> bool:
        name = f"files/{hashlib.sha256(path.encode()).hexdigest()}"
        try:
            source = default_storage.open(path)
        except OSError:
            return False
        digest = hashlib.sha256()
        with source:
            self.copied[path] = add_file(self.folder, name, _hashed(source, digest), self.recipients)
        self.hashes[path] = digest.hexdigest()
        return True

    def drop_others(self, paths: set[str]) -> None:
        """Remove the copies of files that the snapshot does not name."""
        for path in self.copied.keys() - paths:
            (self.folder / self.copied.pop(path).file).unlink()

    def damaged(self, rows: list[StoredRow]) -> list[str]:
        return [row.path for row in rows if row.path in self.copied and self.hashes[row.path] != row.sha256]

    def as_stored(self) -> list[StoredBytes]:
        return [StoredBytes(path, entry) for path, entry in sorted(self.copied.items())]


def _hashed(source: Any, digest: Any) -> Iterator[bytes]:
    for chunk in read_chunks(source):
        digest.update(chunk)
        yield chunk


# ---- restore


def refuse_filled_storage() -> None:
    """Raise if the storage has files. Empty folders, the installation id and remains in ``STAGE`` do not count."""
    root = storage_root()
    for entry in root.iterdir() if root.exists() else []:
        if entry.name not in {STAGE, ID_FILE} and (not entry.is_dir() or any(entry.rglob("*"))):
            raise BackupError(
                f"The folder of files {root} is not empty: it contains {entry.name}. "
                "Restore into an empty one (EPI_DATA_DIR), or empty this one."
            )


class StagedFiles:
    """Files in a temporary folder of the storage, so that a rename moves them to their final path."""

    def __init__(self, root: Path) -> None:
        self.root, self.stage = root, root / STAGE
        self.placed: list[Path] = []

    def put_into_place(self) -> None:
        """Rename the files to their final path, as the last step before the commit."""
        for entry in sorted(self.stage.iterdir()):
            target = self.root / entry.name
            _remove_empty(target)
            self.placed.append(target)
            entry.rename(target)

    def remove(self) -> None:
        for entry in self.placed:
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
        shutil.rmtree(self.stage)


def _remove_empty(folder: Path) -> None:
    """Remove folders without files; raises OSError for one that somebody has filled since the restore began."""
    if folder.is_dir():
        for entry in folder.iterdir():
            _remove_empty(entry)
        folder.rmdir()


@contextmanager
def staged_files(folder: Path, manifest: Manifest, identities: list[Any]) -> Iterator[StagedFiles]:
    """Write the files to a temporary folder; if the block fails, remove them wherever they are."""
    staged = StagedFiles(storage_root())
    shutil.rmtree(staged.stage, ignore_errors=True)
    make_private_folder(staged.stage)
    try:
        for stored in manifest.files:
            _write(_inside(staged.stage, stored.path), folder, stored.entry, identities)
        yield staged
    except BaseException:
        staged.remove()
        raise
    shutil.rmtree(staged.stage)


def refuse_paths_outside(manifest: Manifest) -> None:
    for stored in manifest.files:
        _inside(storage_root(), stored.path)


def _inside(root: Path, path: str) -> Path:
    try:
        return Path(safe_join(str(root), path))
    except SuspiciousFileOperation as error:
        raise BackupError(f"The manifest names {path!r}, which is outside the folder of files.") from error


def _write(target: Path, folder: Path, entry: Entry, identities: list[Any]) -> None:
    make_private_folder(target.parent)
    with open_file(folder, entry, identities) as source, open(target, "xb", opener=private_file) as file:
        shutil.copyfileobj(source, file)
