from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "epi_site.demo"
    label = "demo"

    def ready(self):
        from cities.words import add_words

        from .words import GROUPS, THEMES

        add_words([*THEMES.values(), *GROUPS.values()])
