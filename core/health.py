"""Health checks for load balancers, containers and operators: is the process alive, and can it serve?"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import structlog
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import installation, periodic, triggers

log = structlog.get_logger(__name__)


class NotReady(Exception):
    """A part answers, but not as it should. The message is our own and contains no secret."""


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive; checks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Check each part that a page needs; status 503 if one fails. The cause is only logged."""
    states = {name: check_part(name, check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in states.values())
    return JsonResponse({"ready": ready, "parts": states}, status=200 if ready else 503)


def check_part(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        return str(error)
    except Exception:  # any library error means that this part has failed; the others are still checked
        log.exception("part not ready", part=name)
        return "no answer"
    return "ok"


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady(f"{len(waiting)} migrations wait: run manage.py migrate")


def ask_locks() -> None:
    """Check the triggers that protect submitted data: a restore or another tool may have dropped them."""
    if gone := triggers.missing():
        raise NotReady(f"{len(gone)} locks are missing in the database: run manage.py migrate")


def check_installation() -> None:
    if installation.problem():
        raise NotReady("database and data folder do not belong together: run manage.py check --database default")


def check_cache() -> None:
    cache.get("readyz")


def check_broker() -> None:
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        for folder in ("data_folder_in", "data_folder_out"):
            if not os.access(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS[folder]), os.W_OK | os.X_OK):
                raise NotReady("the folder of messages cannot be written")
        return
    with current_app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=3)


def check_storage() -> None:
    """Check that files can be stored, without writing one: anybody may ask as often as they like."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():  # the first file makes the folder
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):  # also where the file system is read-only
        raise NotReady("the folder of files cannot be written")
    if shutil.disk_usage(folder).free < settings.UPLOAD_MAX_BYTES:
        raise NotReady("the disk has no room for another file")


def check_background() -> None:
    """Check that worker and beat run: each periodic task has ended lately."""
    overdue = periodic.overdue_tasks()
    if not overdue:
        return
    minutes = int(min(overdue.values()).total_seconds() // 60)
    schedule = settings.CELERY_BEAT_SCHEDULE.values()
    if all(entry["task"] in overdue for entry in schedule if entry["schedule"] == settings.PERIODIC_SECONDS):
        raise NotReady(f"no periodic task has ended for {minutes} minutes: worker or beat has stopped")
    raise NotReady(f"not ended for {minutes} minutes: {', '.join(sorted(overdue))}")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "locks": ask_locks,
    "installation": check_installation,
    "cache": check_cache,
    "broker": check_broker,
    "storage": check_storage,
    "background": check_background,
}
