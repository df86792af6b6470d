"""What the clock does: periods open on their day in each city, and people are reminded, once a day at most."""

from celery import shared_task

from strategies.services import periods, reminders


@shared_task
def open_due_periods() -> None:
    """Each minute; a period that another worker has opened meanwhile is left alone."""
    periods.open_due_periods()


@shared_task
def send_due_reminders() -> None:
    """Each minute; a person's letter of the day is written once."""
    reminders.send_due_reminders()
