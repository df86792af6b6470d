from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = _("Strategies")

    def ready(self):
        from cities import file_access
        from cities import panels as city_cards
        from cities.duties import register_duties
        from cities.signals import membership_handed_over
        from core import issued_hashes, verification
        from core.backup.hooks import after_restore

        from . import locks, panels, rules  # noqa: F401 - permissions are registered by the import
        from .restored import run_due_work
        from .selectors.first_steps import first_step_rows
        from .selectors.issued import find_revision
        from .services import handover
        from .verification import check_frozen_rows, check_transitions
        from .work import register_work

        issued_hashes.add_finder(find_revision)
        locks.register()
        verification.register("transitions of periods", check_transitions)
        verification.register("frozen rows", check_frozen_rows)
        after_restore("periods and reminders", run_due_work, order=10)
        file_access.register(handover.readable_evidence_q)
        file_access.register(handover.readable_documents_q)
        register_duties(handover.actions_of_person)
        register_work(first_step_rows)
        membership_handed_over.connect(handover.transfer_actions, dispatch_uid="strategies.transfer_actions")
        city_cards.register_panel(panels.strategy_panel, 10)
        city_cards.register_panel(panels.periods_panel, 30)
