"""What is due for a user, in order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Subquery
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import MailState
from accounts.models import Mail
from cities.enums import Role
from cities.models import City
from cities.rules import has_network_role, insider_city_ids, lead_city_ids, official_city_ids, person_of
from core import clock, locales
from core.available import available_actions
from core.collation import by_title
from core.form_inputs import unsaved_inputs
from core.links import url_of
from core.models import FormInput
from strategies.enums import Health, PeriodState, PeriodVerb
from strategies.models import (
    Action,
    CityPeriod,
    PeriodComment,
    PeriodTransition,
    ReportingPeriod,
)
from strategies.models.health import health_reason
from strategies.models.reported import newest_open_period
from strategies.models.visibility import current_plan_q
from strategies.work import DUE, LATE, RETURNED, SOON, WorkRow, registered_work, sort_rows

from .completeness import Progress, progress_of
from .correction_marks import ACTION, CorrectionMark, correction_marks
from .first_steps import first_step_rows

NEEDS_UPDATE = {Health.LATE: LATE, Health.STALE: DUE, Health.AT_RISK: DUE}
RETURNED_TITLES = {
    PeriodVerb.RETURN: gettext_lazy("The report for %(period)s was returned"),
    PeriodVerb.REOPEN: gettext_lazy("%(period)s was reopened"),
}
UNLOCKED = [PeriodState.OPEN, PeriodState.RETURNED]
MAIL_DAYS = timedelta(days=14)
MAX_NAMES = 3
MAX_PERIODS = 6  # of the open ones; usually there are one or two


class ActionToLog(NamedTuple):
    """One action of the user, with its status. There may be hundreds, so no models are made of them.

    ``reported_in``: name of the newest open period with an update on the action, or None. ``in_city``: id of its city.
    """

    pk: int
    title: str
    code_sort: str
    starts_on: date
    ends_on: date
    responsible_id: int | None
    responsible_name: str | None
    in_city: int
    health: str
    current_stage: str | None
    last_update_on: date | None
    next_milestone_on: date | None
    progress: int
    expected: int
    has_responsible: bool
    milestone_count: int
    reached_count: int
    reported_in: str | None
    local_today: date

    @property
    def next_due_on(self) -> date:
        return self.next_milestone_on or self.ends_on


@dataclass
class MyWork:
    """Due rows in order, drafts, other actions that the user may log on, and open periods.

    ``untold``: actions that an open period still needs an update on. ``attention``: reported in an open period, but
    late, at risk or without a recent update. ``others``: up to date, paused, or not started.
    """

    due: list[WorkRow] = field(default_factory=list)
    drafts: list[FormInput] = field(default_factory=list)
    untold: list[ActionToLog] = field(default_factory=list)
    attention: list[ActionToLog] = field(default_factory=list)
    others: list[ActionToLog] = field(default_factory=list)
    periods: list[tuple[CityPeriod, Progress]] = field(default_factory=list)
    reportable_periods: list[ReportingPeriod] = field(default_factory=list)  # for *no change*, earliest due date first

    @property
    def can_log_no_change(self) -> bool:
        return any(row.action_id for row in self.due) or bool(self.untold or self.attention or self.others)


def my_work(user: Any) -> MyWork:
    """Return what is due for the user. The number of queries does not depend on the number of rows."""
    seen = open_periods(insider_city_ids(user))
    actions = actions_to_log(user, _same_day(user, seen))
    own_city_ids = official_city_ids(user)
    reporting_city_ids = {action.in_city for action in actions}
    unlocked = [row for row in seen if row.city_id in own_city_ids | reporting_city_ids]
    periods = [row for row in unlocked if row.city_id in own_city_ids]
    shown = periods[:MAX_PERIODS]
    told = list(zip(shown, progress_of(shown), strict=True))
    returned = _returned_periods(unlocked)
    pressing = [action for action in actions if action.health in NEEDS_UPDATE]
    attention = [action for action in pressing if action.reported_in]
    rows = [
        *[_returned_row(row, transition) for row, transition in returned if row.city_id in own_city_ids],
        *_mark_rows(user, returned, own_city_ids),
        *[_action_row(action) for action in pressing if not action.reported_in],
        *_value_rows(told),
        *_submit_rows(user, periods),
        *_responsible_rows(user, actions),
        *_decision_rows(user),
        *_request_rows(user),
        *_mail_rows(user),
        *first_step_rows(user, reporting_city_ids),
        *registered_work(user),
    ]
    quiet = [action for action in actions if action.health not in NEEDS_UPDATE]
    begun = [row for row in unlocked if row.city_id in reporting_city_ids and has_begun(row)]
    until = {row.city_id: row.period.ends_on for row in begun}  # the newest one of each city
    untold = [
        row
        for row in quiet
        if row.health != Health.PAUSED
        and not row.reported_in
        and row.in_city in until
        and row.starts_on <= until[row.in_city]
    ]
    untold_ids = {row.pk for row in untold}
    others = [row for row in quiet if row.pk not in untold_ids]
    reportable_periods = list(dict.fromkeys(row.period for row in begun))
    return MyWork(sort_rows(rows), unsaved_inputs(user), untold, attention, others, told, reportable_periods)


def _same_day(user: Any, periods: list[CityPeriod]) -> date | None:
    """Return today's date in all cities of the user if it is known to be the same, which makes cheaper SQL."""
    days = {row.city_id: row.city.today for row in periods}
    return next(iter(days.values())) if days.keys() == insider_city_ids(user) and len({*days.values()}) == 1 else None


def actions_to_log(user: Any, today: date | None = None) -> list[ActionToLog]:
    """Return active, unfinished actions of current strategies that the user may log on, the user's own first.

    ``today`` replaces the date in each city.
    """
    if person_of(user) is None or not insider_city_ids(user):
        return []
    rows = Action.objects.loggable_by(user).filter(current_plan_q("objective__area__strategy__")).with_health(today)
    rows = rows.annotate(
        reported_in=newest_open_period(),
        in_city=F("objective__area__strategy__city"),
        responsible_name=F("responsible__name"),
    )
    given = () if today is None else (today,)  # the last field; dates of hundreds of rows take long to read
    columns = ActionToLog._fields[: len(ActionToLog._fields) - len(given)]
    found = [ActionToLog(*row, *given) for row in rows.order_by().values_list(*columns)]
    going_on = [row for row in found if row.health not in {Health.DONE, Health.CANCELLED}]
    mine = person_of(user).pk
    return sorted(going_on, key=lambda row: (row.responsible_id != mine, row.ends_on, row.code_sort))


def next_action(user: Any, *, after: Action) -> int | None:
    """Return the id of the next action that needs an update, other than ``after``; None if there is none."""
    rows = [row for row in actions_to_log(user) if row.health in NEEDS_UPDATE and not row.reported_in]
    return next((row.action_id for row in sort_rows(map(_action_row, rows)) if row.action_id != after.pk), None)


def cities_needing_attention(user: Any) -> list[tuple[City, int]]:
    """Return the user's cities, each with the number of its actions that are late, at risk or without recent update."""
    plan = "objective__area__strategy__"
    rows = Action.objects.active().filter(current_plan_q(plan), **{f"{plan}city__in": insider_city_ids(user)})
    found = rows.with_health().filter(health__in=NEEDS_UPDATE).values_list(f"{plan}city", flat=True)
    counts = Counter(found)
    return [(city, counts[city.pk]) for city in by_title(City.objects.filter(pk__in=counts))]


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


def _action_row(action: ActionToLog) -> WorkRow:
    return WorkRow(
        title=action.title,
        url=url_of("strategies:action_log", action.pk),
        label=_("Log update"),
        text=_lazy_reason(action),  # of hundreds, the page shows the first ones
        state=str(action.health),
        urgency=NEEDS_UPDATE[Health(action.health)],
        due_on=action.next_due_on,
        action_id=action.pk,
    )


_lazy_reason = lazy(health_reason, str)


def reported_text(action: ActionToLog) -> str:
    """Say in which open period the action is reported, and why it needs attention, if either is so."""
    reported = _("Reported in %(period)s.") % {"period": action.reported_in} if action.reported_in else ""
    reason = health_reason(action) if action.health in NEEDS_UPDATE else ""
    return " ".join(part for part in (reported, reason) if part)


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
        title=_("%(title)s needs correcting in the report for %(period)s") % words,
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
    over = [row for row in periods if row.state == PeriodState.OPEN and row.period.ends_on < row.city.today]
    return [
        WorkRow(
            title=_("Submit the report for %(period)s") % {"period": row.period.name},
            url=row.get_absolute_url(),
            label=_("Review and submit"),
            text=_("Due on %(day)s.") % {"day": locales.day(row.period.due_on)},
            state=Health.LATE if row.period.due_on < row.city.today else PeriodState.OPEN,
            urgency=LATE if row.period.due_on < row.city.today else SOON,
            due_on=row.period.due_on,
        )
        for row in over
        if available_actions(row, user, is_found=True)["submit"]
    ]


def _responsible_rows(user: Any, actions: list[ActionToLog]) -> list[WorkRow]:
    """For lead officials: actions whose responsible person has left the city."""
    mine = lead_city_ids(user)
    left = [row for row in actions if row.responsible_id and not row.has_responsible and row.in_city in mine]
    return [
        WorkRow(
            title=_("Choose who is responsible for %(action)s") % {"action": action.title},
            url=reverse("strategies:action_edit", args=[action.pk]),
            label=_("Choose"),
            text=_("%(person)s, who was responsible, has left.") % {"person": action.responsible_name},
            state=Health.AT_RISK,
            urgency=DUE,
            due_on=action.next_due_on,
        )
        for action in left
    ]


def _decision_rows(user: Any) -> list[WorkRow]:
    """For coordinators: submitted periods that they may accept."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    rows = CityPeriod.objects.filter(state=PeriodState.SUBMITTED).select_related("city", "period")
    transitions = PeriodTransition.objects.filter(city_period=OuterRef("pk"), verb=PeriodVerb.SUBMIT).order_by(
        "-number"
    )
    rows = rows.annotate(submitted_at=Subquery(transitions.values("at")[:1])).order_by("submitted_at")
    return [
        WorkRow(
            title=_("Accept or return the report from %(city)s for %(period)s")
            % {"period": row.period.name, "city": row.city.name},
            url=row.get_absolute_url(),
            label=_("Read and decide"),
            text=_("Submitted on %(day)s.") % {"day": locales.day(row.city.day_of(row.submitted_at))},
            state=PeriodState.SUBMITTED,
            urgency=DUE,
            due_on=row.city.day_of(row.submitted_at),
        )
        for row in rows
        if available_actions(row, user, is_found=True)["accept"]
    ]


def _request_rows(user: Any) -> list[WorkRow]:
    """For coordinators: periods that a city asks to reopen, until one of them does so or declines."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    asked = PeriodComment.objects.open_requests().select_related("author", "city_period__city", "city_period__period")
    newest = {comment.city_period_id: comment for comment in asked.order_by("pk")}
    return [
        _request_row(comment, row)
        for row, comment in ((comment.city_period, comment) for comment in newest.values())
        if available_actions(row, user, is_found=True)["reopen"]
    ]


def _request_row(comment: PeriodComment, city_period: CityPeriod) -> WorkRow:
    words = {"period": city_period.period.name, "city": city_period.city.name}
    return WorkRow(
        title=_("Reopen %(period)s for %(city)s, or decline the request") % words,
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
            text=_("Check the email server and the addresses, then send them again."),
            state=MailState.FAILED,
            urgency=DUE,
        )
    ]


def _value_rows(periods: list[tuple[CityPeriod, Progress]]) -> list[WorkRow]:
    """Return one row for each period with missing values."""
    missing = [(row, told.indicators_without_value, told.indicators) for row, told in periods]
    return [_value_row(row, names, total) for row, names, total in missing if names]


def _value_row(city_period: CityPeriod, missing: list[str], total: int) -> WorkRow:
    words = {"count": len(missing), "total": total, "names": ", ".join(missing[:MAX_NAMES])}
    text = ngettext(
        "%(count)s of %(total)s is missing: %(names)s", "%(count)s of %(total)s are missing: %(names)s", len(missing)
    )
    is_over = city_period.period.ends_on < city_period.city.today
    return WorkRow(
        title=_("Indicator values for %(period)s") % {"period": city_period.period.name},
        url=reverse("strategies:values_edit", args=[city_period.pk]),
        label=_("Enter values"),
        text=(text % words) + ("…" if len(missing) > MAX_NAMES else "."),
        state=Health.AT_RISK if is_over else PeriodState.OPEN,
        urgency=DUE if is_over else SOON,
        due_on=city_period.period.due_on,
    )
