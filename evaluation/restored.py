"""Due work of evaluations, done at the end of a restore, so that its emails are held and not sent later."""

from datetime import datetime

from .services import stages


def run_due_work(made_at: datetime) -> str:
    """Move the stages that are due."""
    stages.move_due_stages()
    return ""
