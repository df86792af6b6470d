"""Due work of evaluations, done at the end of a restore, so that its emails are held and not sent later."""

from datetime import datetime

from .services import recommendation_reminders, reminders, stages


def run_due_work(made_at: datetime) -> str:
    """Move the stages that are due, and write today's reminders of stages and of recommendations."""
    stages.move_due_stages()
    reminders.send_due_reminders()
    recommendation_reminders.send_due_reminders()
    return ""
