from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "epi_site.accounts"
    label = "accounts"
