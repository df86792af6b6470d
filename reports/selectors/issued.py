"""Find issued reports by hash, and the periods for which reports can be issued."""

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from core.issued_hashes import Issued
from reports.models import Report, ReportFile
from strategies.enums import PeriodVerb
from strategies.models import PeriodTransition, ReportingPeriod


class FoundReport(NamedTuple):
    report: Report
    file_name: str  # "" if the hash is that of the data
    newer: Report | None
    may_see: bool


def reportable_periods() -> QuerySet[ReportingPeriod]:
    """Return periods in which at least one city's report was accepted, even if reopened since; newest first."""
    accepted = PeriodTransition.objects.filter(city_period__period=OuterRef("pk"), verb=PeriodVerb.ACCEPT)
    return ReportingPeriod.objects.filter(Exists(accepted)).order_by("-starts_on")


def find_report_by_hash(sha256: str, user: Any) -> Issued | None:
    """Return the report whose data or one of whose files has this SHA-256, or None.

    Finds reports of every city: check ``may_see`` before showing more than that the hash is genuine.
    """
    rows = Report.objects.select_related("city", "period").defer("snapshot")
    file = ReportFile.objects.filter(sha256=sha256).defer("content").first()
    report = rows.filter(pk=file.report_id).first() if file else rows.filter(sha256=sha256).first()
    if report is None:
        return None
    newer = rows.newer_than(report).first()
    may_see = Report.objects.visible_to(user).filter(pk=report.pk).exists()
    is_data = file is None or file.name.endswith(".json")
    return Issued("reports/_verified_report.html", FoundReport(report, "" if is_data else file.name, newer, may_see))
