"""Periods: created for every city, moved from state to state, frozen in a snapshot when they are submitted."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cities.enums import BodyKind
from cities.models import City, Membership, Person
from cities.rules import OFFICIALS, is_coordinator, person_of
from core import clock, locales
from core.available import Check, register, require
from core.exceptions import InputRefused, ReasonMissing
from core.locking import lock_name
from core.periodic import for_each
from core.services import check_version, lock, require_rule, save_with_history, translate_lock_errors, validate
from core.text_limits import LINE
from strategies.enums import LOCKED, TRANSITIONS, CommentKind, PeriodState
from strategies.exceptions import OwnMunicipality, PeriodLocked, StrategyError, TransitionNotAllowed
from strategies.models import (
    CityPeriod,
    Narrative,
    PeriodComment,
    PeriodRevision,
    ReportingPeriod,
)
from strategies.rules import is_own_municipality
from strategies.selectors.correction_marks import sections_of
from strategies.selectors.period_contents import period_contents

from . import notifications
from .transitions import change_state, freeze, send_state_changed

PERIODS = "reporting periods"  # name of the lock under which the network's periods are checked and saved
EASTERNMOST = "Pacific/Kiritimati"  # the time zone where each day begins first

# ---- the network's periods


@transaction.atomic
def create_period(
    *, name: str, starts_on: date, ends_on: date, opens_on: date, due_on: date, by: Any
) -> ReportingPeriod:
    """Create a period, scheduled in every city, also if it has ended. Raises PermissionRefused or InputRefused."""
    period = ReportingPeriod(name=name, starts_on=starts_on, ends_on=ends_on, opens_on=opens_on, due_on=due_on)
    require_rule(by, "strategies.add_reportingperiod", period)
    return save_period(period, by=by)


@transaction.atomic
def save_period(period: ReportingPeriod, *, by: Any) -> ReportingPeriod:
    """Save a new or changed period. Its dates must be in order and must not overlap another period.

    A new one is scheduled in every city. Raises PermissionRefused or InputRefused.
    """
    require_rule(by, f"strategies.{'change' if period.pk else 'add'}_reportingperiod", period)
    lock_name(PERIODS)
    validate(period)
    if errors := period_errors(period):
        raise InputRefused(errors)
    cities = [] if period.pk else list(City.objects.all())
    save_with_history(period, by)
    for city in cities:
        CityPeriod.objects.get_or_create(city=city, period=period)
    ensure_city_periods()
    return period


def period_errors(period: ReportingPeriod) -> dict[str, str]:
    """Return one sentence for each value that does not fit the other periods, by field name."""
    errors = {}
    others = ReportingPeriod.objects.exclude(pk=period.pk)
    if others.filter(starts_on__lte=period.ends_on, ends_on__gte=period.starts_on).exists():
        errors["starts_on"] = _("These days are already part of another period. Choose other days.")
    stored = ReportingPeriod.objects.filter(pk=period.pk).first() if period.pk else None
    moved = stored and (stored.starts_on, stored.ends_on) != (period.starts_on, period.ends_on)
    if (moved or stored is None) and not errors:
        errors |= _gap_errors(period, others)
    if moved and CityPeriod.objects.filter(period=period, transition_count__gt=0).exists():
        errors["starts_on"] = _("Cities have started to report on this period, so its days cannot be changed.")
    return errors


def _gap_errors(period: ReportingPeriod, others: Any) -> dict[str, str]:
    """Refuse days that lie in no period, between this one and its neighbours."""
    before = others.filter(ends_on__lt=period.starts_on).order_by("-ends_on").first()
    after = others.filter(starts_on__gt=period.ends_on).order_by("starts_on").first()
    errors = {}
    if before and before.ends_on + timedelta(1) < period.starts_on:
        words = {"name": before.name, "day": locales.day(before.ends_on + timedelta(1))}
        errors["starts_on"] = _("Days after %(name)s would not belong to any period. Start on %(day)s.") % words
    if after and period.ends_on + timedelta(1) < after.starts_on:
        words = {"name": after.name, "day": locales.day(after.starts_on - timedelta(1))}
        errors["ends_on"] = _("Days before %(name)s would not belong to any period. End on %(day)s.") % words
    return errors


def ensure_city_periods() -> None:
    """Create the missing city periods, in the state *scheduled*.

    Each city has each period that had not ended on the day it was added to the site. A coordinator can add older ones.
    """
    periods = list(ReportingPeriod.objects.all())
    lacking = list(_cities_with_fewer_periods(len(periods)))
    have = set(CityPeriod.objects.filter(city__in=lacking).values_list("city", "period")) if lacking else set()
    for city in lacking:
        since = city.day_of(city.added_at) if city.added_at else date.min
        for period in periods:
            if period.ends_on >= since and (city.pk, period.pk) not in have:
                CityPeriod.objects.get_or_create(city=city, period=period)


def _cities_with_fewer_periods(count: int) -> Any:
    rows = CityPeriod.objects.filter(city=OuterRef("pk")).order_by().values("city").annotate(count=Count("pk"))
    cities = City.objects.annotate(period_count=Coalesce(Subquery(rows.values("count")), 0)).with_added_at()
    return cities.filter(period_count__lt=count)


@transaction.atomic
def add_city_period(city: City, period: ReportingPeriod, *, by: Any) -> CityPeriod:
    """Schedule a period in a city that was added after its end. Return the existing row if there is one.

    It opens at once, as its opening day has passed. Raises PermissionRefused.
    """
    require_rule(by, "strategies.add_cityperiod", CityPeriod(city=city, period=period))
    return CityPeriod.objects.get_or_create(city=city, period=period)[0]


def ensure_next_period(day: date) -> ReportingPeriod:
    """Create the period after the last one or, if there is none, the quarter of ``day``."""
    last = ReportingPeriod.objects.order_by("-starts_on").first()
    if last is None:
        starts_on = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        months, opens_after, due_after = 3, timedelta(0), timedelta(30)
    else:
        starts_on = last.ends_on + timedelta(1)
        months = max(round((starts_on - last.starts_on).days / 30.44), 1)
        opens_after, due_after = last.opens_on - last.starts_on, last.due_on - last.ends_on
    ends_on = months_later(starts_on, months) - timedelta(1)
    dates: dict[str, Any] = {
        "ends_on": ends_on,
        "opens_on": min(starts_on + opens_after, ends_on),
        "due_on": ends_on + due_after,
    }
    dates["name"] = _name_of(starts_on, ends_on, months)
    period, _made = ReportingPeriod.objects.get_or_create(starts_on=starts_on, defaults=dates)
    ensure_city_periods()
    return period


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _name_of(starts_on: date, ends_on: date, months: int) -> str:
    """Return a name that needs no translation. A coordinator can change it."""
    name = f"{starts_on.isoformat()} – {ends_on.isoformat()}"
    if months == 3 and starts_on.day == 1 and starts_on.month % 3 == 1:
        quarter = f"{starts_on.year} Q{starts_on.month // 3 + 1}"
        return name if ReportingPeriod.objects.filter(name=quarter).exists() else quarter
    return name


# ---- one city's period, from state to state


def _needs_state(verb: str) -> Check:
    def check(city_period: CityPeriod, _user: Any) -> None:
        if city_period.state not in TRANSITIONS[verb][0]:
            raise TransitionNotAllowed

    return check


def _check_opening_day(city_period: CityPeriod, user: Any) -> None:
    """A coordinator may open a period earlier."""
    if user is None and city_period.period.opens_on > city_period.city.today:
        raise StrategyError(_("This period has not opened yet."))
    _needs_state("open")(city_period, user)


def _refuse_own_municipality(city_period: CityPeriod, user: Any) -> None:
    if is_coordinator(user) and is_own_municipality(user, city_period):
        raise OwnMunicipality


def _check_is_locked(city_period: CityPeriod, _user: Any) -> None:
    if not city_period.is_locked:
        raise TransitionNotAllowed(_("This period is open, so you can change it without asking."))


def _check_has_request(city_period: CityPeriod, _user: Any) -> None:
    if not city_period.comments.open_requests().exists():
        raise TransitionNotAllowed(_("There is no request to reopen this period, or it has already been answered."))


def _check_is_unsubmitted(city_period: CityPeriod, _user: Any) -> None:
    if PeriodState(city_period.state) in LOCKED:
        raise TransitionNotAllowed(
            _("The period has been submitted. The expert group can endorse or comment only before submission.")
        )


def _check_is_unlocked(city_period: CityPeriod, _user: Any) -> None:
    if city_period.is_locked:
        raise PeriodLocked


register(CityPeriod, "open", "strategies.open_cityperiod", check=_check_opening_day)
for _verb in ("submit", "publish", "reopen"):
    register(CityPeriod, _verb, f"strategies.{_verb}_cityperiod", check=_needs_state(_verb))
for _verb in ("return", "accept"):
    register(
        CityPeriod,
        _verb,
        f"strategies.{_verb}_cityperiod",
        check=_needs_state(_verb),
        denied=_refuse_own_municipality,
    )
register(CityPeriod, "request_reopen", "strategies.request_reopen_cityperiod", check=_check_is_locked)
register(CityPeriod, "decline_reopen", "strategies.reopen_cityperiod", check=_check_has_request)
register(CityPeriod, "comment", "strategies.comment_cityperiod", check=_check_is_unsubmitted)
register(CityPeriod, "endorse", "strategies.comment_cityperiod", check=_check_is_unsubmitted)
register(CityPeriod, "write_narrative", "strategies.change_narrative", check=_check_is_unlocked)


def _lock_for(city_period: CityPeriod, name: str, by: Any) -> CityPeriod:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now (``core.available``)."""
    city_period = lock(city_period, "city", "period")
    require(city_period, name, by)
    return city_period


@transaction.atomic
def open_period(city_period: CityPeriod, *, by: Any = None) -> CityPeriod:
    """Open a period, by a task on its opening day in the city (``by=None``) or earlier by a coordinator.

    Raises PermissionRefused, TransitionNotAllowed, or StrategyError if a task does it too early.
    """
    city_period = _lock_for(city_period, "open", by)
    city_period, transition = change_state(city_period, "open", by=by)
    send_state_changed(city_period, transition)
    return city_period


def open_due_periods() -> list[CityPeriod]:
    """Open every period whose opening day has come in its city. Skips those that another worker opens meanwhile."""
    ensure_city_periods()
    latest = clock.today(EASTERNMOST)
    waiting = CityPeriod.objects.filter(state=PeriodState.SCHEDULED, period__opens_on__lte=latest)
    waiting = waiting.select_related("city", "period")
    due = [row for row in waiting if row.period.opens_on <= row.city.today]
    return [row for row in for_each(due, _open_if_scheduled) if row]


def _open_if_scheduled(city_period: CityPeriod) -> CityPeriod | None:
    try:
        return open_period(city_period)
    except TransitionNotAllowed:
        return None


@transaction.atomic
def submit_period(city_period: CityPeriod, *, by: Any, on_behalf_of: Person | None = None) -> PeriodRevision:
    """Submit the period and freeze its contents. ``on_behalf_of``: the responsible official, by default ``by``.

    Raises PermissionRefused, TransitionNotAllowed, or InputRefused if that person is not an official of the city.
    """
    city_period = _lock_for(city_period, "submit", by)
    responsible = on_behalf_of or person_of(by)
    office = Membership.objects.current(city_period.city.today).filter(
        body__kind=BodyKind.CITY_OFFICE, body__city=city_period.city_id, role__in=OFFICIALS
    )
    if not office.filter(person=responsible).exists():
        raise InputRefused({"on_behalf_of": _("Choose an official of the city.")})
    city_period, transition = change_state(city_period, "submit", by=by, on_behalf_of=responsible)
    revision = freeze(city_period, period_contents(city_period))
    send_state_changed(city_period, transition, revision)
    return revision


@transaction.atomic
def return_period(
    city_period: CityPeriod, *, by: Any, comments: str, marks: Mapping[str, str] | None = None
) -> CityPeriod:
    """Return a submitted period for correction. The submitted revision stays; the city continues in the next one.

    ``marks``: ``{ReportSection.key: comment}`` for each part that needs correction; a comment may be empty. Raises
    PermissionRefused, OwnMunicipality, TransitionNotAllowed, ReasonMissing or InputRefused.
    """
    return _decide(city_period, "return", by=by, text=comments, marks=marks or {})


@transaction.atomic
def accept_period(city_period: CityPeriod, *, by: Any) -> CityPeriod:
    """Accept a submitted period. Raises PermissionRefused, OwnMunicipality or TransitionNotAllowed."""
    return _decide(city_period, "accept", by=by)


@transaction.atomic
def reopen_period(city_period: CityPeriod, *, by: Any, reason: str) -> CityPeriod:
    """Unlock the facts. Readers outside the city get the old revision until the next one is submitted.

    Raises PermissionRefused, TransitionNotAllowed or ReasonMissing.
    """
    return _decide(city_period, "reopen", by=by, text=reason)


def _decide(
    city_period: CityPeriod, verb: str, *, by: Any, text: str = "", marks: Mapping[str, str] | None = None
) -> CityPeriod:
    city_period = _lock_for(city_period, verb, by)
    entries = _mark_entries(city_period, marks) if marks else []
    city_period, transition = change_state(city_period, verb, by=by, text=text, marks=entries)
    send_state_changed(city_period, transition)
    return city_period


def _mark_entries(city_period: CityPeriod, marks: Mapping[str, str]) -> list[dict]:
    """Return the marked parts with title and comment, in the order of the submission. Raises for unknown parts."""
    newest = city_period.revisions.order_by("-number").first()
    known = {section.key: section for section in sections_of(newest)}
    if any(len(text) > LINE for text in marks.values()):
        raise InputRefused({"marks": _("Enter at most %(count)s characters for each part.") % {"count": LINE}})
    if marks.keys() - known.keys():
        raise InputRefused({"marks": _("Select parts of what was submitted.")})
    return [
        {"kind": section.kind, "id": section.pk, "title": section.title, "text": marks[key].strip()}
        for key, section in known.items()
        if key in marks
    ]


@transaction.atomic
def publish_period(city_period: CityPeriod, *, by: Any) -> CityPeriod:
    """Make the accepted revision public. Raises PermissionRefused or TransitionNotAllowed."""
    city_period = _lock_for(city_period, "publish", by)
    city_period, transition = change_state(city_period, "publish", by=by)
    send_state_changed(city_period, transition)
    return city_period


# ---- comments and narrative


@transaction.atomic
def request_reopen(city_period: CityPeriod, *, by: Any, reason: str) -> PeriodComment:
    """Record the city's request to reopen a locked period, and notify the coordinators.

    Raises PermissionRefused, TransitionNotAllowed or ReasonMissing.
    """
    city_period = _lock_for(city_period, "request_reopen", by)
    comment = _comment(city_period, CommentKind.ASK_REOPEN, by=by, text=reason)
    notifications.notify_reopen_request(comment)
    return comment


@transaction.atomic
def decline_reopen(city_period: CityPeriod, *, by: Any, reason: str) -> PeriodComment:
    """Answer the city's request to reopen: the period stays as it is. Notifies the city's officials.

    Raises PermissionRefused, TransitionNotAllowed (nothing is asked) or ReasonMissing.
    """
    city_period = _lock_for(city_period, "decline_reopen", by)
    comment = _comment(city_period, CommentKind.DECLINE, by=by, text=reason)
    notifications.notify_of_comment(comment)
    return comment


@transaction.atomic
def comment_period(city_period: CityPeriod, *, by: Any, text: str) -> PeriodComment:
    """Add a comment by the expert group.

    Raises PermissionRefused, ReasonMissing, or TransitionNotAllowed if it is locked.
    """
    comment = _comment(_lock_for(city_period, "comment", by), CommentKind.COMMENT, by=by, text=text)
    notifications.notify_of_comment(comment)
    return comment


@transaction.atomic
def endorse_period(city_period: CityPeriod, *, by: Any, text: str = "") -> PeriodComment:
    """Add the endorsement of a member of the expert group, once for each revision; a second call returns the first.

    Raises PermissionRefused, TransitionNotAllowed if the period is locked, or StrategyError for another text.
    """
    city_period = _lock_for(city_period, "endorse", by)
    said = city_period.comments.filter(kind=CommentKind.ENDORSEMENT, revision=city_period.revision, author=by)
    if found := said.first():
        if text.strip() not in {"", found.text}:
            raise StrategyError(_("You have already endorsed this period. Write a comment to add something."))
        return found
    comment = _comment(city_period, CommentKind.ENDORSEMENT, by=by, text=text)
    notifications.notify_of_comment(comment)
    return comment


def _comment(city_period: CityPeriod, kind: str, *, by: Any, text: str) -> PeriodComment:
    """Add a comment; return the newest one instead if it is the same. Call with the period locked."""
    if kind != CommentKind.ENDORSEMENT and not text.strip():
        raise ReasonMissing
    fields = {"kind": kind, "revision": city_period.revision, "text": text.strip(), "author": by}
    newest = city_period.comments.last()
    if newest is not None and all(getattr(newest, name) == value for name, value in fields.items()):
        return newest
    return PeriodComment.objects.create(city_period=city_period, **fields)


@transaction.atomic
def save_narrative(
    city_period: CityPeriod, *, by: Any, text: str, language: str, version: int | None = None
) -> Narrative:
    """Save the city's own account of the period. ``version`` is None for the first text.

    Raises PermissionRefused or PeriodLocked; EditConflict if ``version`` is not the stored one.
    """
    city_period = _lock_for(city_period, "write_narrative", by)
    narrative = Narrative.objects.filter(city_period=city_period).first()
    if narrative is None:
        narrative = Narrative(city_period=city_period)
    else:
        check_version(narrative, version if version is not None else 0)
    narrative.text, narrative.language = text.strip(), language
    with translate_lock_errors():
        save_with_history(narrative, by)
    return narrative
