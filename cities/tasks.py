"""What the tick asks for. Each is safe to run twice."""

from celery import shared_task
from django.conf import settings

from core import clock

from .services import files


@shared_task
def sweep_pending_files() -> None:
    files.sweep_pending()


@shared_task
def sweep_unknown_files() -> None:
    """In one folder at each tick, so that all have had their turn after some hours."""
    tick = int(clock.now().timestamp()) // settings.TICK_SECONDS
    files.sweep_unknown(f"{tick % files.FOLDERS:02x}")
