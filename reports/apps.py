from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Reports")

    def ready(self):
        from core import issued_hashes
        from pilot.enums import PhaseKind
        from pilot.gates import register_check

        from . import locks, rules  # noqa: F401 - permissions are registered by the import
        from .gate_checks import report_is_issued
        from .selectors.issued import find_report_by_hash

        register_check(
            PhaseKind.PACT, "report_issued", _("A report of the city is issued"), report_is_issued, is_completion=True
        )
        issued_hashes.add_finder(find_report_by_hash)
        locks.register()
