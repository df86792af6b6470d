"""Decisions of meetings as tasks: in *My work*, and on the pages of decisions and actions."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from cities.enums import DecisionState, MinutesState
from cities.models import City, Decision, Event, Membership, Person
from cities.rules import chaired_meetings_q, lead_city_ids, person_of
from core import clock, locales
from strategies.enums import Health
from strategies.models import Action
from strategies.work import DUE, LATE, LOW, SOON, WorkRow

DUE_SOON = timedelta(days=7)


def decision_rows(user: Any) -> list[WorkRow]:
    """Return the open decisions that the user is responsible for; for leads also those of people who have left."""
    person = person_of(user)
    if person is None:
        return []
    of_city = Coalesce("event__city", "event__body__city")
    members = Membership.objects.current().filter(body__city=OuterRef("of_city"), person=OuterRef("responsible"))
    left = Q(of_city__in=lead_city_ids(user)) & ~Exists(members)
    rows = Decision.objects.visible_to(user).open().with_related().annotate(of_city=of_city)
    found = rows.filter(Q(responsible=person) | left).order_by("due_on", "pk")
    return [_own_row(row) if row.responsible_id == person.pk else _left_row(row) for row in found]


def minutes_rows(user: Any) -> list[WorkRow]:
    """Return the drafts of minutes that the user may approve: as chair of the body, as lead for events without one."""
    chaired = chaired_meetings_q(user)
    if chaired is None:
        return []
    rows = Event.objects.visible_to(user).active().filter(chaired, minutes_state=MinutesState.DRAFT)
    return [_minutes_row(row) for row in rows.select_related("city", "body__city").order_by("starts_at", "pk")]


def _minutes_row(event: Event) -> WorkRow:
    day = locales.day(event.starts_at, zone=event.host_city.timezone if event.host_city else None)
    return WorkRow(
        title=_("Approve the minutes: %(event)s") % {"event": event.title},
        url=reverse("cities:event_detail", args=[event.pk]),
        label=_("Read and decide"),
        text=_("The meeting was on %(day)s.") % {"day": day},
        state=MinutesState.DRAFT,
        urgency=DUE,
    )


def today_of(decision: Decision) -> Any:
    """Return today's date in the city, for meetings of the network's own bodies that of the network."""
    return decision.city.today if decision.city else clock.today()


def _own_row(decision: Decision) -> WorkRow:
    today = today_of(decision)
    is_late, is_soon = decision.due_on < today, decision.due_on <= today + DUE_SOON
    words = {"event": decision.event.title, "day": locales.day(decision.due_on)}
    text = _("Decided at “%(event)s”; due on %(day)s.")
    if is_late:
        text = _("Decided at “%(event)s”; it was due on %(day)s.")
    return WorkRow(
        title=str(decision),
        url=decision.get_absolute_url(),
        label=_("Open decision"),
        text=text % words,
        state=Health.LATE if is_late else DecisionState.OPEN,
        urgency=LATE if is_late else SOON if is_soon else LOW,
        due_on=decision.due_on,
    )


def _left_row(decision: Decision) -> WorkRow:
    return WorkRow(
        title=_("Choose who is responsible for the decision: %(decision)s") % {"decision": decision},
        url=decision.get_absolute_url(),
        label=_("Choose"),
        text=_("%(person)s, who was responsible, has left.") % {"person": decision.responsible},
        state=Health.AT_RISK,
        urgency=DUE,
        due_on=decision.due_on,
    )


def decisions_carried_out_by(action: Action, user: Any) -> list[Decision]:
    """Return the decisions that are tied to the action, as far as the user may read them."""
    rows = Decision.objects.visible_to(user).filter(action_link__action=action).select_related("responsible")
    return list(rows.order_by("due_on", "pk"))


def actions_for_decisions(decision: Decision, user: Any) -> Any:
    """Return the actions of the city's plan that the decision can be tied to."""
    return Action.objects.of_city(decision.city).active().visible_to(user).order_by("code_sort", "pk")


def decisions_to_remind(city: City | None) -> list[Decision]:
    """Return the open decisions that are late or due soon: of a city, or of the network's own bodies (None)."""
    rows = Decision.objects.open().filter(due_on__lte=(city.today if city else clock.today()) + DUE_SOON)
    rows = rows.of_city(city) if city else rows.filter(event__city=None, event__body__city=None)
    rows = rows.filter(event__cancelled_at=None).select_related("responsible__user", "event__city", "event__body__city")
    return list(rows.order_by("due_on", "pk"))


def members_of(decisions: list[Decision], city: City | None) -> set[tuple[int | None, int]]:
    """Return pairs of body and person for the current members; in a city the body is None, since any body counts."""
    rows = Membership.objects.current(city.today if city else None)
    if city:
        return {(None, person) for person in rows.filter(body__city=city).values_list("person", flat=True)}
    return set(rows.filter(body__in={row.event.body_id for row in decisions}).values_list("body", "person"))


def recipient_of(decision: Decision, members: set[tuple[int | None, int]]) -> Person | None:
    """Return the responsible person, if still a member."""
    key = (None if decision.city else decision.event.body_id, decision.responsible_id)
    return decision.responsible if key in members else None
