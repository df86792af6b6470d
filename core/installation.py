"""One id in the database and in the folder of stored files, so that nothing is deleted for the wrong database.

A forgotten DATABASE_URL, or one that names another database, would make every stored file look unknown. ``migrate`` and
``restore`` write the id in both; whatever moves or deletes files, makes a backup or starts the site compares it first.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core import checks
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from . import stored_files
from .private_files import make_private_folder, private_file


def _model() -> Any:
    """Not imported: `make run` imports this module before the models are loaded."""
    return apps.get_model("core", "InstallationId")


def id_file() -> Path:
    return Path(default_storage.path(stored_files.ID_FILE))


def id_of_folder() -> UUID | None:
    try:
        return UUID(id_file().read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


def id_of_database() -> UUID | None:
    return _model().objects.values_list("value", flat=True).first()


def problem() -> str:
    """Return a sentence that says what to do if database and folder do not belong together, else ""."""
    of_database, of_folder = id_of_database(), id_of_folder()
    if of_database is None or of_folder is None:
        return (
            f"The database and the folder of files {id_file().parent} have no common installation id. "
            "Check DATABASE_URL and EPI_DATA_DIR, then run “manage.py migrate”: "
            "it gives them an id if they belong together."
        )
    if of_database != of_folder:
        return (
            f"The database and the folder of files {id_file().parent} belong to different installations. "
            "Set DATABASE_URL and EPI_DATA_DIR to a database and a folder that belong together. "
            f"If these do, delete {id_file()} and run “manage.py migrate”."
        )
    return ""


def bind() -> None:
    """Give database and folder one id if most stored files are known to the database, as in an empty folder.

    A folder that has files and the id of another database stays as it is.
    """
    row, is_new = _model().objects.get_or_create(pk=1)
    if row.value == (of_folder := id_of_folder()):
        return
    unknown = stored_files.unknown_files(min_age=timedelta(0))
    if 2 * len(unknown.paths) > unknown.total or (of_folder and unknown.total and not is_new):
        return
    make_private_folder(id_file().parent)
    with open(id_file(), "w", encoding="ascii", opener=private_file) as file:
        file.write(f"{row.value}\n")


def renew() -> None:
    """Give the database and the empty folder of a restored copy a new id, which the original has not."""
    _model().objects.all().delete()
    bind()


# ---- signal and check


def on_post_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """Bind after the last migration; the tables of the rows that name files may not be there before."""
    if sender.label != "core" or using != DEFAULT_DB_ALIAS:
        return
    executor = MigrationExecutor(connections[using])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        bind()


def check_bound(app_configs: Any, databases: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check that database and folder belong together (``manage.py check --database default``)."""
    if DEFAULT_DB_ALIAS not in (databases or []):
        return []
    if _model()._meta.db_table not in connections[DEFAULT_DB_ALIAS].introspection.table_names():
        return []  # the tables do not exist yet
    said = problem()
    return [checks.Error(said, id="epi.E003")] if said else []
