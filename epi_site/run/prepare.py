"""Prepare the site in a process of its own: tables, static files, the demo."""

import os
import shutil
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts.enums import DEMO_DOMAIN
from core import fonts, health, installation, triggers
from epi_site.settings.env import env_bool

from .bind_address import bind_address_from_environment

LOADING_MARKER = "demo-is-loading"
NO_FONTS = {
    "alphabets": "No fonts for PDFs (make fonts): reports cannot show Amharic, Bengali, Hindi, Thai or Tigrinya.",
    "chinese": "No Chinese fonts for PDFs (make fonts-chinese): reports cannot show Chinese.",
}


def announce(line: str) -> None:
    """Print a line for the person at the terminal, before the step that it names."""
    print(line, flush=True)  # noqa: T201


def prepare() -> None:
    remove_partial_demo()
    if not is_collected():
        announce("Collecting and compressing static files ...")
        call_command("collectstatic", interactive=False, verbosity=0)
    migrate()
    if triggers.missing():
        raise SystemExit("Not started: the locks of submitted periods could not be created in the database.")
    if problem := installation.problem():  # before the demo is loaded into the folder of another database
        raise SystemExit(f"Not started: {problem}")
    call_command("createcachetable", verbosity=0)
    if settings.DEMO_ALLOWED and env_bool("EPI_DEMO", default=True):
        load_demo()
    refuse_old_demo_in_public()


def is_collected() -> bool:
    """Return whether the static files are current. Compressing takes seconds, so it is done only after a change."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if not manifest.exists():
        return False
    files = (storage.path(name) for finder in get_finders() for name, storage in finder.list([]))
    newest = max(os.stat(file).st_mtime for file in (*files, settings.BASE_DIR / "requirements.txt"))
    return newest < manifest.stat().st_mtime


def migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        announce("Updating tables ..." if executor.loader.applied_migrations else "Creating tables ...")
    call_command("migrate", interactive=False, verbosity=0)


def load_demo() -> None:
    """Load the demo into an empty network. A marker file exists meanwhile, since loading is not one transaction."""
    marker = settings.DATA_DIR / LOADING_MARKER
    if not apps.get_model("accounts", "User").objects.exists():
        marker.touch()
        announce("Loading the demonstration ...")
    call_command("seed_demo", if_empty=True, verbosity=0)
    marker.unlink(missing_ok=True)


def remove_partial_demo() -> None:
    """Delete a demo whose loading was interrupted: the site has not answered since, so nobody has entered data."""
    marker = settings.DATA_DIR / LOADING_MARKER
    if not marker.exists():
        return
    if not settings.IS_SQLITE:
        raise SystemExit(
            f"Not started: loading the demo was interrupted. Empty the database, then remove {marker}, and start again."
        )
    announce("Loading the demo was interrupted; it starts again.")
    database = settings.DATABASES["default"]["NAME"]
    for file in (f"{database}{ending}" for ending in ("", "-wal", "-shm")):
        Path(file).unlink(missing_ok=True)
    for folder in (settings.MEDIA_ROOT, settings.EMAIL_FILE_PATH):
        shutil.rmtree(folder, ignore_errors=True)
    marker.unlink()


def refuse_old_demo_in_public() -> None:
    """Exit if others could reach an earlier demo: EPI_DEMO=0 does not remove it from the database."""
    if bind_address_from_environment().is_loopback or env_bool("EPI_DEMO_FORCE"):
        return
    if apps.get_model("accounts", "User").objects.filter(email__iendswith=DEMO_DOMAIN).exists():
        raise SystemExit(
            f"Not started: the data in {settings.DATA_DIR} contain demo accounts, whose password is public. "
            "Set EPI_DATA_DIR to another folder, or EPI_DEMO_FORCE=1 to run with them anyway."
        )


def degraded() -> list[str]:
    """Return one sentence for each thing that works less well because a server is missing."""
    found = []
    if settings.IS_SQLITE:
        found.append("No PostgreSQL (DATABASE_URL): SQLite allows one writer at a time; enough for a small network.")
    if not settings.REDIS_URL:
        found.append(
            "No Redis (REDIS_URL): the cache is in the database, at the cost of one more query each time it is read."
        )
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        found.append(
            "No broker (CELERY_BROKER_URL): messages to the worker pass through a folder, on this machine only; "
            "one that is lost is sent again within a minute or two."
        )
    if settings.REDIS_URL and health.check_part("cache", health.check_cache) != "ok":
        found.append("Redis (REDIS_URL) does not respond: nobody can sign in until it does.")
    if settings.CELERY_BROKER_URL.startswith("redis") and health.check_part("broker", health.check_broker) != "ok":
        found.append("The broker (CELERY_BROKER_URL) does not respond: reports and emails wait until it does.")
    if not settings.EMAIL_HOST:
        found.append(f"No SMTP (SMTP_HOST): emails are not sent; they are written to {settings.EMAIL_FILE_PATH}.")
    found.extend(NO_FONTS[name] for name in fonts.missing_sets())
    return found


def database_error_sentence(error: OperationalError) -> str:
    """Return one sentence with what to set or to start, and the message of the database."""
    said = (str(error).strip().splitlines() or [repr(error)])[0]
    where = f"the file {settings.DATABASES['default']['NAME']}" if settings.IS_SQLITE else "the server in DATABASE_URL"
    return f"Not started: the database cannot be used. Check that {where} can be reached. The error was: {said}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")
    try:
        django.setup()
        prepare()
    except (CommandError, ImproperlyConfigured) as error:
        raise SystemExit(f"Not started: {error}") from error
    except OperationalError as error:
        raise SystemExit(database_error_sentence(error)) from error
    for sentence in degraded():
        announce(f"  - {sentence}")
