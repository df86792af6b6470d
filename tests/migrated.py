"""Databases with every migration, made once for all test processes: migrating takes 10 seconds, copying none."""

import fcntl
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (["migrate", "--verbosity", "0"], ["createcachetable"])


def shared_folder(tmp_path_factory) -> Path:
    """Return the folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``name``, which the first process that needs it fills by ``make``; the others wait for it."""
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder


def migrate(folder: Path, database_url: str) -> None:
    """Run every migration; ``folder`` is bound to the database, which is a file in it if no URL is given."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
        "EPI_DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
    }
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


# ---- PostgreSQL


def with_name(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def execute(url: str, *statements: str) -> None:
    """Execute statements in the database ``postgres`` of a server, outside a transaction."""
    with closing(psycopg2.connect(with_name(url, "postgres"))) as connection:
        connection.autocommit = True
        with closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)


def template_name() -> str:
    """Return the name of this run's migrated database. Its processes share the environment of the first."""
    return "test_template_" + os.environ.setdefault("EPI_TEST_RUN", uuid.uuid4().hex[:12])


def make_template(folder: Path, url: str) -> None:
    """Create and migrate the database from which others are copied: nobody may stay connected to it."""
    name = template_name()
    execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    migrate(folder, with_name(url, name))


@contextmanager
def copied_database(url: str, name: str) -> Iterator[str]:
    """Create the database ``name`` with every migration, give its URL, and drop it at the end."""
    execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {template_name()}")
    try:
        yield with_name(url, name)
    finally:
        execute(url, f"DROP DATABASE {name} WITH (FORCE)")
