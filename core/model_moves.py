"""Migration operation for models that move to another app and keep their tables.

A move takes two migrations: the app that is left deletes the models from the state alone, the app that is entered
creates them in the state alone (``Meta.db_table`` names the old table) and runs ``MoveContentTypes``. Permissions,
log entries and generic relations point to the content type, so they follow it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import migrations

DEPENDENCIES = [("contenttypes", "0002_remove_content_type_name"), ("auth", "0012_alter_user_first_name_max_length")]
DEPENDENCIES += [("admin", "0003_logentry_add_action_flag_choices")]


def _relabel(apps: Any, using: str, old: str, new: str, models: Sequence[str]) -> None:
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    for model in models:
        moved = content_types.filter(app_label=old, model=model).first()
        if moved is None:  # an empty database: the types are created after the migrations
            continue
        twin = content_types.filter(app_label=new, model=model).first()
        if twin is not None:  # created by a process that ran the new code before this migration
            entries = apps.get_model("admin", "LogEntry").objects.using(using)
            entries.filter(content_type_id=twin.pk).update(content_type_id=moved.pk)
            apps.get_model("auth", "Permission").objects.using(using).filter(content_type_id=twin.pk).delete()
            twin.delete()
        content_types.filter(pk=moved.pk).update(app_label=new)


class MoveContentTypes(migrations.RunPython):
    """Relabel the content types of ``models`` (lower-case names, history models too) from ``old`` to ``new``."""

    def __init__(self, old: str, new: str, models: Sequence[str]) -> None:
        self.arguments = (old, new, list(models))
        super().__init__(
            lambda apps, editor: _relabel(apps, editor.connection.alias, old, new, models),
            lambda apps, editor: _relabel(apps, editor.connection.alias, new, old, models),
        )

    def deconstruct(self) -> tuple[str, list, dict]:
        return (self.__class__.__qualname__, list(self.arguments), {})
