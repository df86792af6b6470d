from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "epi_site.demo"
    label = "demo"

    def ready(self):
        from cities.words import register_names

        from .words import GROUPS, THEMES

        register_names([*THEMES.values(), *GROUPS.values()])
