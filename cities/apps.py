from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CitiesConfig(AppConfig):
    name = "cities"
    verbose_name = _("Cities and people")

    def ready(self):
        from epi_site.shared import triggers

        from . import rules  # noqa: F401 - permissions are registered by the import
        from .models import StoredFile

        columns, swept = ["sha256", "path", "size", "content_type"], "OLD.state <> 'pending'"
        triggers.freeze(StoredFile, columns, unique=[("uuid",), ("path",)], keep=swept)
