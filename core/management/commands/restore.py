"""Restore a backup into an empty database and an empty folder of files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import triggers
from core.backup.exceptions import BackupError
from core.backup.keys import read_identities
from core.backup.loading import restore_backup
from core.backup.signals import terminated_as_error


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []  # an empty database has no triggers yet; they are checked after loading

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="The folder that manage.py backup wrote.")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="The private key, as age-keygen writes it.")

    def handle(self, *args: Any, folder: Path, identity: Path | None, **options: Any) -> None:
        try:
            with terminated_as_error():
                restored = restore_backup(folder, read_identities(identity) if identity else [])
        except (BackupError, OSError) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        manifest = restored.manifest
        rows = sum(table.rows for table in manifest.tables)
        self.stdout.write(
            f"Restored {rows} rows and {len(manifest.files)} files of {manifest.made_at:%Y-%m-%d %H:%M} UTC."
        )
        for line in restored.notes + [f"Missing in the original too: {path}" for path in manifest.missing_files]:
            self.stdout.write(line)
        self.stdout.write(
            f"{len(triggers.installed())} triggers are installed. Now run manage.py verify and start the site."
        )
