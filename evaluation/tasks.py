"""Celery tasks: each takes an id, claims the row and calls a plain function. Safe to run twice."""

from celery import shared_task

from epi_site.shared import clock

from .models import Report
from .reports.render import render_report
from .services import reports, stages


@shared_task
def build_report(pk: int) -> None:
    """Build one report. Do nothing if another worker holds the row, or if it is ready or failed."""
    token = Report.objects.claim(pk)
    if token is None:
        return
    held, files = Report.objects.held(pk, token), []
    try:
        report = held.get()
        report.contents  # noqa: B018 - reading it compares the hash
        for rendered in render_report(report.snapshot):
            files.append(rendered)
            if not held.update(heartbeat_at=clock.now()):
                return  # no heartbeat for too long: another worker has taken over
        reports.finish_report(report, token=token, files=files)
    except Exception as error:
        held.release(reason=f"{type(error).__name__}: {error}")
        raise


@shared_task
def ring_again() -> None:
    """Every minute: mark reports as failed after three attempts, enqueue the other waiting ones again."""
    Report.objects.spent().release(reason="The worker died each time that it tried to make the files.")
    for pk in Report.objects.waiting().order_by("issued_at").values_list("pk", flat=True):
        build_report.apply_async([pk], expires=60)


@shared_task
def issue_due_reports() -> None:
    """Every minute: issue the reports that are due by the schedules."""
    reports.issue_due()


@shared_task
def move_due_stages() -> None:
    """Every minute: move evaluations whose next stage starts today or earlier."""
    stages.move_due_stages()
