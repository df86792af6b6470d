"""Status of an action: the same rules in SQL and in Python, kept equal by tests. Not stored while a period is open.

The first rule that holds applies: cancelled, done, paused, not started, late, stale, at risk, on track. "Today" is the
date in the city's time zone.
"""

from datetime import date, datetime
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Func, IntegerField, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock, locales
from strategies.enums import Health, ImplementationStage

ZONE = "objective__area__strategy__city__timezone"


# ---- SQL


class LocalDate(Func):
    """The date at a moment in the time zone that is named in a column."""

    output_field = models.DateField()

    def __init__(self, moment: datetime, zone: str):
        super().__init__(Value(moment, models.DateTimeField()), F(zone))

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, template="django_datetime_cast_date(%(expressions)s, 'UTC')", **context
        )

    def as_postgresql(self, compiler, connection, **context):
        template = "((%(expressions)s)::date)"
        return self.as_sql(compiler, connection, template=template, arg_joiner="::timestamptz AT TIME ZONE ", **context)


class DaysBetween(Func):
    """Whole days from the second date to the first."""

    output_field = IntegerField()

    def as_sqlite(self, compiler, connection, **context):
        first, second = self.get_source_expressions()
        first_sql, first_params = compiler.compile(first)
        second_sql, second_params = compiler.compile(second)
        days = f"CAST(julianday({first_sql}) - julianday({second_sql}) AS INTEGER)"
        return days, (*first_params, *second_params)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" - ", **context)


class Percentage(Func):
    """A part of a whole in per cent, rounded to the nearest integer, halves up. Both are non-negative integers."""

    output_field = IntegerField()
    template = "(%(expressions)s)"
    arg_joiner = " / "

    def __init__(self, part, whole):
        super().__init__(200 * part + whole, 2 * whole)


def share_expression(part, whole) -> Least:
    """Round like ``locales.round_percent``, for a part that is neither nothing nor the whole: 1 to 99."""
    return Least(Greatest(Percentage(part, whole), Value(1)), Value(99))


def today_expression(today: date | None) -> Value | LocalDate:
    return Value(today, models.DateField()) if today else LocalDate(clock.now(), ZONE)


def total(rows: models.QuerySet, outer: str, expression) -> Subquery:
    """Return a subquery that aggregates ``rows`` of one outer row, without a join that would multiply rows."""
    return Subquery(rows.order_by().values(outer).annotate(epi_total=expression).values("epi_total")[:1])


def progress_expression() -> Case:
    by_weight = share_expression(F("weight_done"), F("weight_total"))
    return Case(
        When(current_stage=ImplementationStage.COMPLETED, then=Value(100)),
        When(weight_total__gt=F("weight_done"), weight_done__gt=0, then=by_weight),
        When(weight_total__gt=F("weight_done"), then=Value(0)),
        When(weight_total__gt=0, then=Value(100)),
        default=Coalesce(F("stated_progress"), Value(0)),
        output_field=IntegerField(),
    )


def expected_expression(today) -> Case:
    """Expected progress in per cent: linear from the first day to the last."""
    elapsed = share_expression(DaysBetween(today, F("starts_on")), DaysBetween(F("ends_on"), F("starts_on")))
    return Case(
        When(ends_on__lte=today, then=Value(100)),
        When(starts_on__gte=today, then=Value(0)),
        default=elapsed,
        output_field=IntegerField(),
    )


def health_expression(today) -> Case:
    begun = Greatest(Coalesce(F("last_update_on"), F("starts_on")), F("starts_on"))
    days_since_update = DaysBetween(today, begun)
    return Case(
        When(current_stage=ImplementationStage.CANCELLED, then=Value(Health.CANCELLED)),
        When(current_stage=ImplementationStage.COMPLETED, then=Value(Health.DONE)),
        When(current_stage=ImplementationStage.PAUSED, then=Value(Health.PAUSED)),
        When(
            Q(current_stage=None) | Q(current_stage=ImplementationStage.PLANNED),
            starts_on__gt=today,
            then=Value(Health.NOT_STARTED),
        ),
        When(Q(ends_on__lt=today) | Q(next_milestone_on__lt=today), then=Value(Health.LATE)),
        When(GreaterThanOrEqual(days_since_update, settings.STALE_AFTER_DAYS), then=Value(Health.STALE)),
        When(
            Q(has_responsible=False) | Q(expected__gte=F("progress") + settings.AT_RISK_POINTS),
            then=Value(Health.AT_RISK),
        ),
        default=Value(Health.ON_TRACK),
        output_field=models.CharField(),
    )


# ---- Python


class HealthInputs(NamedTuple):
    """Everything that the status of one action is derived from."""

    stage: str | None  # of the newest update
    starts_on: date
    ends_on: date
    next_milestone_on: date | None  # the earliest due date of milestones not reached
    last_update_on: date | None
    progress: int
    expected: int
    has_responsible: bool  # it has a responsible person, who has not left the city
    today: date
    milestones: int = 0
    milestones_reached: int = 0


def last_activity_on(facts: HealthInputs) -> date:
    return max(facts.last_update_on or facts.starts_on, facts.starts_on)


def health_of(facts: HealthInputs) -> Health:
    if facts.stage == ImplementationStage.CANCELLED:
        return Health.CANCELLED
    if facts.stage == ImplementationStage.COMPLETED:
        return Health.DONE
    if facts.stage == ImplementationStage.PAUSED:
        return Health.PAUSED
    if facts.stage in (None, ImplementationStage.PLANNED) and facts.starts_on > facts.today:
        return Health.NOT_STARTED
    if facts.ends_on < facts.today or (facts.next_milestone_on and facts.next_milestone_on < facts.today):
        return Health.LATE
    if (facts.today - last_activity_on(facts)).days >= settings.STALE_AFTER_DAYS:
        return Health.STALE
    if not facts.has_responsible or facts.expected >= facts.progress + settings.AT_RISK_POINTS:
        return Health.AT_RISK
    return Health.ON_TRACK


def health_inputs(action) -> HealthInputs:
    """Return the facts of an action from a queryset ``with_health``."""
    return HealthInputs(
        stage=action.current_stage,
        starts_on=action.starts_on,
        ends_on=action.ends_on,
        next_milestone_on=action.next_milestone_on,
        last_update_on=action.last_update_on,
        progress=action.progress,
        expected=action.expected,
        has_responsible=action.has_responsible,
        today=action.local_today,
        milestones=action.milestone_count,
        milestones_reached=action.reached_count,
    )


# ---- reasons as text


def health_reason(action) -> str:
    """Return one sentence with figures that explains the status of an action from a queryset ``with_health``."""
    return explain(health_inputs(action))


def explain(facts: HealthInputs, health: str = "") -> str:
    """Return the sentence for the status that follows from the facts, or for a frozen ``health``."""
    return REASONS[Health(health or health_of(facts))](facts)


def _cancelled(facts: HealthInputs) -> str:
    return _("Cancelled by the update of %(day)s.") % {"day": locales.day(facts.last_update_on)}


def _done(facts: HealthInputs) -> str:
    if facts.milestones_reached == facts.milestones:
        return _("Completed by the update of %(day)s.") % {"day": locales.day(facts.last_update_on)}
    words = ngettext(
        "Completed by the update of %(day)s, %(reached)d of %(all)d milestone reached.",
        "Completed by the update of %(day)s, %(reached)d of %(all)d milestones reached.",
        facts.milestones,
    )
    figures = {"reached": facts.milestones_reached, "all": facts.milestones}
    return words % {"day": locales.day(facts.last_update_on), **figures}


def _paused(facts: HealthInputs) -> str:
    return _("Paused; last update on %(day)s.") % {"day": locales.day(facts.last_update_on)}


def _not_started(facts: HealthInputs) -> str:
    return _("Starts on %(day)s.") % {"day": locales.day(facts.starts_on)}


def _late(facts: HealthInputs) -> str:
    if facts.ends_on < facts.today:
        days = (facts.today - facts.ends_on).days
        words = ngettext(
            "Was to end on %(day)s, %(days)d day ago; progress is %(progress)d%%.",
            "Was to end on %(day)s, %(days)d days ago; progress is %(progress)d%%.",
            days,
        )
        return words % {"day": locales.day(facts.ends_on), "days": days, "progress": facts.progress}
    days = (facts.today - facts.next_milestone_on).days
    words = ngettext(
        "A milestone was due on %(day)s, %(days)d day ago.", "A milestone was due on %(day)s, %(days)d days ago.", days
    )
    return words % {"day": locales.day(facts.next_milestone_on), "days": days}


def _stale(facts: HealthInputs) -> str:
    days = (facts.today - last_activity_on(facts)).days
    since = locales.day(last_activity_on(facts))
    if facts.last_update_on is None:
        words = ngettext(
            "No update since the start on %(day)s, %(days)d day ago.",
            "No update since the start on %(day)s, %(days)d days ago.",
            days,
        )
    else:
        words = ngettext(
            "No update since %(day)s, %(days)d day ago.", "No update since %(day)s, %(days)d days ago.", days
        )
    return words % {"day": since, "days": days}


def _at_risk(facts: HealthInputs) -> str:
    figures = {"progress": facts.progress, "expected": facts.expected}
    if facts.expected < facts.progress + settings.AT_RISK_POINTS:
        return _("Nobody is accountable; progress is %(progress)d%%, expected %(expected)d%%.") % figures
    return _("Progress is %(progress)d%%, expected by now %(expected)d%%.") % figures


def _on_track(facts: HealthInputs) -> str:
    return _("Progress is %(progress)d%%, expected by now %(expected)d%%.") % {
        "progress": facts.progress,
        "expected": facts.expected,
    }


REASONS = {
    Health.CANCELLED: _cancelled,
    Health.DONE: _done,
    Health.PAUSED: _paused,
    Health.NOT_STARTED: _not_started,
    Health.LATE: _late,
    Health.STALE: _stale,
    Health.AT_RISK: _at_risk,
    Health.ON_TRACK: _on_track,
}
