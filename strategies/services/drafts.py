"""Drafts of updates: one for each author and action, visible to the author only."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import FileState
from cities.models import StoredFile
from core import clock, locales
from strategies.exceptions import StrategyError
from strategies.models import Action, ActionUpdate, UpdateDraft

from .persistence import require_perm

DRAFT_MAX_AGE = timedelta(days=365)  # since the last change
MAX_CHARACTERS = 200_000  # characters of all fields together, well above real use


@transaction.atomic
def save_draft(
    action: Action, *, by: Any, form_uuid: UUID, fields: Mapping[str, Any], files: Iterable[StoredFile] = ()
) -> UpdateDraft | None:
    """Save what has been typed. Returns None if this form has been saved as an update meanwhile.

    ``files`` replaces the files of the draft; only pending uploads of the author are kept. Raises PermissionRefused, or
    StrategyError if the text is too long.
    """
    require_perm(by, "strategies.log_action", action)
    if sum(len(name) + sum(map(len, typed)) for name, typed in fields.items()) > MAX_CHARACTERS:
        words = {"count": locales.number(MAX_CHARACTERS)}
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
def delete_draft(action: Action, *, by: Any) -> None:
    """Delete the user's draft for the action, if there is one."""
    UpdateDraft.objects.filter(author=by, action=action).delete()


def delete_old_drafts() -> int:
    """Delete drafts that nobody has changed for DRAFT_MAX_AGE. Returns how many rows, with links to files."""
    deleted, _by_model = UpdateDraft.objects.filter(updated_at__lt=clock.now() - DRAFT_MAX_AGE).delete()
    return deleted
