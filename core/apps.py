from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from . import installation, private_files, triggers

        # Every app sends these signals; one receiver is enough. If a migration fails, post_migrate is not sent: our
        # command ``migrate`` then restores the triggers.
        pre_migrate.connect(triggers.on_pre_migrate, dispatch_uid="epi_triggers_drop")
        post_migrate.connect(triggers.on_post_migrate, dispatch_uid="epi_triggers_install")
        post_migrate.connect(installation.on_post_migrate, dispatch_uid="epi_installation_id")
        checks.register(triggers.check_installed, triggers.CHECK_TAG)
        checks.register(private_files.check_data_folder)
        checks.register(installation.check_bound, triggers.CHECK_TAG)
