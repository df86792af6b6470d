"""``manage.py backup``: the database as of one moment, and the files that its rows name."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from core import clock, installation
from core.private_files import make_private_folder
from core.stored_files import stored_rows
from core.verification import check_rows, differences_in

from .archive import add_file
from .exceptions import BackupError
from .limits import MOST, refused_values
from .manifest import Manifest, Table, applied_migrations, refuse_unfinished_migrations, write_manifest
from .media import FileCopies, storage_root
from .rows import Model, carried_models, header, read_rows, to_line
from .sequences import last_id
from .snapshot import database_snapshot


@dataclass
class Report:
    """What was written, and problems that the operator should look at."""

    manifest: Manifest
    problems: list[str] = field(default_factory=list)  # in the original; the backup holds it as it is
    only_sqlite: list[str] = field(default_factory=list)  # what PostgreSQL would refuse


def write_backup(target: Path, recipients: list[Any]) -> Report:
    """Write a new folder ``target``, complete or not at all; encrypted if there are ``recipients``."""
    target = target.absolute()
    _refuse_target(target)
    refuse_unfinished_migrations(DEFAULT_DB_ALIAS)
    if problem := installation.problem():  # backups of a wrong database would outlive those of the right one
        raise BackupError(problem)
    make_private_folder(target.parent)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
    try:
        report = _write(partial, recipients)
        os.sync()
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial)
        raise
    return report


def _refuse_target(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BackupError(f"{target} is not a folder. Name one that does not exist yet.")
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty. Name a folder that does not exist yet, one for each backup.")
    root = storage_root()
    if target == root or root in target.parents:
        raise BackupError(f"{target} is within the folder of stored files. Name another place.")


def _write(folder: Path, recipients: list[Any]) -> Report:
    copies = FileCopies(folder, recipients)
    copies.copy_all()
    with database_snapshot() as using:
        report = Report(_manifest(using, bool(recipients)))
        for model in carried_models():
            report.manifest.tables.append(_add_table(folder, model, using, recipients, report.only_sqlite))
        _add_files(copies, using, report)
    report.manifest.differences = differences_in(check_rows())
    report.problems += report.manifest.differences
    write_manifest(folder, report.manifest)
    return report


def _manifest(using: str, is_encrypted: bool) -> Manifest:
    return Manifest(
        made_at=clock.now(),
        engine=connections[using].vendor,
        is_encrypted=is_encrypted,
        migrations=applied_migrations(using),
        not_carried=_other_tables(using),
    )


def _other_tables(using: str) -> list[str]:
    """Return tables without a model, except those of the cache and of Django's migrations."""
    ours = {model._meta.db_table for model in carried_models()}
    ours |= {str(cache.get("LOCATION")) for cache in settings.CACHES.values()}
    return sorted(set(connections[using].introspection.table_names()) - ours - {"django_migrations"})


def _add_table(folder: Path, model: Model, using: str, recipients: list[Any], refused: list[str]) -> Table:
    count = 0
    last = last_id(model, using)

    def lines() -> Iterator[bytes]:
        nonlocal count
        yield header(model)
        for values in read_rows(model, using):
            count += 1
            if len(refused) < MOST:
                refused.extend(refused_values(model, values))
            yield to_line(values)

    entry = add_file(folder, f"tables/{model._meta.db_table}.jsonl", lines(), recipients)
    return Table(model._meta.label_lower, model._meta.db_table, count, last, entry)


def _add_files(copies: FileCopies, using: str, report: Report) -> None:
    missing = copies.copy_all(using)
    rows = list(stored_rows(using))
    copies.drop_others({row.path for row in rows})
    report.manifest.files = copies.as_stored()
    report.manifest.missing_files = sorted(row.path for row in missing)
    report.problems += [f"stored file {path}: cannot be read" for path in report.manifest.missing_files]
    report.problems += [f"stored file {path}: does not match its SHA-256" for path in copies.damaged(rows)]
