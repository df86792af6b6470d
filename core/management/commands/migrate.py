"""Django's own, by which the locks come into the database and stay there when a migration fails."""

from typing import Any

from django.core.checks.registry import registry
from django.core.management.commands import migrate

from core import triggers


class Command(migrate.Command):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Every check but that of the locks: this command puts back what it would complain of."""
        return super().get_check_kwargs(options) | {"tags": registry.tags_available() - {triggers.TAG}}

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        before = triggers.standing(using)
        try:
            super().handle(*args, **options)
        except BaseException:
            triggers.put_back(before, using)
            raise
