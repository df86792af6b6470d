"""Write and read the files of a backup with their SHA-256, encrypted if keys are given."""

import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage

from core.private_files import make_private_folder, private_file

from .exceptions import BackupError

CHUNK = 256 * 1024
IN_MEMORY = 16 * 1024 * 1024  # a decrypted file that is larger goes to an unnamed temporary file
SUFFIX = ".age"


@dataclass(frozen=True)
class Entry:
    """A file of the backup as stored, that is, after encryption."""

    file: str
    size: int
    sha256: str


class _Chunks(io.RawIOBase):
    """A readable file over an iterator of bytes. Keeps the iterator's error, which the encryption would hide."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.rest = iter(chunks), b""
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self.rest:
                self.rest = next(self.chunks)
        except StopIteration:
            return 0
        except BaseException as error:
            self.error = error
            raise
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


class _Hashing:
    """A writable file that hashes what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


def add_file(folder: Path, name: str, chunks: Iterable[bytes], recipients: list[Any]) -> Entry:
    """Write one file of the backup, readable only by its owner."""
    name += SUFFIX if recipients else ""
    path = folder / name
    make_private_folder(path.parent)
    with open(path, "xb", opener=private_file) as file:
        target = _Hashing(file)
        if recipients:
            _encrypt(_Chunks(chunks), target, recipients)
        else:
            for chunk in chunks:
                target.write(chunk)
    return Entry(name, target.size, target.digest.hexdigest())


def _encrypt(source: _Chunks, target: _Hashing, recipients: list[Any]) -> None:
    try:
        pyrage.encrypt_io(io.BufferedReader(source, CHUNK), target, recipients)
    except (pyrage.EncryptError, OSError):
        if source.error:
            raise source.error from None
        raise


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def check_file(folder: Path, entry: Entry) -> None:
    """Raise if the file is missing or its bytes have changed."""
    try:
        with (folder / entry.file).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(f"{entry.file} cannot be read ({error}). Use another copy of this backup.") from error
    if sha256 != entry.sha256:
        raise BackupError(
            f"{entry.file} is damaged: its SHA-256 is not the one in the manifest. Use another copy of this backup."
        )


def open_file(folder: Path, entry: Entry, identities: list[Any]) -> IO[bytes]:
    """Return the contents of the file, decrypted if it is encrypted."""
    source = (folder / entry.file).open("rb")
    if not entry.file.endswith(SUFFIX):
        return source
    plain = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - returned open
    try:
        with source:
            pyrage.decrypt_io(source, plain, identities)
    except (pyrage.DecryptError, OSError) as error:
        plain.close()
        raise BackupError(
            f"{entry.file} cannot be decrypted ({error}). Give the identity file of one of the keys "
            "that the backup was made with: --identity FILE."
        ) from error
    plain.seek(0)
    return plain  # type: ignore[return-value] # a SpooledTemporaryFile is read like any binary file
