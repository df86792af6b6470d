from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from . import triggers

        triggers.freeze_histories()  # the models of all apps are loaded before the first ``ready``
        # Every app sends these signals; one receiver is enough. If a migration fails, post_migrate is not sent: our
        # command ``migrate`` then restores the triggers.
        pre_migrate.connect(triggers.on_pre_migrate, dispatch_uid="epi_triggers_drop")
        post_migrate.connect(triggers.on_post_migrate, dispatch_uid="epi_triggers_install")
        checks.register(triggers.check_installed, triggers.CHECK_TAG)
