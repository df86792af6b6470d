"""Source files of the project."""

from pathlib import Path

from django.conf import settings

from core.first_party import first_party_packages


def python_files() -> list[Path]:
    folders = [Path(settings.BASE_DIR) / package for package in sorted(first_party_packages())]
    return [file for folder in folders for file in sorted(folder.rglob("*.py"))]
