"""Finding issued reports by a hash, and the periods on which reports can be issued."""

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from core.issued_hashes import Issued
from reports.models import Report, ReportFile
from strategies.enums import PeriodVerb
from strategies.models import PeriodMove, ReportingPeriod


class Found(NamedTuple):
    report: Report
    file_name: str  # "" where the hash is that of the data
    newer: Report | None
    may_see: bool


def reportable_periods() -> QuerySet[ReportingPeriod]:
    """Those in which a city at least was accepted, the newest first; a period that was reopened since stays."""
    accepted = PeriodMove.objects.filter(city_period__period=OuterRef("pk"), verb=PeriodVerb.ACCEPT)
    return ReportingPeriod.objects.filter(Exists(accepted)).order_by("-starts_on")


def report_with_hash(sha256: str, user: Any) -> Issued | None:
    """The report that was issued under this hash, of its data or of one of its files."""
    rows = Report.objects.select_related("city", "period").defer("snapshot")
    file = ReportFile.objects.filter(sha256=sha256).defer("content").first()
    report = rows.filter(pk=file.report_id).first() if file else rows.filter(sha256=sha256).first()
    if report is None:
        return None
    newer = rows.newer_than(report).first()
    may_see = Report.objects.visible_to(user).filter(pk=report.pk).exists()
    is_data = file is None or file.name.endswith(".json")
    return Issued("reports/_verified_report.html", Found(report, "" if is_data else file.name, newer, may_see))
