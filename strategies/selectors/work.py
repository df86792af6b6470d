"""What is due for a user, in order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import MailState
from accounts.models import Mail
from cities.enums import Role
from cities.models import City
from cities.rules import has_network_role, insider_city_ids, lead_city_ids, official_city_ids, person_of
from core import clock, locales
from core.collation import by_title
from strategies.enums import Health, PeriodState, PeriodVerb
from strategies.models import (
    Action,
    ActionUpdate,
    CityPeriod,
    PeriodComment,
    PeriodTransition,
    ReportingPeriod,
    UpdateDraft,
)
from strategies.models.health import health_reason
from strategies.models.visibility import current_plan_q
from strategies.work import DUE, LATE, LOW, RETURNED, SOON, WorkRow, registered_work, sort_rows

from .completeness import Completeness, completeness
from .correction_marks import ACTION, CorrectionMark, correction_marks

NEEDS_UPDATE = {Health.LATE: LATE, Health.STALE: DUE, Health.AT_RISK: DUE}
RETURNED_TITLES = {
    PeriodVerb.RETURN: gettext_lazy("%(period)s came back"),
    PeriodVerb.REOPEN: gettext_lazy("%(period)s was opened again"),
}
UNLOCKED = [PeriodState.OPEN, PeriodState.RETURNED]
MAIL_DAYS = timedelta(days=14)
MAX_NAMES = 3
MAX_PERIODS = 6  # of the open ones; usually there are one or two


@dataclass
class MyWork:
    """Due rows in order, drafts, other actions that the user may log on, and open periods.

    ``untold``: actions that an open period still needs an update on. ``others``: up to date, paused, or not started.
    """

    due: list[WorkRow] = field(default_factory=list)
    drafts: list[UpdateDraft] = field(default_factory=list)
    untold: list[Action] = field(default_factory=list)
    others: list[Action] = field(default_factory=list)
    periods: list[tuple[CityPeriod, Completeness]] = field(default_factory=list)
    reportable_periods: list[ReportingPeriod] = field(default_factory=list)  # for *no change*, earliest due date first

    @property
    def can_log_no_change(self) -> bool:
        return any(row.action_id for row in self.due) or bool(self.untold or self.others)

    @property
    def waiting(self) -> int:
        """Number of due rows, without those that have been reported in an open period already."""
        return sum(not row.is_reported for row in self.due)


def my_work(user: Any) -> MyWork:
    """Return what is due for the user. The number of queries does not depend on the number of rows."""
    actions = actions_to_log(user)
    own_city_ids = official_city_ids(user)
    reporting_city_ids = {action.city.pk for action in actions}
    unlocked = open_periods({*own_city_ids, *reporting_city_ids})
    periods = [row for row in unlocked if row.city_id in own_city_ids]
    told = [(row, completeness(row)) for row in periods[:MAX_PERIODS]]
    returned = _returned_periods(unlocked)
    pressing = [action for action in actions if action.health in NEEDS_UPDATE]
    rows = [
        *[_returned_row(row, transition) for row, transition in returned if row.city_id in own_city_ids],
        *_mark_rows(user, returned, own_city_ids),
        *[_action_row(action) for action in pressing],
        *_value_rows(told),
        *_submit_rows(user, periods),
        *_responsible_rows(user, actions),
        *_decision_rows(user),
        *_request_rows(user),
        *_mail_rows(user),
        *registered_work(user),
    ]
    quiet = [action for action in actions if action.health not in NEEDS_UPDATE]
    paused = [action for action in quiet if action.health == Health.PAUSED]
    begun = [row for row in unlocked if row.city_id in reporting_city_ids and has_begun(row)]
    until = {row.city_id: row.period.ends_on for row in begun}  # the newest one of each city
    untold = [
        row
        for row in quiet
        if row not in paused and not row.reported_in and row.city.pk in until and row.starts_on <= until[row.city.pk]
    ]
    others = [row for row in quiet if row not in untold]
    reportable_periods = list(dict.fromkeys(row.period for row in begun))
    return MyWork(sort_rows(rows), my_drafts(user), untold, others, told, reportable_periods)


def actions_to_log(user: Any) -> list[Action]:
    """Return active, unfinished actions of current strategies that the user may log on, the user's own first.

    ``reported_in``: name of the newest open period with an update on the action, or None.
    """
    if person_of(user) is None or not insider_city_ids(user):
        return []
    told = ActionUpdate.objects.active().filter(action=OuterRef("pk"), city_period__state__in=UNLOCKED)
    newest = told.order_by("-city_period__period__starts_on").values("city_period__period__name")
    rows = (
        Action.objects.loggable_by(user)
        .filter(current_plan_q("objective__area__strategy__"))
        .with_related()
        .with_health()
    )
    rows = rows.annotate(reported_in=Subquery(newest[:1]))
    going_on = [row for row in rows if row.health not in {Health.DONE, Health.CANCELLED}]
    mine = person_of(user).pk
    return sorted(going_on, key=lambda row: (row.responsible_id != mine, row.ends_on, row.code_sort))


def next_action(user: Any, *, after: Action) -> int | None:
    """Return the id of the next action that needs an update, other than ``after``; None if there is none."""
    pressing = [row for row in actions_to_log(user) if row.health in NEEDS_UPDATE and row.pk != after.pk]
    return next((row.action_id for row in sort_rows(map(_action_row, pressing)) if not row.is_reported), None)


def cities_needing_attention(user: Any) -> list[tuple[City, int]]:
    """Return the user's cities, each with the number of its actions that are late, at risk or without recent update."""
    plan = "objective__area__strategy__"
    rows = Action.objects.active().filter(current_plan_q(plan), **{f"{plan}city__in": insider_city_ids(user)})
    found = rows.with_health().filter(health__in=NEEDS_UPDATE).values_list(f"{plan}city", flat=True)
    counts = Counter(found)
    return [(city, counts[city.pk]) for city in by_title(City.objects.filter(pk__in=counts))]


def my_drafts(user: Any) -> list[UpdateDraft]:
    seen = Action.objects.loggable_by(user)
    rows = UpdateDraft.objects.filter(author=user, action__in=seen)
    return list(rows.select_related("action__objective__area__strategy__city"))


def open_periods(cities: Iterable[int]) -> list[CityPeriod]:
    """Return the open and returned periods of these cities, earliest due date first."""
    rows = CityPeriod.objects.filter(city__in=set(cities), state__in=UNLOCKED)
    return list(rows.select_related("city", "period").order_by("period__due_on"))


def started_periods(actions: Iterable[Action]) -> list[CityPeriod]:
    """Return the open periods of the actions' cities that have started, earliest due date first."""
    return [row for row in open_periods(action.city.pk for action in actions) if has_begun(row)]


def has_begun(city_period: CityPeriod) -> bool:
    return city_period.period.starts_on <= city_period.city.today


# ---- rows


def _action_row(action: Action) -> WorkRow:
    return WorkRow(
        title=action.title,
        url=reverse("strategies:action_log", args=[action.pk]),
        label=_("Log"),
        text=" ".join(part for part in (reported_text(action), health_reason(action)) if part),
        state=str(action.health),
        urgency=LOW if action.reported_in else NEEDS_UPDATE.get(action.health, LOW),
        due_on=action.next_due_on,
        action_id=action.pk,
        is_reported=bool(action.reported_in),
    )


def reported_text(action: Action) -> str:
    return _("Reported in %(period)s.") % {"period": action.reported_in} if action.reported_in else ""


def _returned_periods(periods: list[CityPeriod]) -> list[tuple[CityPeriod, PeriodTransition]]:
    """Return the periods that were returned or reopened and not moved since, with that PeriodTransition."""
    again = [row for row in periods if row.state == PeriodState.RETURNED or row.revision > 1]
    if not again:
        return []
    newest = PeriodTransition.objects.filter(city_period=OuterRef("city_period"), number__gt=OuterRef("number"))
    transitions = PeriodTransition.objects.filter(city_period__in=again, verb__in=RETURNED_TITLES).filter(
        ~Exists(newest)
    )
    why = {transition.city_period_id: transition for transition in transitions.select_related("by")}
    return [(row, why[row.pk]) for row in again if row.pk in why]


def _mark_rows(user: Any, returned: list[tuple[CityPeriod, PeriodTransition]], own_city_ids: set[int]) -> list[WorkRow]:
    """Return rows for the parts that a coordinator marked: all for officials, own actions for responsible people."""
    marks = [(row, mark) for row, transition in returned for mark in correction_marks(transition, row)]
    asked = {mark.section.pk for row, mark in marks if row.city_id not in own_city_ids and mark.section.kind == ACTION}
    own = set(Action.objects.loggable_by(user).filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()
    return [
        _mark_row(row, mark)
        for row, mark in marks
        if row.city_id in own_city_ids or (mark.section.kind == ACTION and mark.section.pk in own)
    ]


def _mark_row(city_period: CityPeriod, mark: CorrectionMark) -> WorkRow:
    words = {"title": mark.title, "period": city_period.period.name}
    return WorkRow(
        title=_("%(title)s: needs work in %(period)s") % words,
        url=mark.url,
        label=_("Correct"),
        text=mark.text,
        state=PeriodState.RETURNED,
        urgency=RETURNED,
        due_on=city_period.period.due_on,
    )


def _returned_row(city_period: CityPeriod, transition: PeriodTransition) -> WorkRow:
    words = {"who": transition.by, "why": transition.text}
    return WorkRow(
        title=RETURNED_TITLES[PeriodVerb(transition.verb)] % {"period": city_period.period.name},
        url=city_period.get_absolute_url(),
        label=_("Correct"),
        text=_("%(who)s writes: “%(why)s”") % words,
        state=PeriodState.RETURNED,
        urgency=RETURNED,
        due_on=city_period.period.due_on,
    )


def _submit_rows(user: Any, periods: list[CityPeriod]) -> list[WorkRow]:
    """For users who may submit: open periods whose last day has passed."""
    mine = lead_city_ids(user)
    over = [row for row in periods if row.city_id in mine and row.period.ends_on < row.city.today]
    return [
        WorkRow(
            title=_("Submit %(period)s") % {"period": row.period.name},
            url=row.get_absolute_url(),
            label=_("Look and submit"),
            text=_("To be submitted by %(day)s.") % {"day": locales.day(row.period.due_on)},
            state=Health.LATE if row.period.due_on < row.city.today else PeriodState.OPEN,
            urgency=LATE if row.period.due_on < row.city.today else SOON,
            due_on=row.period.due_on,
        )
        for row in over
        if row.state == PeriodState.OPEN
    ]


def _responsible_rows(user: Any, actions: list[Action]) -> list[WorkRow]:
    """For lead officials: actions whose responsible person has left the city."""
    mine = lead_city_ids(user)
    left = [row for row in actions if row.responsible_id and not row.has_responsible and row.city.pk in mine]
    return [
        WorkRow(
            title=_("Choose who is responsible for %(action)s") % {"action": action.title},
            url=reverse("strategies:action_edit", args=[action.pk]),
            label=_("Choose"),
            text=_("%(person)s, who was accountable, has left.") % {"person": action.responsible},
            state=Health.AT_RISK,
            urgency=DUE,
            due_on=action.next_due_on,
        )
        for action in left
    ]


def _decision_rows(user: Any) -> list[WorkRow]:
    """For coordinators: submitted periods, except those of their own municipality."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    rows = CityPeriod.objects.filter(state=PeriodState.SUBMITTED).select_related("city", "period")
    if municipality_id := person_of(user).organisation_id:
        rows = rows.exclude(city__municipality=municipality_id)
    transitions = PeriodTransition.objects.filter(city_period=OuterRef("pk"), verb=PeriodVerb.SUBMIT).order_by(
        "-number"
    )
    rows = rows.annotate(submitted_at=Subquery(transitions.values("at")[:1])).order_by("submitted_at")
    return [
        WorkRow(
            title=_("Accept or return %(period)s of %(city)s") % {"period": row.period.name, "city": row.city.name},
            url=row.get_absolute_url(),
            label=_("Read and decide"),
            text=_("Submitted on %(day)s.") % {"day": locales.day(row.city.day_of(row.submitted_at))},
            state=PeriodState.SUBMITTED,
            urgency=DUE,
            due_on=row.city.day_of(row.submitted_at),
        )
        for row in rows
    ]


def _request_rows(user: Any) -> list[WorkRow]:
    """For coordinators: periods that a city asks to reopen, until one of them does so or declines."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    asked = PeriodComment.objects.open_requests().select_related("author", "city_period__city", "city_period__period")
    newest = {comment.city_period_id: comment for comment in asked.order_by("pk")}
    return [_request_row(comment, comment.city_period) for comment in newest.values()]


def _request_row(comment: PeriodComment, city_period: CityPeriod) -> WorkRow:
    words = {"period": city_period.period.name, "city": city_period.city.name}
    return WorkRow(
        title=_("Reopen %(period)s of %(city)s, or decline") % words,
        url=city_period.get_absolute_url(),
        label=_("Read and decide"),
        text=_("%(who)s writes: “%(why)s”") % {"who": comment.author, "why": comment.text},
        state=PeriodState(city_period.state),
        urgency=DUE,
        due_on=city_period.city.day_of(comment.at),
    )


def _mail_rows(user: Any) -> list[WorkRow]:
    """For coordinators: emails of the last MAIL_DAYS that were not sent, or perhaps not."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    recent = Mail.objects.filter(created_at__gt=clock.now() - MAIL_DAYS)
    count = recent.filter(state__in=[MailState.FAILED, MailState.UNKNOWN]).count()
    if not count:
        return []
    words = {"count": locales.number(count)}
    return [
        WorkRow(
            title=ngettext("%(count)s email was not sent", "%(count)s emails were not sent", count) % words,
            url=reverse("accounts:mail_list"),
            label=_("Read and decide"),
            text=_("Check the mail server and the addresses, then send them again."),
            state=MailState.FAILED,
            urgency=DUE,
        )
    ]


def _value_rows(periods: list[tuple[CityPeriod, Completeness]]) -> list[WorkRow]:
    """Return one row for each period with missing values."""
    missing = [(row, [gap.title for gap in told.missing if gap.kind == "indicator"], told) for row, told in periods]
    return [_value_row(row, names, told.indicators) for row, names, told in missing if names]


def _value_row(city_period: CityPeriod, missing: list[str], total: int) -> WorkRow:
    words = {"count": len(missing), "total": total, "names": ", ".join(missing[:MAX_NAMES])}
    text = ngettext(
        "%(count)s of %(total)s is missing: %(names)s", "%(count)s of %(total)s are missing: %(names)s", len(missing)
    )
    is_over = city_period.period.ends_on < city_period.city.today
    return WorkRow(
        title=_("Indicator values for %(period)s") % {"period": city_period.period.name},
        url=reverse("strategies:values_edit", args=[city_period.pk]),
        label=_("Enter"),
        text=(text % words) + ("…" if len(missing) > MAX_NAMES else "."),
        state=Health.AT_RISK if is_over else PeriodState.OPEN,
        urgency=DUE if is_over else SOON,
        due_on=city_period.period.due_on,
    )
