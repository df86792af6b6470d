"""Tasks of reports: an id in, the row claimed, a plain function called. Each is safe to run twice."""

from celery import shared_task

from core import clock
from core.documents import DocumentTooLarge

from .documents.render import render_report
from .models import Report
from .services import reports


@shared_task
def build_report(pk: int) -> None:
    """Build one report. A row that is held, done or given up is left alone."""
    token = Report.objects.claim(pk)
    if token is None:
        return
    held, files = Report.objects.claimed(pk, token), []
    try:
        report = held.get()
        report.contents  # noqa: B018 - reading them compares the hash
        for rendered in render_report(report.snapshot):
            files.append(rendered)
            if not held.update(heartbeat_at=clock.now()):
                return  # no heartbeat for too long: another worker has taken over
        reports.finish_report(report, token=token, files=files)
    except DocumentTooLarge as error:
        held.fail(reason=str(error))
    except Exception as error:
        held.release(reason=f"{type(error).__name__}: {error}")
        raise


@shared_task
def requeue_reports() -> None:
    """Every minute: give up reports that failed three times, and enqueue the others that are due."""
    Report.objects.exhausted().release(reason="The worker died or took too long, each time that it made the files.")
    for pk in Report.objects.due().order_by("issued_at").values_list("pk", flat=True):
        build_report.apply_async([pk], expires=60)


@shared_task
def issue_due_reports() -> None:
    """Every minute: issue the reports that are due by their schedules."""
    reports.issue_due_reports()
