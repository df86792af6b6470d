"""Periodic tasks: open periods on their opening day in each city, send reminders, delete what is no longer needed."""

from celery import shared_task

from strategies.services import periods, reminders


@shared_task
def open_due_periods() -> None:
    """Run every minute. A period that another worker has opened is skipped."""
    periods.open_due_periods()


@shared_task
def send_due_reminders() -> None:
    """Run every minute. Each person gets at most one reminder email a day."""
    reminders.send_due_reminders()


@shared_task
def delete_old_reminder_days() -> None:
    reminders.delete_old_days()
