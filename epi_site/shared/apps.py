from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class SharedConfig(AppConfig):
    name = "epi_site.shared"
    label = "shared"

    def ready(self) -> None:
        from . import triggers

        # Migrations may remake a table, and SQLite then drops its triggers without a word: they are taken away
        # before and put back after. Every app sends these signals; the last one sent after a migrate is ours.
        pre_migrate.connect(triggers.on_pre_migrate, dispatch_uid="epi_triggers_drop")
        post_migrate.connect(triggers.on_post_migrate, dispatch_uid="epi_triggers_install")
        checks.register(triggers.check_installed, checks.Tags.database)
