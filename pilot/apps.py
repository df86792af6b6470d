from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PilotConfig(AppConfig):
    name = "pilot"
    verbose_name = _("Pilot")

    def ready(self):
        from cities.panels import register_panel
        from strategies.revision_parts import register_part

        from . import gate_checks, locks, rules  # noqa: F401 - permissions are registered by the import
        from .panels import phases_panel
        from .selectors import frozen_phases

        gate_checks.register()
        locks.register()
        register_panel(phases_panel, 20)
        register_part("phases", frozen_phases)
