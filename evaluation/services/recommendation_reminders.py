"""Reminders of recommendations: 7 days before and on the due date of the response, and of what was promised."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from cities.models import Person
from core import clock
from core.periodic import for_each
from evaluation.models import Recommendation, RecommendationReminder
from evaluation.selectors.recommendations import people_who_answer

from . import recommendation_notifications as notifications
from .recommendations import locked_recommendation
from .reminders import FIRST_HOUR

DAYS_BEFORE = (0, 7)


def send_due_reminders() -> None:
    """Send the reminders that are due today, after FIRST_HOUR. Safe to call repeatedly."""
    if clock.now().astimezone(ZoneInfo(settings.TIME_ZONE)).hour < FIRST_HOUR:
        return
    rows = list(Recommendation.objects.open().for_pages())
    sent = set(
        RecommendationReminder.objects.filter(recommendation__in=rows).values_list(
            "recommendation", "due_on", "days_before"
        )
    )
    due = [row for row in rows if (days := days_due(row)) is not None and (row.pk, row.due_on, days) not in sent]
    for_each(due, remind)


def days_due(recommendation: Recommendation) -> int | None:
    """Return which of DAYS_BEFORE is due today; None if none is, or if nothing has a date."""
    if recommendation.due_on is None:
        return None
    left = (recommendation.due_on - recommendation.today).days
    return next((days for days in DAYS_BEFORE if 0 <= left <= days), None)


@transaction.atomic
def remind(recommendation: Recommendation) -> None:
    """Send one reminder to each person concerned, unless another worker has or the date has moved meanwhile."""
    row = locked_recommendation(recommendation)
    days = days_due(row)
    if days is None:
        return
    _row, is_new = RecommendationReminder.objects.get_or_create(recommendation=row, due_on=row.due_on, days_before=days)
    if is_new:
        key = f"due/{row.due_on}/{days}"
        notifications.notify_of_due_date(row, _concerned(row), key=key)


def _concerned(recommendation: Recommendation) -> list[Person]:
    """Return who answers, and whom the response names as responsible, unless that person has left."""
    response = recommendation.sent_response
    named = people_who_answer(recommendation).filter(pk=response.responsible_id) if response is not None else []
    return [*notifications.addressees(recommendation), *named]
