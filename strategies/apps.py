from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = _("Strategies")

    def ready(self):
        from cities import file_access
        from cities import panels as city_cards
        from cities.duties import register_duties
        from cities.signals import membership_changed, membership_handed_over
        from core import issued_hashes, verification
        from core.backup.hooks import after_restore
        from core.services import register_trigger_error

        from . import locks, panels, rules  # noqa: F401 - permissions are registered by the import
        from .exceptions import PERIOD_IS_LOCKED, PeriodLocked
        from .restored import run_due_work
        from .selectors.decisions import decision_rows, minutes_rows
        from .selectors.issued import find_revision
        from .services import figures, handover, redaction
        from .verification import check_figures, check_frozen_rows, check_transitions
        from .work import register_work

        issued_hashes.add_finder(find_revision)
        locks.register()
        redaction.register()
        register_trigger_error(PERIOD_IS_LOCKED, PeriodLocked)
        verification.register("transitions of periods", check_transitions)
        verification.register("frozen rows", check_frozen_rows)
        verification.register("figures of actions", check_figures)
        after_restore("periods and reminders", run_due_work, order=10)
        file_access.register(handover.readable_evidence_q)
        file_access.register(handover.readable_documents_q)
        register_duties(handover.actions_of_person)
        membership_handed_over.connect(handover.transfer_actions, dispatch_uid="strategies.transfer_actions")
        membership_changed.connect(figures.refresh_figures_of_member, dispatch_uid="strategies.figures_of_member")
        city_cards.register_panel(panels.strategy_panel, 10)
        city_cards.register_decision_panel(panels.decision_panel)
        register_work(decision_rows)
        register_work(minutes_rows)
        city_cards.register_panel(panels.periods_panel, 30)
