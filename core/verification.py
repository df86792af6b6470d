"""The checks of ``manage.py verify``. Apps register theirs in ``ready()``; each returns the differences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.core.files.storage import default_storage

from . import clock, triggers
from .models import HashedSnapshot
from .snapshots import sha256_hex

UPLOADING = timedelta(hours=1)  # an unknown file that is younger may belong to a row that is being written


@dataclass
class Result:
    """The result of a check. ``notes`` are printed but do not count as differences."""

    checked: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Check = Callable[[], Result]
_checks: dict[str, Check] = {}
_hashed: dict[Any, str] = {}
_file_models: list[Any] = []


def register(name: str, check: Check) -> None:
    """Add a check of rows; ``backup`` and ``restore`` run it too."""
    _checks[name] = check


def register_hash(model: Any, content: str = "snapshot") -> None:
    """Check that each row's ``sha256`` is the hash of its field ``content``. Not needed for ``HashedSnapshot``."""
    _hashed[model] = content


def register_files(model: Any) -> None:
    """Check each row's stored file by ``path``, ``size`` and ``sha256``; ``backup`` copies it."""
    if model not in _file_models:
        _file_models.append(model)


def check_rows() -> dict[str, Result]:
    """Run every check that reads only the database."""
    return {"hashes": check_hashes(), **{name: check() for name, check in sorted(_checks.items())}}


def check_everything() -> dict[str, Result]:
    return {"triggers": check_triggers(), **check_rows(), "stored files": check_files()}


def differences_in(results: dict[str, Result]) -> list[str]:
    return [line for result in results.values() for line in result.differences]


# ---- the database


def check_triggers() -> Result:
    missing = [f"trigger {name} is missing" for name in sorted(triggers.missing())]
    changed = [f"trigger {name} differs from what is registered" for name in sorted(triggers.differing_triggers())]
    return Result(len(triggers.installed()), missing + changed)


def check_hashes() -> Result:
    """Compare every frozen snapshot and file in the database with its hash."""
    result = Result()
    hashed_snapshots = {model: "snapshot" for model in apps.get_models() if issubclass(model, HashedSnapshot)}
    for model, content in sorted((hashed_snapshots | _hashed).items(), key=lambda pair: pair[0]._meta.label):
        rows = model._base_manager.order_by("pk").values_list("pk", content, "sha256")
        for pk, stored, sha256 in rows.iterator(chunk_size=50):
            result.checked += 1
            if sha256_hex(stored if isinstance(stored, str) else bytes(stored)) != sha256:
                result.differences.append(f"{model._meta.label_lower} {pk}: {content} does not match its SHA-256")
    return result


# ---- the storage


class StoredRow(NamedTuple):
    model: Any
    pk: Any
    path: str
    size: int
    sha256: str

    def is_kept(self) -> bool:
        """Return False if the row has been deleted since it was read."""
        return self.model._base_manager.filter(pk=self.pk).exists()


def stored_rows(using: str | None = None) -> Iterator[StoredRow]:
    for model in _file_models:
        rows = model._base_manager.using(using).order_by("pk").values_list("pk", "path", "size", "sha256")
        for row in rows.iterator(chunk_size=500):
            yield StoredRow(model, *row)


def check_files() -> Result:
    """Compare each stored file with its row, and list the files that no row names."""
    result, known = Result(), set()
    for row in stored_rows():
        known.add(row.path)
        result.checked += 1
        if (problem := _problem_of(row)) and row.is_kept():
            result.differences.append(f"{row.model._meta.label_lower} {row.pk}, {row.path}: {problem}")
    result.notes = [f"{path}: no row knows this file" for path in _unknown(known)]
    return result


def _problem_of(row: StoredRow) -> str:
    try:
        with default_storage.open(row.path) as file:
            size, sha256 = file.size, file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if size != row.size:
        return f"has {size} bytes instead of {row.size}"
    return "" if sha256 == row.sha256 else "does not match its SHA-256"


def _unknown(known: set[str]) -> list[str]:
    root, young = Path(default_storage.path("")), (clock.now() - UPLOADING).timestamp()
    found = {str(file.relative_to(root)): file for file in root.rglob("*") if file.is_file()}
    return [path for path, file in sorted(found.items()) if path not in known and _is_older(file, young)]


def _is_older(file: Path, moment: float) -> bool:
    try:
        return file.stat().st_mtime < moment
    except FileNotFoundError:  # deleted while the folder was read
        return False
