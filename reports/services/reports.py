"""Issuing reports: freeze, number, ring; finish once; try again.

The data are read before the transaction begins: they are frozen already, and a long read would keep writers out.
"""

from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cities.services.letters import write_to
from core import clock, documents
from core.bell import ring
from core.exceptions import TellableError
from core.snapshots import canonical, seal
from core.ticks import for_each
from reports.documents import render
from reports.documents.changes import changes
from reports.documents.document import sealed_contents
from reports.documents.numbers import report_number
from reports.enums import ReportKind, ReportState
from reports.exceptions import NothingToRetry
from reports.models import Report, ReportFile
from reports.selectors.city import city_facts
from reports.selectors.due import Due, due_reports
from reports.selectors.network import network_facts
from reports.selectors.recipients import recipients_of

log = structlog.get_logger()


def issue_report(
    *, kind: Any, period: Any, city: Any = None, by: Any = None, language: Any = "", recipients: Any = ()
) -> Report:
    """The report of a subject for a period, frozen and queued; the one that is there, where nothing is new.

    ``by`` is empty where a schedule does it. New data (a revision of the period, a published evaluation) give the next
    revision.
    """
    language, chosen = language or settings.LANGUAGE_CODE, {"kind": kind, "period": period, "city": city}
    with translation.override(language):
        facts, revision = city_facts(city, period) if kind == ReportKind.CITY_PERIOD else network_facts(period)
    made = {"by": by, "language": language, "recipients": list(recipients)}
    try:
        return _freeze(chosen, facts, revision, **made)
    except IntegrityError:  # a twin was first, between our look and our row
        return _freeze(chosen, facts, revision, **made)


@transaction.atomic
def _freeze(chosen: dict, facts: dict, data_revision: Any, *, by: Any, language: str, recipients: list) -> Report:
    before = Report.objects.filter(**chosen).order_by("-revision").first()
    if before and before.contents["facts"]["sources"] == facts["sources"]:
        return before
    revision, issued_at = before.revision + 1 if before else 1, clock.now()
    number = report_number(chosen["period"], chosen["city"], revision)
    facts = facts | _since(before or _previous(chosen), facts)
    with translation.override(language):
        contents = sealed_contents(
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
        sha256=seal(snapshot),
        issued_at=issued_at,
        issued_by=by,
        recipients=recipients,
    )
    ring("reports.tasks.build_report", report.pk)
    return report


def _previous(chosen: dict) -> Report | None:
    """The newest report on the same subject for an earlier period."""
    earlier = Report.objects.filter(
        kind=chosen["kind"], city=chosen["city"], period__starts_on__lt=chosen["period"].starts_on
    )
    return earlier.order_by("-period__starts_on", "-revision").first()


def _since(before: Report | None, facts: dict) -> dict:
    if before is None:
        return {"previous": None, "changes": []}
    contents = before.contents
    previous = {"number": before.number, "issued": contents["issued"]}
    return {"previous": previous, "changes": changes(contents["facts"], facts)}


@transaction.atomic
def finish_report(report: Report, *, token: Any, files: list[render.Rendered]) -> bool:
    """Files, state and letters in one step; False where a twin has taken over and nothing was written.

    The files come first, while the row is held: a trigger takes them only as long as the report is being built.
    """
    held = Report.objects.held(report.pk, token)
    if held.select_for_update().values_list("pk").first() is None:
        return False
    for name, content_type, content in files:
        ReportFile.objects.create(
            report=report,
            name=name,
            content_type=content_type,
            content=content,
            size=len(content),
            sha256=seal(content),
        )
    done = {
        "state": ReportState.READY,
        "ready_at": clock.now(),
        "claim_token": None,
        "heartbeat_at": None,
        "reason": "",
    }
    made_by = {"engine": documents.engine(), "template_version": render.template_version()}
    held.update(**done, **made_by)
    _tell_recipients(report)
    return True


def _tell_recipients(report: Report) -> None:
    path = reverse("reports:report_detail", args=[report.number])
    words = {"number": report.number, **report.contents["document"]["cover"]}

    def text() -> tuple[str, str]:
        subject = _("Report issued: %(subject)s, %(period)s") % words
        return subject, _(
            "The report %(number)s (%(subject)s, %(period)s) has been issued. "
            "You get this letter once, because of your role in the network."
        ) % words

    for person in recipients_of(report):
        write_to(person, key=f"report:{report.number}:{person.pk}", text=text, path=path, city=report.city)


@transaction.atomic
def retry_report(report: Report, *, by: Any) -> Report:
    """Queue a failed report again, with all its attempts."""
    fresh = {"state": ReportState.QUEUED, "attempts": 0, "claim_token": None, "heartbeat_at": None}
    if not Report.objects.filter(pk=report.pk, state=ReportState.FAILED).update(**fresh):
        raise NothingToRetry
    log.info("report_retried", number=report.number, by=by.pk)
    ring("reports.tasks.build_report", report.pk)
    return report


def issue_due() -> list[Report]:
    """What the schedules owe. One that cannot be issued is logged and does not keep the others from it."""
    return [report for report in for_each(list(due_reports()), _issue_one) if report]


def _issue_one(due: Due) -> Report | None:
    schedule, city, period = due
    made = {"language": schedule.language, "recipients": schedule.recipients}
    try:
        return issue_report(kind=schedule.kind, city=city, period=period, **made)
    except TellableError as error:
        log.warning("report_not_issued", kind=schedule.kind, city=city and city.slug, reason=str(error))
        return None
