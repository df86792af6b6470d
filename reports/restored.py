"""Due work of reports, done at the end of a restore, so that its emails are held and not sent later."""

from datetime import datetime

from .enums import ReportState
from .models import Report
from .services import reports

REASON = "Restored from the backup of %s: the original site may have finished and sent this report."


def run_due_work(made_at: datetime) -> str:
    """Issue the reports that are due."""
    reports.issue_due_reports()
    return ""


def stop_reports(made_at: datetime) -> str:
    """Set reports that were not ready to failed, because building one sends emails. A coordinator starts them again."""
    reason = REASON % f"{made_at:%Y-%m-%d %H:%M} UTC"
    waiting = Report.objects.filter(state__in=[ReportState.QUEUED, ReportState.BUILDING])
    count = waiting.update(state=ReportState.FAILED, claim_token=None, heartbeat_at=None, reason=reason)
    return f"{count} reports that were not ready are stopped: start them again on their pages." if count else ""
