"""Which installed apps are this project's own. Lists of apps are made from here, so that none omits a new app."""

from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings

INSTALLED = {"site-packages", "dist-packages"}  # a virtual environment may lie inside the project


def first_party_apps() -> list[AppConfig]:
    """Return the installed apps whose code lies in this project."""
    return [app for app in apps.get_app_configs() if _is_in_project(Path(app.path))]


def first_party_packages() -> set[str]:
    """Return the names of the top-level packages that hold the project's code."""
    return {app.name.partition(".")[0] for app in first_party_apps()} | {settings.ROOT_URLCONF.partition(".")[0]}


def is_first_party(app_label: str) -> bool:
    return app_label in {app.label for app in first_party_apps()}


def _is_in_project(path: Path) -> bool:
    return path.is_relative_to(settings.BASE_DIR) and INSTALLED.isdisjoint(path.parts)
