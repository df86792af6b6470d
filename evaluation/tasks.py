"""Periodic task of evaluations. Safe to run twice."""

from celery import shared_task

from .services import stages


@shared_task
def move_due_stages() -> None:
    """Each minute: evaluations whose next stage has come."""
    stages.move_due_stages()
