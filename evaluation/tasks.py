"""Periodic tasks of evaluations. Safe to run twice."""

from celery import shared_task

from .services import recommendation_reminders, reminders, stages


@shared_task
def move_due_stages() -> None:
    """Every minute: move evaluations whose next stage starts today or earlier."""
    stages.move_due_stages()


@shared_task
def send_due_reminders() -> None:
    """Every minute: remind of stages that end in 7 or 2 days or today, each person once."""
    reminders.send_due_reminders()


@shared_task
def send_recommendation_reminders() -> None:
    """Every minute: remind of responses and promises that are due in 7 days or today, each person once."""
    recommendation_reminders.send_due_reminders()
