"""The bell: a row with a state is the queue, and Celery only tells a worker that a row waits."""

from celery import current_app
from django.db import transaction


def ring(task: str, pk: int) -> None:
    """After the commit, tell a worker that a row waits; unheard, it is rung again by the tick."""

    def send() -> None:  # not a partial: Django logs the failure of a robust hook by its __qualname__
        current_app.send_task(task, [pk], expires=60)

    transaction.on_commit(send, robust=True)
