"""``manifest.json``: what a backup holds, by which version it was made, and the SHA-256 of each file."""

import json
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from core.private_files import private_file
from core.snapshots import canonical, sha256_hex

from .archive import Entry
from .exceptions import BackupError

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Table:
    """The file of one table. ``last_id`` is the highest id given so far, deleted rows included."""

    model: str
    table: str
    rows: int
    last_id: int | None
    entry: Entry


@dataclass(frozen=True)
class StoredBytes:
    """One stored file: its path in the storage, and the file of the backup that holds it."""

    path: str
    entry: Entry


@dataclass
class Manifest:
    made_at: datetime
    engine: str
    is_encrypted: bool
    migrations: list[str]
    tables: list[Table] = field(default_factory=list)
    files: list[StoredBytes] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)  # named by a row, and not in the storage
    differences: list[str] = field(default_factory=list)  # what ``verify`` found wrong in the original
    not_carried: list[str] = field(default_factory=list)  # tables
    version: str = ""

    def entries(self) -> list[Entry]:
        return [*(table.entry for table in self.tables), *(stored.entry for stored in self.files)]


def product_version() -> str:
    with (Path(settings.BASE_DIR) / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    contents = asdict(manifest) | {"format": FORMAT, "version": product_version()}
    plain = json.loads(canonical(contents))
    plain["sha256"] = sha256_hex(canonical(plain))
    text = json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False)
    with open(folder / NAME, "x", encoding="utf-8", opener=private_file) as file:
        file.write(text + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest; raise if it is missing, damaged or in another format."""
    path = folder / NAME
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        sha256 = contents.pop("sha256")
    except OSError as error:
        raise BackupError(f"{folder} is not a backup: {path.name} cannot be read ({error}).") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BackupError(f"{path.name} is damaged. Use another copy of this backup.") from error
    if sha256_hex(canonical(contents)) != sha256:
        raise BackupError(f"{path.name} is damaged: its own SHA-256 differs. Use another copy of this backup.")
    if (given := contents.pop("format", None)) != FORMAT:
        raise BackupError(
            f"This backup has format {given}, and this version reads {FORMAT}. Install the version it names."
        )
    return _manifest(contents)


def _manifest(contents: dict[str, Any]) -> Manifest:
    tables = [Table(**row | {"entry": Entry(**row["entry"])}) for row in contents.pop("tables")]
    files = [StoredBytes(row["path"], Entry(**row["entry"])) for row in contents.pop("files")]
    made_at = datetime.fromisoformat(contents.pop("made_at"))
    return Manifest(**contents, made_at=made_at, tables=tables, files=files)


# ---- migrations


def applied_migrations(using: str) -> list[str]:
    recorder = MigrationRecorder(connections[using])
    return sorted(f"{app}.{name}" for app, name in recorder.applied_migrations())


def refuse_unfinished_migrations(using: str) -> None:
    """Raise if migrations have not been applied: the code expects the tables that they create."""
    executor = MigrationExecutor(connections[using])
    known = executor.loader.disk_migrations
    unknown = [key for key in executor.loader.applied_migrations if known and key not in known]
    if executor.migration_plan(executor.loader.graph.leaf_nodes()) or unknown:
        raise BackupError(
            "The migrations of this database are not those of the installed version. "
            "Install the version that last ran here, or run manage.py migrate, then run this command again."
        )


def refuse_other_migrations(manifest: Manifest, using: str) -> None:
    """Raise unless the backup was made by code with the same migrations."""
    disk = MigrationExecutor(connections[using]).loader.disk_migrations
    known, applied = {f"{app}.{name}" for app, name in disk}, set(manifest.migrations)
    if not known and not applied:
        return
    if newer := sorted(applied - known):
        raise BackupError(
            f"This backup was made by version {manifest.version}, which has migrations that are not installed here: "
            f"{_some(newer)}. Install that version and restore again."
        )
    if older := sorted(known - applied):
        raise BackupError(
            f"This backup was made by version {manifest.version}, before these migrations: {_some(older)}. "
            "Install that version, restore, then install this one and run manage.py migrate."
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
