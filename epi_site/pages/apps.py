from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "epi_site.pages"
    label = "pages"
