"""Wake a worker for a database row: the row with its state is the queue, Celery only delivers the message."""

from celery import current_app
from django.db import transaction


def enqueue(task: str, pk: int) -> None:
    """Enqueue a task for the row after the commit. A lost message is enqueued again by a periodic task."""

    def send() -> None:  # not a partial: Django logs the failure of a robust hook by its __qualname__
        current_app.send_task(task, [pk], expires=60)

    transaction.on_commit(send, robust=True)
