from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Reports")

    def ready(self):
        from core import issued_hashes, verification
        from core.backup.hooks import after_restore
        from core.redaction import Printer, register_printer
        from pilot.enums import PhaseKind
        from pilot.gates import register_check
        from strategies.work import register_work

        from . import locks, rules  # noqa: F401 - permissions are registered by the import
        from .gate_checks import report_is_issued
        from .models import Report, ReportFile
        from .restored import run_due_work, stop_reports
        from .selectors.issued import find_report_by_hash
        from .selectors.work import report_rows
        from .services.redaction import consequences, withdraw_reports

        register_check(
            PhaseKind.PACT,
            "report_issued",
            _("A report on the city has been issued"),
            report_is_issued,
            is_completion=True,
        )
        issued_hashes.add_finder(find_report_by_hash)
        locks.register()
        register_printer(Printer(withdraw_reports, consequences))
        register_work(report_rows)
        verification.register_hash(Report)
        verification.register_hash(ReportFile, "content")
        after_restore("due reports", run_due_work, order=21)
        after_restore("reports", stop_reports, order=30)
