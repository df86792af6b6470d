from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DashboardsConfig(AppConfig):
    name = "dashboards"

    def ready(self):
        from core.backup.hooks import after_restore

        from . import changes

        changes.register()
        after_restore("changes", changes.on_restore, order=90)
        post_migrate.connect(changes.on_post_migrate, dispatch_uid="epi_dashboard_changes")
