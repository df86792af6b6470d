"""History rows of models, by django-simple-history."""

from functools import cache
from typing import Any

from simple_history import models
from simple_history.manager import HistoryManager


class _Manager(HistoryManager):
    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        """Make the class once: the library asks for it at each access to ``history``, thus at each save."""
        return super().from_queryset(queryset_class, class_name)


class HistoricalRecords(models.HistoricalRecords):
    def __init__(self, **options: Any) -> None:
        super().__init__(history_manager=_Manager, **options)
