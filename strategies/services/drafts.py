"""Drafts of updates: one for each author and action, seen by the author alone."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import FileState
from cities.models import StoredFile
from core import clock, locales
from strategies.exceptions import StrategyError
from strategies.models import Action, ActionUpdate, UpdateDraft

from .versions import demand

MOST_SIGNS = 200_000  # of all fields together: three times what anybody writes


@transaction.atomic
def save_draft(
    action: Action, *, by: Any, form_uuid: UUID, fields: Mapping[str, Any], files: Iterable[StoredFile] = ()
) -> UpdateDraft | None:
    """Keep what has been typed; None where this very form has been saved as an update meanwhile.

    Only the author's own uploads that still wait can be kept; they replace the ones kept before.
    """
    demand(by, "strategies.log_action", action)
    if sum(len(name) + sum(map(len, typed)) for name, typed in fields.items()) > MOST_SIGNS:
        words = {"count": locales.number(MOST_SIGNS)}
        raise StrategyError(
            _("A draft holds at most %(count)s signs. Shorten it, or attach the rest as a file.") % words
        )
    if ActionUpdate.objects.filter(uuid=form_uuid).exists():
        return None
    kept = {"form_uuid": form_uuid, "fields": dict(fields), "updated_at": clock.now()}
    draft, _made = UpdateDraft.objects.update_or_create(author=by, action=action, defaults=kept)
    waiting = [stored.pk for stored in files]
    draft.files.set(StoredFile.objects.filter(pk__in=waiting, state=FileState.PENDING, uploaded_by=by))
    return draft


@transaction.atomic
def drop_draft(action: Action, *, by: Any) -> None:
    UpdateDraft.objects.filter(author=by, action=action).delete()
