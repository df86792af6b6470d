"""Django's ``migrate``, faster, which also installs the triggers, and restores them if a migration fails."""

from typing import Any

from django.core.checks.registry import registry
from django.core.management.commands import migrate

from core import triggers
from core.migration_state import Executor


class Command(migrate.Command):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Run every check but that of the triggers, which this command installs."""
        return super().get_check_kwargs(options) | {"tags": registry.tags_available() - {triggers.CHECK_TAG}}

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        before = triggers.installed(using)
        migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]
        try:
            super().handle(*args, **options)
        except BaseException:
            triggers.restore(before, using)
            raise
