"""Reminder emails: due soon, overdue, no recent update. Each person gets at most one a day, and one for each reason."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cities.enums import Role
from cities.models import City, Decision, Membership, Person
from cities.services.notifications import email_address_of, notify, role_holders
from core import clock, locales
from core.periodic import for_each
from strategies.enums import LOCKED, Health, PeriodState
from strategies.models import Action, CityPeriod, Reminder, ReminderDay
from strategies.models.health import health_reason
from strategies.selectors.decisions import DUE_SOON as SOON
from strategies.selectors.decisions import decisions_to_remind, members_of, recipient_of, today_of

Dues = dict[Person, list["DueReminder"]]
DAY_MAX_AGE = timedelta(days=30)
FIRST_HOUR = 7  # of the city's day, so that no emails are sent at night


class DueReminder(NamedTuple):
    """One line of a reminder email."""

    key: str
    row: Any  # an action with its health, a city period or a decision


def send_due_reminders() -> None:
    """Send the reminders of each city once a day, after FIRST_HOUR local time; then those of the network's bodies."""
    cities = City.objects.annotate(reminded_on=Max("reminder_days__day"))
    for_each([city for city in cities if _is_time(city)], remind_city)
    if clock.now().astimezone(ZoneInfo(settings.TIME_ZONE)).hour >= FIRST_HOUR:
        remind_network()


def _is_time(city: Any) -> bool:
    is_morning = clock.now().astimezone(city.zone).hour >= FIRST_HOUR
    return is_morning and (city.reminded_on is None or city.reminded_on < city.today)


@transaction.atomic
def remind_city(city: City) -> None:
    """Send today's reminders of a city. The ReminderDay row prevents a second or concurrent run from sending them."""
    _day, is_new = ReminderDay.objects.get_or_create(city=city, day=city.today)
    if not is_new:
        return
    for person, dues in due_by_person(city).items():
        _remind(person, dues, city)


@transaction.atomic
def remind_network() -> None:
    """Send reminders of decisions of the network's own bodies: one for each decision and reason."""
    dues: Dues = defaultdict(list)
    coordinators = role_holders(roles=[Role.COORDINATOR])
    _add_decisions(dues, None, coordinators)
    for person, rows in dues.items():
        _remind(person, rows, None)


def delete_old_days() -> int:
    """Delete the records that a city's reminders of an earlier day were sent. Returns how many.

    The Reminder rows stay, so that nobody is reminded of one thing twice.
    """
    deleted, _by_model = ReminderDay.objects.filter(day__lt=clock.today() - DAY_MAX_AGE).delete()
    return deleted


def due_by_person(city: City) -> Dues:
    dues: Dues = defaultdict(list)
    leads = role_holders(city=city, roles=[Role.LEAD_OFFICIAL])
    for action in _actions_to_remind(city):
        for person in _action_recipients(action, leads):
            dues[person].append(DueReminder(_action_key(action), action))
    for city_period in _periods_to_remind(city):
        for person in leads:
            dues[person].append(DueReminder(_period_key(city_period), city_period))
    _add_decisions(dues, city, leads)
    return dues


def _add_decisions(dues: Dues, city: City | None, otherwise: list[Person]) -> None:
    """Add the decisions that are late or due soon: for the responsible person, or for ``otherwise`` if she has left."""
    decisions = decisions_to_remind(city)
    members = members_of(decisions, city) if decisions else set()
    for decision in decisions:
        person = recipient_of(decision, members)
        for reader in [person] if person and email_address_of(person) else otherwise:
            dues[reader].append(DueReminder(_decision_key(decision), decision))


def _decision_key(decision: Decision) -> str:
    return f"decision-{decision.pk}-{'late' if _is_past(decision) else 'soon'}-{decision.due_on}"


def _is_past(decision: Decision) -> bool:
    return decision.due_on < today_of(decision)


def _actions_to_remind(city: City) -> list[Action]:
    """Return actions that are late, without a recent update, or due within SOON."""
    members = Person.objects.filter(memberships__in=Membership.objects.current(city.today).filter(body__city=city))
    members = members.distinct().select_related("user")
    rows = Action.objects.of_city(city).active().with_health(city.today)
    near = Q(next_due_on__lte=city.today + SOON, health__in=[Health.AT_RISK, Health.ON_TRACK])
    rows = rows.filter(near | Q(health__in=[Health.LATE, Health.STALE]))
    people = [Prefetch("responsible", members), Prefetch("deputies", members, to_attr="active_deputies")]
    return list(rows.prefetch_related(*people).order_by("next_due_on", "code_sort"))


def _action_recipients(action: Action, leads: list[Person]) -> list[Person]:
    """Return the responsible person, else the deputies, else the lead officials.

    Only members of the city's bodies with an email address.
    """
    people = [action.responsible] if action.responsible else action.active_deputies
    return [person for person in people if email_address_of(person)] or leads


def _action_key(action: Action) -> str:
    if action.health == Health.STALE:
        return f"action-{action.pk}-stale-{action.last_update_on or action.starts_on}"
    word = "late" if action.health == Health.LATE else "soon"
    return f"action-{action.pk}-{word}-{action.next_due_on}"


def _periods_to_remind(city: City) -> list[CityPeriod]:
    rows = CityPeriod.objects.filter(city=city, period__due_on__lte=city.today + SOON)
    return list(rows.exclude(state__in=[*LOCKED, PeriodState.SCHEDULED]).select_related("period", "city"))


def _period_key(city_period: CityPeriod) -> str:
    word = "late" if _is_overdue(city_period) else "soon"
    return f"period-{city_period.pk}-{word}-{city_period.period.due_on}-{city_period.revision}"


def _is_overdue(city_period: CityPeriod) -> bool:
    return city_period.period.due_on < city_period.city.today


def _remind(person: Person, dues: list[DueReminder], city: City | None) -> None:
    known = set(Reminder.objects.filter(person=person).values_list("key", flat=True))
    new = [due for due in dues if due.key not in known]
    if not new:
        return
    today = city.today if city else clock.today()
    key = f"reminder-{person.pk}-{today.isoformat()}"
    if notify(person, key=key, text=lambda: _text(new), path=reverse("strategies:my_work"), city=city):
        Reminder.objects.bulk_create(Reminder(person=person, key=due.key) for due in new)


def _text(dues: list[DueReminder]) -> tuple[str, str]:
    """Return subject and body. The subject says what is due first and when; the body lists everything."""
    first = min(dues, key=lambda due: _day_of(due.row))
    subject, more = _subject(first.row), len(dues) - 1
    if more:
        words = ngettext("%(first)s, and %(count)d more reminder", "%(first)s, and %(count)d more reminders", more)
        subject = words % {"first": subject, "count": more}
    return subject, "\n\n".join(_line(due.row) for due in dues)


def _day_of(row: Action | CityPeriod | Decision) -> date:
    """Return the due date. Without one, ``date.max`` sorts the row last."""
    if isinstance(row, CityPeriod):
        return row.period.due_on
    if isinstance(row, Decision):
        return row.due_on
    return date.max if row.health == Health.STALE else min(row.next_due_on, row.ends_on)


def _subject(row: Action | CityPeriod | Decision) -> str:
    due = {"due": locales.day(_day_of(row), "medium")}
    if isinstance(row, CityPeriod):
        words = (
            _("The report for %(period)s was due on %(due)s")
            if _is_overdue(row)
            else _("Submit the report for %(period)s by %(due)s")
        )
        return words % (due | {"period": row.period.name})
    if isinstance(row, Decision):
        words = _("%(decision)s was due on %(due)s") if _is_past(row) else _("%(decision)s is due by %(due)s")
        return words % (due | {"decision": row})
    if row.health == Health.STALE:
        return _("%(action)s needs an update") % {"action": row.title}
    return _due_words(row) % (due | {"action": row.title})


def _due_words(action: Any) -> str:
    is_late, is_end = action.health == Health.LATE, _day_of(action) == action.ends_on
    if is_end:
        return _("%(action)s was due on %(due)s") if is_late else _("%(action)s is due by %(due)s")
    if is_late:
        return _("%(action)s: a milestone was due on %(due)s")
    return _("%(action)s: a milestone is due on %(due)s")


def _line(row: Action | CityPeriod | Decision) -> str:
    if isinstance(row, CityPeriod):
        words = _("The report for %(period)s is due on %(due)s.")
        if _is_overdue(row):
            words = _("The report for %(period)s was due on %(due)s. Submit it as soon as possible.")
        return words % {"period": row.period.name, "due": locales.day(row.period.due_on)}
    if isinstance(row, Decision):
        words = _("%(decision)s (decided at “%(event)s”): due on %(due)s.")
        return words % {"decision": row, "event": row.event.title, "due": locales.day(row.due_on)}
    if row.health in {Health.LATE, Health.STALE}:
        return f"{row.title}: {health_reason(row)}"
    words = _("%(action)s: the next due date is %(due)s.")
    return words % {"action": row.title, "due": locales.day(row.next_due_on)}
