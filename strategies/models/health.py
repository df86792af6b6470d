"""Status of an action: the same rules in SQL and in Python, kept equal by tests. Not stored while a period is open.

The first rule that holds applies: cancelled, done, paused, not started, late, stale, at risk, on track. "Today" is the
date in the city's time zone.
"""

from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, CharField, F, IntegerField, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import locales
from core.sql import Sql, over_columns
from strategies.enums import Health, ImplementationStage

# ---- SQL

ROUNDED = "LEAST(GREATEST((200 * {part} + {whole}) / (2 * {whole}), 1), 99)"  # like ``locales.round_percent``
EXPECTED = f"""CASE WHEN {{ends}} <= {{today}} THEN 100 WHEN {{starts}} >= {{today}} THEN 0
ELSE {ROUNDED.replace("{part}", "DAYS({today}, {starts})").replace("{whole}", "DAYS({ends}, {starts})")} END"""
HEALTH = f"""CASE
WHEN {{stage}} = '{ImplementationStage.CANCELLED}' THEN '{Health.CANCELLED}'
WHEN {{stage}} = '{ImplementationStage.COMPLETED}' THEN '{Health.DONE}'
WHEN {{stage}} = '{ImplementationStage.PAUSED}' THEN '{Health.PAUSED}'
WHEN ({{stage}} IS NULL OR {{stage}} = '{ImplementationStage.PLANNED}') AND {{starts}} > {{today}}
    THEN '{Health.NOT_STARTED}'
WHEN {{ends}} < {{today}} OR {{next_milestone}} < {{today}} THEN '{Health.LATE}'
WHEN {{starts}} <= {{long_ago}} AND ({{last_update}} IS NULL OR {{last_update}} <= {{long_ago}}) THEN '{Health.STALE}'
WHEN NOT ({{has_responsible}}) OR {{expected}} >= {{progress}} + {{points}} THEN '{Health.AT_RISK}'
ELSE '{Health.ON_TRACK}' END"""


def progress_expression() -> Case:
    by_weight = Sql(ROUNDED, IntegerField(), part=F("weight_done"), whole=F("weight_total"))
    return Case(
        When(current_stage=ImplementationStage.COMPLETED, then=Value(100)),
        When(weight_total__gt=F("weight_done"), weight_done__gt=0, then=by_weight),
        When(weight_total__gt=F("weight_done"), then=Value(0)),
        When(weight_total__gt=0, then=Value(100)),
        default=Coalesce(F("stated_progress"), Value(0)),
        output_field=IntegerField(),
    )


def expected_expression(today) -> Sql:
    """Expected progress in per cent: linear from the first day to the last."""
    return Sql(EXPECTED, IntegerField(), today=today, starts=F("starts_on"), ends=F("ends_on"))


def health_expression(today, long_ago) -> Sql:
    """``long_ago``: the day STALE_AFTER_DAYS before ``today``."""
    return Sql(
        HEALTH,
        CharField(),
        today=today,
        long_ago=long_ago,
        stage=F("current_stage"),
        starts=F("starts_on"),
        ends=F("ends_on"),
        next_milestone=F("next_milestone_on"),
        last_update=F("last_update_on"),
        has_responsible=F("has_responsible"),
        expected=F("expected"),
        progress=F("progress"),
        points=Value(settings.AT_RISK_POINTS),
    )


def expected_sql(vendor: str) -> str:
    """Return ``expected_expression`` over columns named ``starts_on``, ``ends_on`` and ``local_today``."""
    return over_columns(EXPECTED, vendor, starts="starts_on", ends="ends_on", today="local_today")


def health_sql(vendor: str) -> str:
    """Return ``health_expression`` over columns with the names of the inputs, and ``local_today``, ``long_ago``."""
    return over_columns(
        HEALTH,
        vendor,
        today="local_today",
        long_ago="long_ago",
        stage="stage",
        starts="starts_on",
        ends="ends_on",
        next_milestone="next_milestone_on",
        last_update="last_update_on",
        has_responsible="has_responsible",
        expected=expected_sql(vendor),
        progress="progress",
        points=int(settings.AT_RISK_POINTS),
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


def expected_progress(starts_on: date, ends_on: date, today: date) -> int:
    """Return what ``expected_expression`` computes."""
    if ends_on <= today:
        return 100
    if starts_on >= today:
        return 0
    passed, whole = (today - starts_on).days, (ends_on - starts_on).days
    return min(max((200 * passed + whole) // (2 * whole), 1), 99)


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
    return _("Reported as cancelled on %(day)s.") % {"day": locales.day(facts.last_update_on)}


def _done(facts: HealthInputs) -> str:
    if facts.milestones_reached == facts.milestones:
        return _("Reported as completed on %(day)s.") % {"day": locales.day(facts.last_update_on)}
    words = ngettext(
        "Reported as completed on %(day)s. %(reached)d of %(all)d milestone reached.",
        "Reported as completed on %(day)s. %(reached)d of %(all)d milestones reached.",
        facts.milestones,
    )
    figures = {"reached": facts.milestones_reached, "all": facts.milestones}
    return words % {"day": locales.day(facts.last_update_on), **figures}


def _paused(facts: HealthInputs) -> str:
    return _("Paused. Last update on %(day)s.") % {"day": locales.day(facts.last_update_on)}


def _not_started(facts: HealthInputs) -> str:
    return _("Starts on %(day)s.") % {"day": locales.day(facts.starts_on)}


def _late(facts: HealthInputs) -> str:
    if facts.ends_on < facts.today:
        days = (facts.today - facts.ends_on).days
        words = ngettext(
            "Was due to end on %(day)s, %(days)d day ago. Progress is %(progress)d%%.",
            "Was due to end on %(day)s, %(days)d days ago. Progress is %(progress)d%%.",
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
        return _("No responsible person. Progress is %(progress)d%%, expected %(expected)d%%.") % figures
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
