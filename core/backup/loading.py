"""``manage.py restore``: into an empty database and an empty storage, in one transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DataError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from core import installation, stored_files, triggers, versions
from core.verification import check_rows, check_triggers, differences_in

from .archive import check_file, open_file
from .exceptions import BackupError
from .hooks import run_after_restore
from .limits import MOST, refused_values
from .manifest import Manifest, Table, read_manifest, refuse_other_migrations
from .media import refuse_filled_storage, refuse_paths_outside, staged_files
from .rows import BATCH, NOT_CARRIED, Json, Model, carried_models, columns_of, parse_lines
from .sequences import set_last_id

MADE_BY_MIGRATE = {"contenttypes.contenttype", "auth.permission"}  # replaced, since their ids differ


@dataclass
class Restored:
    manifest: Manifest
    notes: list[str] = field(default_factory=list)


def restore_backup(folder: Path, identities: list[Any]) -> Restored:
    """Restore everything or nothing. Errors that can be found beforehand are raised before anything is changed."""
    manifest = read_manifest(folder)
    if manifest.is_encrypted and not identities:
        raise BackupError("This backup is encrypted. Name the file with its private key: --identity FILE.")
    refuse_other_migrations(manifest, DEFAULT_DB_ALIAS)
    _refuse_other_tables(manifest)
    _refuse_filled_database()
    refuse_filled_storage()
    _check_archive(folder, manifest, identities)
    _migrate()
    installation.renew()
    with staged_files(folder, manifest, identities) as files, transaction.atomic():
        _load(folder, manifest, identities)
        versions.forget_all()
        notes = run_after_restore(manifest.made_at)
        connection.run_on_commit = []  # workers are not called from here: they find the rows that wait
        files.put_into_place()
        stored_files.delete_redacted()
    return Restored(manifest, notes)


# ---- before anything is changed


def _refuse_other_tables(manifest: Manifest) -> None:
    known = {model._meta.label_lower for model in carried_models()}
    held = {table.model for table in manifest.tables}
    if known != held:
        names = ", ".join(sorted(known ^ held))
        raise BackupError(
            f"The tables of the installed version differ from those of this backup: {names}. "
            "Install the version that made the backup."
        )


def _refuse_filled_database() -> None:
    there = set(connection.introspection.table_names())
    rows = [model for model in carried_models() if model._meta.db_table in there and _has_rows(model)]
    if filled := [model._meta.db_table for model in rows]:
        raise BackupError(
            f"The database is not empty: {', '.join(filled[:5])} contain rows. Restore into a new, empty database."
        )


def _has_rows(model: Model) -> bool:
    return model._meta.label_lower not in MADE_BY_MIGRATE and model._base_manager.exists()


def _check_archive(folder: Path, manifest: Manifest, identities: list[Any]) -> None:
    """Read every file once and check hash, key, number of rows, and values that PostgreSQL would refuse."""
    refuse_paths_outside(manifest)
    for entry in manifest.entries():
        check_file(folder, entry)
    refused: list[str] = []
    for table, model in _tables(manifest):
        count = 0
        for values in _rows_of(folder, table, model, identities):
            count += 1
            if connection.vendor == "postgresql" and len(refused) <= MOST:
                refused.extend(refused_values(model, values))
        if count != table.rows:
            raise BackupError(f"{table.entry.file} holds {count} rows instead of {table.rows}. Use another copy.")
    if refused:
        raise BackupError(
            "PostgreSQL does not accept these values. Correct them in the original, make a new backup and restore "
            "that:\n" + "\n".join(f"  {line}" for line in refused[:MOST]) + ("\n  and more" * (len(refused) > MOST))
        )


def _tables(manifest: Manifest) -> Iterator[tuple[Table, Model]]:
    models = {model._meta.label_lower: model for model in carried_models()}
    return ((table, models[table.model]) for table in manifest.tables)


def _rows_of(folder: Path, table: Table, model: Model, identities: list[Any]) -> Iterator[list[Any]]:
    with open_file(folder, table.entry, identities) as file:
        yield from parse_lines(model, file)


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    there = set(connection.introspection.table_names())
    has_tables = all(model._meta.db_table in there for model in carried_models())
    if not has_tables or executor.migration_plan(executor.loader.graph.leaf_nodes()):
        # run_syncdb: without migrations, as in tests, the tables come from the models
        call_command("migrate", interactive=False, verbosity=0, run_syncdb=True)


# ---- within the transaction


def _load(folder: Path, manifest: Manifest, identities: list[Any]) -> None:
    _refuse_filled_database()  # again: somebody may have started the site meanwhile
    installed = triggers.installed()
    triggers.drop_all()
    _clear_what_migrate_made()
    for table, model in _tables(manifest):
        _insert(model, _rows_of(folder, table, model, identities))
    _check_references()
    for table, model in _tables(manifest):
        set_last_id(model, table.last_id, DEFAULT_DB_ALIAS)
    triggers.restore(installed)
    ContentType.objects.clear_cache()
    _check_loaded(manifest)


def _clear_what_migrate_made() -> None:
    labels = MADE_BY_MIGRATE | NOT_CARRIED
    for model in carried_models():
        if model._meta.label_lower in labels:
            model._base_manager.all()._raw_delete(DEFAULT_DB_ALIAS)


def _insert(model: Model, rows: Iterable[list[Any]]) -> None:
    fields, rows = columns_of(model), iter(rows)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    size = connection.ops.bulk_batch_size(fields, [None] * BATCH)
    one = f"({', '.join(['%s'] * len(fields))})"
    with connection.cursor() as cursor:
        while batch := list(islice(rows, size)):
            values = [_for_database(field, value) for row in batch for field, value in zip(fields, row, strict=True)]
            placeholders = ", ".join([one] * len(batch))
            try:
                cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {placeholders}", values)  # noqa: S608 - names of models
            except (DataError, IntegrityError) as error:
                raise BackupError(
                    f"The database does not accept the rows of {model._meta.db_table}: {error}"
                ) from error


def _for_database(field: Any, value: Any) -> Any:
    if isinstance(value, Json):
        return connection.ops.adapt_json_value(value.value, value.encoder)
    if value is None or isinstance(value, str | int):
        return value  # true for every field here, and much faster than asking it
    return field.get_db_prep_save(value, connection)


def _check_references() -> None:
    try:
        connection.check_constraints()
    except IntegrityError as error:
        raise BackupError(f"A row of this backup refers to one that does not exist: {error}") from error


def _check_loaded(manifest: Manifest) -> None:
    """Check triggers, hashes and transitions; differences that the original had are expected here too."""
    for table, model in _tables(manifest):
        if (count := model._base_manager.count()) != table.rows:
            raise BackupError(f"{table.table} holds {count} rows instead of {table.rows} after loading.")
    found = differences_in({"triggers": check_triggers(), **check_rows()})
    if new := sorted(set(found) - set(manifest.differences)):
        raise BackupError("The restored rows differ from the original:\n" + "\n".join(f"  {line}" for line in new))
