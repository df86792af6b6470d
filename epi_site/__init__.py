"""The project package: settings, wiring, and code that belongs to no single domain app."""

from .celery import app as celery_app

__all__ = ("celery_app",)
