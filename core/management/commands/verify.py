"""Compare stored files, hashes and triggers with what was registered, and print differences."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from core.backup.exceptions import BackupError
from core.backup.manifest import refuse_unfinished_migrations
from core.verification import check_everything, differences_in


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []  # this command says more about triggers than the check, which would stop it

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_unfinished_migrations(DEFAULT_DB_ALIAS)
        except BackupError as error:
            raise CommandError(str(error)) from error
        results = check_everything()
        for name, result in results.items():
            self.stdout.write(f"{name}: {result.checked} checked, {len(result.differences)} differ")
            for line in result.differences + result.notes:
                self.stdout.write(f"  {line}")
        if count := len(differences_in(results)):
            raise CommandError(f"Differences found: {count}. docs/operations.md says what to do.")
