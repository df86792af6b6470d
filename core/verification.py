"""The checks of ``manage.py verify``. Apps register theirs in ``ready()``; each returns the differences."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import file_digest
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage

from . import installation, quarantine, redaction_list, stored_files, triggers
from .models import HashedSnapshot, RedactedRow
from .snapshots import sha256_hex
from .stored_files import StoredRow, stored_rows


@dataclass
class Result:
    """The result of a check. ``notes`` are printed but do not count as differences."""

    checked: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Check = Callable[[], Result]
_checks: dict[str, Check] = {}
_hashed: dict[Any, str] = {}


def register(name: str, check: Check) -> None:
    """Add a check of rows; ``backup`` and ``restore`` run it too."""
    _checks[name] = check


def register_hash(model: Any, content: str = "snapshot") -> None:
    """Check that each row's ``sha256`` is the hash of its field ``content``. Not needed for ``HashedSnapshot``."""
    _hashed[model] = content


def check_rows() -> dict[str, Result]:
    """Run every check that reads only the database."""
    return {"hashes": check_hashes(), **{name: check() for name, check in sorted(_checks.items())}}


def check_everything() -> dict[str, Result]:
    outside = {"redaction list": check_redaction_list(), "stored files": check_files()}
    return {"triggers": check_triggers(), **check_rows(), **outside}


def differences_in(results: dict[str, Result]) -> list[str]:
    return [line for result in results.values() for line in result.differences]


# ---- the database


def check_triggers() -> Result:
    missing = [f"trigger {name} is missing" for name in sorted(triggers.missing())]
    changed = [f"trigger {name} differs from what is registered" for name in sorted(triggers.differing_triggers())]
    return Result(len(triggers.installed()), missing + changed)


def check_hashes() -> Result:
    """Compare every frozen snapshot and file in the database with its hash.

    Of a redacted row, only the content that its newest redaction left is accepted.
    """
    result = Result()
    hashed_snapshots = {model: "snapshot" for model in apps.get_models() if issubclass(model, HashedSnapshot)}
    for model, content in sorted((hashed_snapshots | _hashed).items(), key=lambda pair: pair[0]._meta.label):
        redacted = _redacted_hashes(model)
        rows = model._base_manager.order_by("pk").values_list("pk", content, "sha256")
        for pk, stored, sha256 in rows.iterator(chunk_size=50):
            result.checked += 1
            found = sha256_hex(stored if isinstance(stored, str) else bytes(stored))
            if (sha256, found) != redacted.get(pk, (sha256, sha256)):
                result.differences.append(f"{model._meta.label_lower} {pk}: {content} does not match its SHA-256")
    return result


def _redacted_hashes(model: Any) -> dict[int, tuple[str, str]]:
    """Return by row the hash that was issued, and that of what its newest redaction left."""
    rows = RedactedRow.objects.filter(table_name=model._meta.db_table).exclude(new_sha256="").order_by("pk")
    return {pk: (old, new) for pk, old, new in rows.values_list("row_id", "old_sha256", "new_sha256")}


# ---- the storage


def check_files() -> Result:
    """Compare each stored file with its row, and list the files that no row names.

    A few of these are left by uploads that broke off. Many of them, or another installation's id, are a difference.
    """
    result, known = Result(), set()
    for row in stored_rows():
        known.add(row.path)
        result.checked += 1
        if (problem := _problem_of(row)) and row.is_kept():
            result.differences.append(f"{row.model._meta.label_lower} {row.pk}, {row.path}: {problem}")
    result.differences += [f"{path}: was redacted, and is still there" for path in stored_files.redacted_paths()]
    unknown = stored_files.unknown_files(known)
    result.differences += filter(None, [installation.problem(), quarantine.too_many(unknown)])
    result.notes = [f"{path}: no row knows this file" for path in unknown.paths]
    result.notes += [f"{file.relative_to(quarantine.root())}: in quarantine" for file in quarantine.files()]
    return result


def check_redaction_list() -> Result:
    """Check that the list from which a restore repeats redactions names all of them."""
    missing = redaction_list.missing_records()
    lines = [f"core.redactionrecord {row.pk}: is not in {redaction_list.path()}" for row in missing]
    return Result(len(missing), lines)


def _problem_of(row: StoredRow) -> str:
    try:
        with default_storage.open(row.path) as file:
            size, sha256 = file.size, file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if size != row.size:
        return f"has {size} bytes instead of {row.size}"
    return "" if sha256 == row.sha256 else "does not match its SHA-256"
