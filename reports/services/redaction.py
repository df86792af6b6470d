"""Withdraw the reports that printed a redacted text, and issue new editions of them (``core.redaction``)."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from core.redaction import MARK, Redaction
from core.snapshots import sha256_hex
from reports.enums import ReportState
from reports.models import Report, ReportFile
from strategies.models import ActionUpdate

from .reports import issue_report


def withdraw_reports(made: Redaction) -> None:
    """Withdraw each report that printed one of the texts: its files are deleted, its snapshot is redacted.

    Number and hash stay. The newest of each city or network, kind and period is replaced by a new edition.
    """
    newest: dict[Any, Report] = {}
    for report in _reports_with(made.row, made.texts):
        _withdraw(made, report)
        newest[report.kind, report.city_id, report.period_id] = report
    for report in newest.values():
        if Report.objects.newer_than(report).exists():
            continue
        chosen = {"kind": report.kind, "city": report.city, "period": report.period}
        issue_report(**chosen, language=report.language, recipients=report.recipients)


def consequences(row: Any, texts: frozenset[str]) -> Iterator[str]:
    for report in _reports_with(row, texts):
        yield _("Report %(number)s is withdrawn, its files are deleted, and a new revision is issued.") % {
            "number": report.number
        }


def _reports_with(row: Any, texts: frozenset[str]) -> list[Report]:
    """Return the reports that printed one of the texts, the oldest first. Only updates are printed so far."""
    if not (texts and isinstance(row, ActionUpdate)):
        return []
    city_period = row.city_period
    rows = Report.objects.filter(Q(city=city_period.city_id) | Q(city=None), period=city_period.period_id)
    slug = city_period.city.slug
    return [report for report in rows.order_by("revision") if _printed(report.contents, slug, texts)]


def _printed(contents: dict, slug: str, texts: frozenset[str]) -> list[dict]:
    """Return the entries of the updates that a report printed of the city with one of the texts."""
    cities = [city for city in contents["facts"]["cities"] if city["slug"] == slug]
    return [update for city in cities for update in city["updates"] if update["text"] in texts]


def _withdraw(made: Redaction, report: Report) -> None:
    slug, texts = made.row.city_period.city.slug, made.texts

    def change(contents: dict) -> bool:
        for update in _printed(contents, slug, texts):
            update["text"] = MARK
        contents["document"] = _without(contents["document"], texts)
        return True

    if not report.is_withdrawn:
        if report.state == ReportState.READY:
            made.blank(Report, report.pk, {"state": ReportState.WITHDRAWN, "replaced_characters": ""})
        else:  # a worker that holds it finds its claim gone
            Report.objects.filter(pk=report.pk).update(state=ReportState.WITHDRAWN, claim_token=None, reason="")
        for file in report.files.all():
            empty = sha256_hex(b"")
            made.blank(ReportFile, file.pk, {"content": b""}, old_sha256=file.sha256, new_sha256=empty)
    made.redact_json(report, "snapshot", change, sha256=report.sha256)


def _without(part: Any, texts: frozenset[str]) -> Any:
    """Return a part of a document with the mark in place of each of the texts."""
    if isinstance(part, dict):
        return {key: _without(value, texts) for key, value in part.items()}
    if isinstance(part, list):
        return [_without(value, texts) for value in part]
    return MARK if isinstance(part, str) and part in texts else part
