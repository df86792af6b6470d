from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "epi_site.dashboards"
    label = "dashboards"
