"""Reports that are due by a schedule today. An issued report is not due again, so a second call finds nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from cities.models import City
from core import clock
from reports.enums import ReportKind, Trigger
from reports.models import Report, ReportSchedule
from strategies.enums import PeriodVerb
from strategies.models import CityPeriod, PeriodTransition, ReportingPeriod


class DueReport(NamedTuple):
    schedule: ReportSchedule
    city: City | None
    period: ReportingPeriod


def due_reports() -> Iterator[DueReport]:
    for schedule in ReportSchedule.objects.filter(is_active=True, active_from__lte=clock.today()):
        yield from _RULES[ReportKind(schedule.kind), Trigger(schedule.trigger)](schedule)


def accepted_transitions() -> Any:
    """Return the newest acceptance of each city period."""
    later = PeriodTransition.objects.filter(
        city_period=OuterRef("city_period"), verb=PeriodVerb.ACCEPT, number__gt=OuterRef("number")
    )
    rows = PeriodTransition.objects.filter(~Exists(later), verb=PeriodVerb.ACCEPT)
    return rows.select_related("city_period__city", "city_period__period").order_by("number", "city_period")


def _city_accepted(schedule: ReportSchedule) -> Iterator[DueReport]:
    issued = Report.objects.filter(
        period_revision__city_period=OuterRef("city_period"), period_revision__number=OuterRef("revision")
    )
    since, until = _midnight(schedule.active_from), clock.now() - timedelta(days=schedule.offset_days)
    for transition in accepted_transitions().filter(~Exists(issued), at__gte=since, at__lte=until):
        yield DueReport(schedule, transition.city_period.city, transition.city_period.period)


def _city_due(schedule: ReportSchedule) -> Iterator[DueReport]:
    issued = Report.objects.filter(kind=ReportKind.CITY_PERIOD, city=OuterRef("city_period__city"))
    issued = issued.filter(period=OuterRef("city_period__period"))
    for transition in accepted_transitions().filter(~Exists(issued), _past(schedule, "city_period__period__")):
        yield DueReport(schedule, transition.city_period.city, transition.city_period.period)


def _network_due(schedule: ReportSchedule) -> Iterator[DueReport]:
    """Yield periods in which at least one city's report has been accepted."""
    accepted = PeriodTransition.objects.filter(city_period__period=OuterRef("pk"), verb=PeriodVerb.ACCEPT)
    for period in _periods_without_report().filter(Exists(accepted), _past(schedule)):
        yield DueReport(schedule, None, period)


def _network_accepted(schedule: ReportSchedule) -> Iterator[DueReport]:
    """Yield periods in which every city's report has been accepted."""
    since, until = _midnight(schedule.active_from), clock.now() - timedelta(days=schedule.offset_days)
    accepted = PeriodTransition.objects.filter(city_period=OuterRef("pk"), verb=PeriodVerb.ACCEPT)
    waiting = CityPeriod.objects.filter(~Exists(accepted.filter(at__lte=until)), period=OuterRef("pk"))
    fresh = PeriodTransition.objects.filter(city_period__period=OuterRef("pk"), verb=PeriodVerb.ACCEPT, at__gte=since)
    for period in _periods_without_report().filter(~Exists(waiting), Exists(fresh)):
        yield DueReport(schedule, None, period)


def _periods_without_report() -> Any:
    issued = Report.objects.filter(kind=ReportKind.NETWORK_PERIOD, period=OuterRef("pk"))
    return ReportingPeriod.objects.filter(~Exists(issued))


def _past(schedule: ReportSchedule, path: str = "") -> Q:
    offset = timedelta(days=schedule.offset_days)
    return Q(**{f"{path}due_on__lte": clock.today() - offset, f"{path}due_on__gte": schedule.active_from - offset})


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.TIME_ZONE))


_RULES = {
    (ReportKind.CITY_PERIOD, Trigger.ACCEPTED): _city_accepted,
    (ReportKind.CITY_PERIOD, Trigger.PERIOD_DUE): _city_due,
    (ReportKind.NETWORK_PERIOD, Trigger.ACCEPTED): _network_accepted,
    (ReportKind.NETWORK_PERIOD, Trigger.PERIOD_DUE): _network_due,
}
