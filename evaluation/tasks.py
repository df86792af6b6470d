"""Periodic task of evaluations. Safe to run twice."""

from celery import shared_task

from .services import stages


@shared_task
def move_due_stages() -> None:
    """Every minute: move evaluations whose next stage starts today or earlier."""
    stages.move_due_stages()
