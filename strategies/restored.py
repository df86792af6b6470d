"""Due work of periods, done at the end of a restore, so that its emails are held and not sent later."""

from datetime import datetime

from cities.models import City
from core.periodic import for_each

from .services import periods, reminders


def run_due_work(made_at: datetime) -> str:
    """Open the periods that are due, and write today's reminders of every city and of the network."""
    periods.open_due_periods()
    for_each(list(City.objects.all()), reminders.remind_city)
    reminders.remind_network()
    return ""
