"""The project package: settings, wiring, and what belongs to no single domain app."""

from .celery import app as celery_app

__all__ = ("celery_app",)
