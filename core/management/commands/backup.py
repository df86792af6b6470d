"""Write a backup of database and files into a new folder, while the site runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.backup.exceptions import BackupError
from core.backup.keys import parse_recipients
from core.backup.signals import terminated_as_error
from core.backup.writing import Report, write_backup

NO_KEY = (
    "Say how the backup is protected: --recipient age1... encrypts it to this public key (create a key pair with "
    "age-keygen and keep the private one elsewhere), --plain writes it unencrypted, with the personal data it holds."
)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="A folder that does not exist yet.")
        parser.add_argument(
            "--recipient", action="append", default=[], metavar="age1...", help="Encrypt to this key; repeatable."
        )
        parser.add_argument("--plain", action="store_true", help="Do not encrypt.")

    def handle(self, *args: Any, folder: Path, recipient: list[str], plain: bool, **options: Any) -> None:
        if plain == bool(recipient):
            raise CommandError(NO_KEY)
        try:
            with terminated_as_error():
                report = write_backup(folder, parse_recipients(recipient))
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        self._print(folder, report)

    def _print(self, folder: Path, report: Report) -> None:
        manifest = report.manifest
        rows = sum(table.rows for table in manifest.tables)
        self.stdout.write(f"{folder}: {len(manifest.tables)} tables, {rows} rows, {len(manifest.files)} files.")
        if manifest.not_carried:
            self.stdout.write(f"Not included: {', '.join(manifest.not_carried)}.")
        for line in report.only_sqlite if manifest.engine == "sqlite" else []:
            self.stdout.write(f"PostgreSQL would not accept {line}")
        if report.problems:
            lines = "\n".join(f"  {line}" for line in report.problems)
            raise CommandError(
                f"The backup is written. What is wrong in the original is in the backup as it is:\n{lines}",
                returncode=2,
            )
