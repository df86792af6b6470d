"""Rows that factories create without services refresh the stored figures of their action, as the services do."""

from collections.abc import Callable, Iterable

from django.db import transaction

from strategies.models import Action
from strategies.services.figures import refresh_figures


def refreshed(actions_of: Callable) -> Callable:
    """Decorate a factory: after each creation, the figures of the actions ``actions_of(row)`` are stored."""

    def decorate(factory):
        create = factory._create.__func__

        def create_and_refresh(cls, *args, **kwargs):
            row = create(cls, *args, **kwargs)
            refresh(actions_of(row))
            return row

        factory._create = classmethod(create_and_refresh)
        return factory

    return decorate


def refresh(action_ids: Iterable[int] | None = None):
    """Store the figures of these actions, by default of all, after a test changed rows without services."""
    with transaction.atomic():
        refresh_figures(Action.objects.values_list("pk", flat=True) if action_ids is None else action_ids)


def actions_of_member(membership) -> Iterable[int]:
    return Action.objects.filter(responsible=membership.person_id).values_list("pk", flat=True)
