"""Handover of actions to another person, and who may read the files of this app."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from cities.duties import Duty
from core.services import lock, save_with_history
from strategies.enums import Health
from strategies.models import Action, Evidence, RevisionFile, Strategy

from .figures import refresh_figures


def readable_evidence_q(user: Any) -> Q:
    """Return a Q over StoredFile for evidence that the user may read, through its update or value or a revision.

    Replaced and withdrawn files are for the city's lead officials only. Files of a readable revision stay readable
    while the city changes the facts.
    """
    live, frozen = (model.objects.visible_to(user).filter(file=OuterRef("pk")) for model in (Evidence, RevisionFile))
    return Q(Exists(live)) | Q(Exists(frozen))


def readable_documents_q(user: Any) -> Q:
    """Return a Q over StoredFile for the documents of strategies that the user may see."""
    return Q(Exists(Strategy.objects.visible_to(user).filter(document=OuterRef("pk"))))


def actions_of_person(person: Any, city: Any) -> list[Duty]:
    """Return the unfinished actions of the city that the person is responsible for."""
    actions = Action.objects.of_city(city).active().filter(responsible=person).with_health()
    open_ones = actions.exclude(health__in=[Health.DONE, Health.CANCELLED]).order_by("code_sort", "pk")
    return [Duty(action.title, action.get_absolute_url()) for action in open_ones]


def transfer_actions(sender: Any, *, membership: Any, person: Any, to: Any, body: Any, by: Any, **kwargs: Any) -> None:
    """Make ``to`` the responsible person or deputy instead of ``person``. Receives ``membership_handed_over``.

    Drafts of updates stay with their author.
    """
    if body.city_id is None:
        return
    actions = Action.objects.filter(objective__area__strategy__city=body.city_id, withdrawn_at=None)
    moved = list(actions.filter(responsible=person).order_by("pk"))
    for action in moved:
        action = lock(action)
        action.responsible = to
        save_with_history(action, by)
    refresh_figures(action.pk for action in moved)
    for action in actions.filter(deputies=person):
        action._history_user = by
        action.deputies.remove(person)
        if action.responsible_id != to.pk:
            action.deputies.add(to)
