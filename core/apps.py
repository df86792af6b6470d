from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from . import triggers

        # Every app sends these signals; one of them is enough. Where a migration fails, the second one is not sent:
        # our command ``migrate`` puts back what stood.
        pre_migrate.connect(triggers.on_pre_migrate, dispatch_uid="epi_triggers_drop")
        post_migrate.connect(triggers.on_post_migrate, dispatch_uid="epi_triggers_install")
        checks.register(triggers.check_installed, triggers.TAG)
