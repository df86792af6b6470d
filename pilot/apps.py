from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PilotConfig(AppConfig):
    name = "pilot"
    verbose_name = _("Pilot")

    def ready(self):
        from cities.cards import add_card
        from strategies.revision_parts import add_part

        from . import gate_checks, rules  # noqa: F401 - permissions are registered by the import
        from .cards import phases_card
        from .selectors import frozen_phases

        gate_checks.register()
        add_card(phases_card, 20)
        add_part("phases", frozen_phases)
