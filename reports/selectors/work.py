"""Rows of *My work* about reports that are being created, or could not be."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from cities.enums import Role
from cities.rules import has_network_role
from core import clock
from reports.enums import ReportState
from reports.models import Report
from strategies.work import DUE, LOW, WorkRow

SHOWN_FOR = timedelta(days=14)  # since it was issued


def report_rows(user: Any) -> list[WorkRow]:
    """For coordinators: their own reports that are not ready, and those of a schedule that could not be created."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    own = Q(issued_by=user.pk) | Q(issued_by=None, state=ReportState.FAILED)
    rows = Report.objects.visible_to(user).filter(own, issued_at__gt=clock.now() - SHOWN_FOR)
    rows = rows.exclude(state=ReportState.READY).only("number", "state").order_by("issued_at")
    return [_report_row(report) for report in rows]


def _report_row(report: Report) -> WorkRow:
    words = {"number": report.number}
    row = WorkRow(
        title=_("Report %(number)s is being created") % words,
        url=report.get_absolute_url(),
        label=_("View progress"),
        state=report.state,
        urgency=LOW,
        is_task=False,
    )
    if report.is_pending:
        return row
    return row._replace(
        title=_("Report %(number)s could not be created") % words,
        label=_("Read and decide"),
        text=_("The report’s page says why. You can try again there."),
        urgency=DUE,
        is_task=True,
    )
