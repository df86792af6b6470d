"""Compute the stored figures of all actions again, and print how many rows were missing or different."""

from typing import Any

from django.core.management.base import BaseCommand

from strategies.services.figures import rebuild_figures


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Rows changed: {rebuild_figures()}")
