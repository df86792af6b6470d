"""What the tick asks for. Each is safe to run twice."""

from celery import shared_task

from .services import files


@shared_task
def sweep_pending_files() -> None:
    files.sweep_pending()
