from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "epi_site.pages"
    label = "pages"

    def ready(self):
        from accounts.page_versions import SITE_SQL
        from core.models import VerificationRun
        from core.versions import bump_on_change
        from strategies.work import register_work

        from .work import integrity_rows

        bump_on_change(VerificationRun, SITE_SQL)
        register_work(integrity_rows)
