"""Periodic tasks. Each is safe to run twice."""

from celery import shared_task
from django.conf import settings

from core import clock, quarantine, stored_files

from .services import files, invitations


@shared_task
def delete_pending_files() -> None:
    files.delete_old_pending()
    stored_files.delete_redacted()  # if the process died after a redaction


@shared_task
def quarantine_unknown_files() -> None:
    """Check one folder in each run, so that all are checked within some hours; then look into the quarantine."""
    tick = int(clock.now().timestamp()) // settings.PERIODIC_SECONDS
    quarantine.quarantine_unknown(f"{tick % files.FOLDERS:02x}")
    quarantine.put_back_known()
    quarantine.delete_old()


@shared_task
def delete_old_invitations() -> None:
    invitations.delete_old_invitations()
