from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PilotConfig(AppConfig):
    name = "pilot"
    verbose_name = _("Pilot")

    def ready(self):
        from cities import file_access
        from cities.panels import register_panel
        from core import issued_hashes, verification
        from core.backup.hooks import after_restore
        from core.services import register_trigger_error
        from strategies.revision_parts import register_part

        from . import gate_checks, locks, rules  # noqa: F401 - permissions are registered by the import
        from .exceptions import PACT_IS_FROZEN, PactFrozen
        from .panels import pact_panel, phases_panel
        from .restored import name_open_links
        from .selectors import find_pact, frozen_pact, frozen_phases, readable_scans_q
        from .verification import check_pacts

        gate_checks.register()
        locks.register()
        register_trigger_error(PACT_IS_FROZEN, PactFrozen)
        file_access.register(readable_scans_q)
        issued_hashes.add_finder(find_pact)
        verification.register("pacts", check_pacts)
        after_restore("links to sign", name_open_links, order=81)
        register_panel(phases_panel, 20)
        register_panel(pact_panel, 25)
        register_part("phases", frozen_phases)
        register_part("pact", frozen_pact)
