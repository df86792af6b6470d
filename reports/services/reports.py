"""Issue reports: freeze the data, number the report, enqueue the task; store the files; retry.

Read the data before the transaction begins: they are frozen already, and a long read would block writers.
"""

from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cities.services.notifications import notify
from core import clock, documents
from core.available import register, require
from core.exceptions import UserFacingError
from core.periodic import for_each
from core.queue import enqueue
from core.services import lock, require_perm
from core.snapshots import canonical, sha256_hex
from reports.documents import render
from reports.documents.changes import changes
from reports.documents.document import SCHEMA_VERSION, snapshot_contents
from reports.documents.numbers import report_number
from reports.enums import ReportKind, ReportState
from reports.exceptions import NothingToRetry
from reports.models import Report, ReportFile
from reports.selectors.city import accepted_revision, city_facts
from reports.selectors.due import DueReport, due_reports
from reports.selectors.network import network_facts
from reports.selectors.recipients import recipients_of

MAX_LISTED = 300  # characters that the PDF lacks
log = structlog.get_logger()


def issue_report(
    *, kind: Any, period: Any, city: Any = None, by: Any = None, language: Any = "", recipients: Any = ()
) -> Report:
    """Create a report with frozen data and enqueue its build; return the newest report if no data changed since.

    ``city`` is None for the network, ``by`` is None if a schedule issues it, ``recipients`` are ``Recipients`` values.
    New data (a revision of the period, a published evaluation) create the next revision. Raises PermissionRefused or
    NoAcceptedReport.
    """
    if by is not None:
        require_perm(by, "reports.issue_report")
    language, chosen = language or settings.LANGUAGE_CODE, {"kind": kind, "period": period, "city": city}
    with translation.override(language):
        facts, revision = city_facts(city, period) if kind == ReportKind.CITY_PERIOD else network_facts(period)
    options = {"by": by, "language": language, "recipients": list(recipients)}
    try:
        return _freeze(chosen, facts, revision, **options)
    except IntegrityError:  # another process issued the same revision since we looked
        return _freeze(chosen, facts, revision, **options)
    except RedactedMeanwhile:
        return issue_report(kind=kind, period=period, city=city, language=language, recipients=recipients)


class RedactedMeanwhile(Exception):
    """What a report is to be made from was redacted or corrected since it was read."""


@transaction.atomic
def _freeze(chosen: dict, facts: dict, data_revision: Any, *, by: Any, language: str, recipients: list) -> Report:
    if data_revision is not None:
        lock(data_revision.city_period)  # as a redaction does
        newest = accepted_revision(chosen["city"], chosen["period"])
        if (newest.pk, newest.snapshot) != (data_revision.pk, data_revision.snapshot):
            raise RedactedMeanwhile
    before = Report.objects.filter(**chosen).order_by("-revision").first()
    if before and not before.is_withdrawn and before.contents["facts"]["sources"] == facts["sources"]:
        return before
    revision, issued_at = before.revision + 1 if before else 1, clock.now()
    number = report_number(chosen["period"], chosen["city"], revision)
    facts = facts | _changes_since(before or _previous(chosen), facts)
    with translation.override(language):
        contents = snapshot_contents(
            chosen["kind"], facts, number=number, revision=revision, issued_at=issued_at, language=language
        )
    snapshot = canonical(contents)
    report = Report.objects.create(
        **chosen,
        period_revision=data_revision,
        revision=revision,
        number=number,
        language=language,
        snapshot=snapshot,
        sha256=sha256_hex(snapshot),
        schema_version=SCHEMA_VERSION,
        issued_at=issued_at,
        issued_by=by,
        recipients=recipients,
    )
    enqueue("reports.tasks.build_report", report.pk)
    return report


def _previous(chosen: dict) -> Report | None:
    """Return the newest report of the same kind and city for an earlier period."""
    earlier = Report.objects.filter(
        kind=chosen["kind"], city=chosen["city"], period__starts_on__lt=chosen["period"].starts_on
    )
    return earlier.order_by("-period__starts_on", "-revision").first()


def _changes_since(before: Report | None, facts: dict) -> dict:
    if before is None:
        return {"previous": None, "changes": []}
    contents = before.contents
    previous = {"number": before.number, "issued": contents["issued"]}
    return {"previous": previous, "changes": changes(contents["facts"], facts)}


@transaction.atomic
def finish_report(report: Report, *, token: Any, files: list[render.RenderedFile]) -> bool:
    """Store the files, mark the report as ready and queue its notifications, in one transaction.

    Returns False, with nothing written, if another worker has taken over. Insert the files before changing the state: a
    trigger refuses them once the report is no longer being built.
    """
    claimed = Report.objects.claimed(report.pk, token)
    if claimed.select_for_update().values_list("pk").first() is None:
        return False
    for file in files:
        ReportFile.objects.create(
            report=report,
            name=file.name,
            content_type=file.content_type,
            content=file.content,
            size=len(file.content),
            sha256=sha256_hex(file.content),
        )
    done = {
        "state": ReportState.READY,
        "ready_at": clock.now(),
        "claim_token": None,
        "heartbeat_at": None,
        "reason": "",
    }
    made_by = {"engine": documents.engine(), "template_version": render.template_version()}
    for font_set in filter(None, (file.font_set for file in files)):
        made_by |= {"font_set": font_set.description, "font_set_sha256": font_set.sha256}
    replaced = "".join(sorted(set("".join(file.replaced for file in files))))
    claimed.update(**done, **made_by, replaced_characters=replaced[:MAX_LISTED])
    _notify_recipients(report)
    return True


def _notify_recipients(report: Report) -> None:
    path = reverse("reports:report_detail", args=[report.number])
    words = {"number": report.number, **report.contents["document"]["cover"]}

    def text() -> tuple[str, str]:
        subject = _("Report issued: %(subject)s, %(period)s") % words
        return subject, _(
            "Report %(number)s (%(subject)s, %(period)s) has been issued. You are receiving this email because "
            "of your role in the network."
        ) % words

    for person in recipients_of(report):
        notify(person, key=f"report:{report.number}:{person.pk}", text=text, path=path, city=report.city)


def _check_has_failed(report: Report, _user: Any) -> None:
    if report.state != ReportState.FAILED:
        raise NothingToRetry


register(Report, "retry", "reports.retry_report", check=_check_has_failed)


@transaction.atomic
def retry_report(report: Report, *, by: Any) -> Report:
    """Enqueue a failed report again with all its attempts. Raises PermissionRefused or NothingToRetry."""
    report = lock(report)
    require(report, "retry", by)
    Report.objects.filter(pk=report.pk).requeue()
    log.info("report_retried", number=report.number, by=by.pk)
    enqueue("reports.tasks.build_report", report.pk)
    return report


def issue_due_reports() -> list[Report]:
    """Issue the reports due by the schedules; return those issued. Failures are logged and do not stop the others."""
    return [report for report in for_each(list(due_reports()), _issue_one) if report]


def _issue_one(due: DueReport) -> Report | None:
    schedule, city, period = due
    options = {"language": schedule.language, "recipients": schedule.recipients}
    try:
        return issue_report(kind=schedule.kind, city=city, period=period, **options)
    except UserFacingError as error:
        log.warning("report_not_issued", kind=schedule.kind, city=city and city.slug, reason=str(error))
        return None
