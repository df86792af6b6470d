from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CitiesConfig(AppConfig):
    name = "cities"
    verbose_name = _("Cities and people")

    def ready(self):
        from accounts import export

        from . import files, locks, rules  # noqa: F401 - permissions are registered by the import
        from .models.events import minutes_held_for
        from .models.people import data_of

        files.add_holder(minutes_held_for)
        export.add_part("network", data_of)
        locks.register()
