from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = _("Strategies")

    def ready(self):
        from cities import cards as city_cards
        from cities import files
        from cities.signals import handed_over

        from . import cards, locks, rules  # noqa: F401 - permissions are registered by the import
        from .services import holders

        locks.register()
        files.register(holders.readable_evidence_q)
        files.register(holders.readable_documents_q)
        handed_over.connect(holders.transfer_actions, dispatch_uid="strategies.transfer_actions")
        city_cards.register_panel(cards.strategy_panel, 10)
        city_cards.register_panel(cards.periods_panel, 30)
