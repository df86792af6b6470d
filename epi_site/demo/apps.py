from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "epi_site.demo"
    label = "demo"
