"""Migration operations that keep the rows of other tables which point to a model: of one that moves, of one renamed.

A move to another app, with the tables kept, takes two migrations: the app that is left deletes the models from the
state alone, the app that is entered creates them in the state alone (``Meta.db_table`` names the old table) and runs
``MoveContentTypes``. A model that gets another name runs ``RenameContentTypes`` before ``RenameModel``. Permissions,
log entries and generic relations point to the content type, so they follow it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import migrations

DEPENDENCIES = [("contenttypes", "0002_remove_content_type_name"), ("auth", "0012_alter_user_first_name_max_length")]
DEPENDENCIES += [("admin", "0003_logentry_add_action_flag_choices")]
Label = tuple[str, str]  # of an app, and the lower-case name of a model


def _relabel(apps: Any, using: str, labels: Mapping[Label, Label]) -> None:
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for (old_app, old), (new_app, new) in labels.items():
        moved = content_types.filter(app_label=old_app, model=old).first()
        duplicate = content_types.filter(app_label=new_app, model=new).first()
        if moved is None:  # an empty database, whose types are created after the migrations; or renamed by Django
            moved = duplicate
        elif duplicate is not None:  # created by a process that ran the new code before this migration
            entries = apps.get_model("admin", "LogEntry").objects.using(using)
            entries.filter(content_type_id=duplicate.pk).update(content_type_id=moved.pk)
            permissions.filter(content_type_id=duplicate.pk).delete()
            duplicate.delete()
        if moved is None:
            continue
        content_types.filter(pk=moved.pk).update(app_label=new_app, model=new)
        for permission in permissions.filter(content_type_id=moved.pk, codename__endswith=f"_{old}"):
            codename = permission.codename.removesuffix(old) + new
            permissions.filter(pk=permission.pk).update(codename=codename)


class _Relabel(migrations.RunPython):
    def __init__(self, labels: Mapping[Label, Label], arguments: Sequence[Any]) -> None:
        self.arguments = arguments
        back = {new: old for old, new in labels.items()}
        super().__init__(
            lambda apps, editor: _relabel(apps, editor.connection.alias, labels),
            lambda apps, editor: _relabel(apps, editor.connection.alias, back),
        )

    def deconstruct(self) -> tuple[str, list, dict]:
        return (self.__class__.__qualname__, list(self.arguments), {})


class MoveContentTypes(_Relabel):
    """Relabel the content types of ``models`` (lower-case names, history models too) from ``old`` to ``new``."""

    def __init__(self, old: str, new: str, models: Sequence[str]) -> None:
        super().__init__({(old, model): (new, model) for model in models}, [old, new, list(models)])


class RenameContentTypes(_Relabel):
    """Rename the content types of ``models`` (old: new, lower-case names, history models too) and their permissions."""

    def __init__(self, app: str, models: Mapping[str, str]) -> None:
        super().__init__({(app, old): (app, new) for old, new in models.items()}, [app, dict(models)])
