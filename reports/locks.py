"""The locks of reports as database triggers (docs/adr/0004).

The files of a report are inserted with the step that makes it ready; after that nothing of it changes.
"""

from core import triggers
from core.triggers import EMPTY, HASHED, Trigger, let_redact, unless_redacted
from reports.enums import ReportState
from reports.models import Report, ReportFile

REPORT = Report._meta.db_table
# Of a report; the rest never changes anyway.
READY_COLUMNS = (
    "state",
    "engine",
    "template_version",
    "font_set",
    "font_set_sha256",
    "replaced_characters",
    "ready_at",
)


def _report_triggers() -> list[Trigger]:
    files = ReportFile._meta.db_table
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in READY_COLUMNS)
    building = f"EXISTS (SELECT 1 FROM {REPORT} r WHERE r.id = NEW.report_id AND r.state = '{ReportState.BUILDING}')"
    built = f"OLD.state = '{ReportState.BUILDING}' AND EXISTS (SELECT 1 FROM {files} f WHERE f.report_id = NEW.id)"
    withdrawn = ReportState.WITHDRAWN
    ready = f"NEW.state = '{ReportState.READY}'"
    return [
        Trigger(f"epi_{REPORT}_queued", REPORT, "INSERT", ready, "epi: a report is ready when it has its files"),
        Trigger(
            f"epi_{REPORT}_built",
            REPORT,
            "UPDATE",
            f"{ready} AND OLD.state IS DISTINCT FROM NEW.state AND NOT ({built})",
            "epi: a report is ready when it has its files",
        ),
        Trigger(
            f"epi_{REPORT}_ready",
            REPORT,
            "UPDATE",
            unless_redacted(f"OLD.state = '{ReportState.READY}' AND ({changed})"),
            "epi: the report is ready and stays so",
        ),
        Trigger(
            f"epi_{REPORT}_withdrawn",
            REPORT,
            "UPDATE",
            unless_redacted(f"OLD.state = '{withdrawn}' AND ({changed} OR NEW.claim_token IS NOT NULL)"),
            "epi: the report is withdrawn and stays so",
        ),
        Trigger(
            f"epi_{files}_due",
            files,
            "INSERT",
            f"NOT {building}",
            "epi: files come while the report is built",
            f"PERFORM 1 FROM {REPORT} r WHERE r.id = NEW.report_id FOR SHARE;",
        ),
    ]


def register() -> None:
    let_redact(Report, {"snapshot": HASHED, "state": ReportState.WITHDRAWN, "replaced_characters": ""})
    let_redact(ReportFile, {"content": EMPTY})
    triggers.register(*_report_triggers())
    triggers.freeze(ReportFile, unique=[("report_id", "name")])
    triggers.freeze(
        Report,
        ["period_revision_id", "language", "snapshot", "sha256", "schema_version", "issued_at", "issued_by_id"],
        unique=[("number",), ("kind", "city_id", "period_id", "revision")],
    )
