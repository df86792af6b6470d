"""Periodic tasks. Each is safe to run twice."""

from celery import shared_task
from django.conf import settings

from core import clock

from .services import files, invitations


@shared_task
def delete_pending_files() -> None:
    files.delete_old_pending()


@shared_task
def delete_unknown_files() -> None:
    """Check one folder in each run, so that all are checked within some hours."""
    tick = int(clock.now().timestamp()) // settings.PERIODIC_SECONDS
    files.delete_unknown(f"{tick % files.FOLDERS:02x}")


@shared_task
def delete_old_invitations() -> None:
    invitations.delete_old_invitations()
