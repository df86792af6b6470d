"""Migrations in less than half of Django's time: models are rendered again only when their columns change.

Django renders a model and all that are related to it after each operation, 42 models in the mean here. Three of four
operations do not need that: texts and choices of fields are not in the database, a new model changes no other, and
constraints and indexes are lists of one model. What code of migrations reads is always rendered from the whole state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState

TEXTS = {"choices", "error_messages", "help_text", "verbose_name"}  # arguments of fields that no database knows


class ForwardState(ProjectState):
    """A state for migrating forwards. Earlier states share its rendered models, so they are of no use afterwards."""

    @contextmanager
    def _not_rendered(self) -> Iterator[None]:
        """Change the state alone. ``RunPython`` renders a delayed state as a whole before it uses it."""
        apps = self.__dict__.pop("apps", None)
        try:
            yield
        finally:
            if apps is not None:
                self.__dict__["apps"] = apps
                self.is_delayed = True

    def add_model(self, model_state: ModelState) -> None:
        with self._not_rendered():
            super().add_model(model_state)
        if "apps" in self.__dict__:
            self.apps.render_multiple([model_state])

    def alter_field(self, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool) -> None:
        old = self.models[app_label, model_name].fields[name]
        if not _differ_in_texts_alone(old, field):
            super().alter_field(app_label, model_name, name, field, preserve_default)
            return
        with self._not_rendered():
            super().alter_field(app_label, model_name, name, field, preserve_default)

    def alter_constraint(self, app_label: str, model_name: str, constraint_name: str, constraint: Any) -> None:
        with self._not_rendered():
            super().alter_constraint(app_label, model_name, constraint_name, constraint)
        self._copy_option(app_label, model_name, "constraints")

    def add_constraint(self, app_label: str, model_name: str, constraint: Any) -> None:
        with self._not_rendered():
            super().add_constraint(app_label, model_name, constraint)
        self._copy_option(app_label, model_name, "constraints")

    def remove_constraint(self, app_label: str, model_name: str, constraint_name: str) -> None:
        with self._not_rendered():
            super().remove_constraint(app_label, model_name, constraint_name)
        self._copy_option(app_label, model_name, "constraints")

    def add_index(self, app_label: str, model_name: str, index: Any) -> None:
        with self._not_rendered():
            super().add_index(app_label, model_name, index)
        self._copy_option(app_label, model_name, "indexes")

    def remove_index(self, app_label: str, model_name: str, index_name: str) -> None:
        with self._not_rendered():
            super().remove_index(app_label, model_name, index_name)
        self._copy_option(app_label, model_name, "indexes")

    def _copy_option(self, app_label: str, model_name: str, option: str) -> None:
        """Copy the constraints or indexes of a model from the state to the rendered model."""
        if "apps" in self.__dict__:
            options = self.apps.get_model(app_label, model_name)._meta
            setattr(options, option, list(self.models[app_label, model_name].options[option]))
            options.__dict__.pop("total_unique_constraints", None)


def _differ_in_texts_alone(old: Any, new: Any) -> bool:
    _name, old_path, old_args, old_options = old.deconstruct()
    _name, new_path, new_args, new_options = new.deconstruct()
    different = {key for key in old_options | new_options if old_options.get(key) != new_options.get(key)}
    return (old_path, old_args) == (new_path, new_args) and different <= TEXTS


class Executor(MigrationExecutor):
    """Django's executor, which migrates forwards with ``ForwardState``."""

    def _migrate_all_forwards(self, state: ProjectState, *args: Any, **options: Any) -> ProjectState:
        forward = ForwardState(state.models, state.real_apps)
        forward.is_delayed = state.is_delayed
        return super()._migrate_all_forwards(forward, *args, **options)  # type: ignore[misc]
