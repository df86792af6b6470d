"""What ``test_races`` calls of the services for meetings: rows, how many may come of it, and the call."""

from cities.models import Decision
from cities.services import decisions, minutes
from core import clock
from strategies.models import DecisionLink, Reminder
from strategies.services import decisions as decision_links
from strategies.services import reminders


def _minutes(world):
    world.event.refresh_from_db()  # its attendance has been recorded
    by, history = world.roles["lead"], world.event.history.model
    return history, 1, lambda n: minutes.save_minutes(world.event, by=by, text="Same.", version=world.event.version)


def _decisions(world):
    fields = {"text": "Same.", "responsible": world.roles["lead"].person, "due_on": clock.today()}
    by = world.roles["lead"]
    return Decision, None, lambda n: decisions.record_decision(world.event, by=by, fields=fields)


def _actions(world):
    day = world.city.today
    fields = {"code": "Y", "title": "Same code", "objective": world.objective, "starts_on": day, "ends_on": day}
    return DecisionLink, 1, lambda n: decision_links.add_action(world.decision, by=world.roles["lead"], fields=fields)


def _reminders(world):
    world.committee_decision.due_on = clock.today()
    world.committee_decision.save()
    return Reminder, 1, lambda n: reminders.remind_network()


MEETING_RACES = {
    "minutes.save_minutes": _minutes,
    "decisions.record_decision": _decisions,
    "decisions.add_action": _actions,
    "reminders.remind_network": _reminders,
}
