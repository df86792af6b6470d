"""What this app keeps in people's names and in files: handed over, and read as what it hangs on."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from strategies.models import Action, Evidence, RevisionFile, Strategy

from .versions import locked_row, save_as


def evidence_held_for(user: Any) -> Q:
    """Files of evidence are read as their update or value is; replaced and withdrawn ones by the city's leads.

    And as the revision tells that the user reads, while the city changes the facts behind it.
    """
    live, frozen = (model.objects.visible_to(user).filter(file=OuterRef("pk")) for model in (Evidence, RevisionFile))
    return Q(Exists(live)) | Q(Exists(frozen))


def document_held_for(user: Any) -> Q:
    """A strategy's document is read as the strategy."""
    return Q(Exists(Strategy.objects.visible_to(user).filter(document=OuterRef("pk"))))


def take_over(sender: Any, *, membership: Any, person: Any, to: Any, body: Any, by: Any, **kwargs: Any) -> None:
    """``to`` answers for what ``person`` answered for in that city; the leaving person's drafts stay hers."""
    if body.city_id is None:
        return
    actions = Action.objects.filter(objective__area__strategy__city=body.city_id, withdrawn_at=None)
    for action in actions.filter(accountable=person):
        action = locked_row(action)
        action.accountable = to
        save_as(action, by)
    for action in actions.filter(deputies=person):
        action._history_user = by
        action.deputies.remove(person)
        if action.accountable_id != to.pk:
            action.deputies.add(to)
