from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "epi_site.demo"
    label = "demo"

    def ready(self):
        from cities.seed_translations import register_names

        from .seed_names import GROUPS, THEMES

        register_names([*THEMES.values(), *GROUPS.values()])
