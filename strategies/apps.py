from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = _("Strategies")

    def ready(self):
        from cities import cards as city_cards
        from cities import files
        from cities.signals import handed_over

        from . import cards, conditions, locks, rules  # noqa: F401 - importing rules registers the permissions
        from .services import holders

        locks.register()
        conditions.register()
        files.add_holder(holders.evidence_held_for)
        files.add_holder(holders.document_held_for)
        handed_over.connect(holders.take_over, dispatch_uid="strategies.take_over")
        city_cards.add_card(cards.strategy_card, 10)
        city_cards.add_card(cards.phases_card, 20)
        city_cards.add_card(cards.periods_card, 30)
