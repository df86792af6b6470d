from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CitiesConfig(AppConfig):
    name = "cities"
    verbose_name = _("Cities and people")

    def ready(self):
        from epi_site.accounts import export
        from epi_site.shared import triggers

        from . import files, rules  # noqa: F401 - permissions are registered by the import
        from .models import StoredFile
        from .models.events import minutes_held_for
        from .models.people import data_of

        columns, swept = ["sha256", "path", "size", "content_type"], "OLD.state <> 'pending'"
        files.add_holder(minutes_held_for)
        export.add_part("network", data_of)
        triggers.freeze(StoredFile, columns, unique=[("uuid",), ("path",)], keep=swept)
