"""Work after migrations: close the rounds that were complete before results of rounds were frozen."""

from typing import Any

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from .services.round_results import close_complete_rounds


def close_stored_rounds(using: str, plan: Any = None, **signal: Any) -> None:
    """Receiver of ``post_migrate`` for this app. Does nothing unless migrations ran and none is left to run."""
    if not plan or any(is_backwards for _migration, is_backwards in plan) or using != "default":
        return
    executor = MigrationExecutor(connections[using])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        close_complete_rounds()
