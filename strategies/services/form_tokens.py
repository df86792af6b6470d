"""Signed token in the logging form that names its user, so that a POST after the session has ended is not lost.

The token does not sign anybody in. It only allows storing the input as a draft of its user, for a limited time and in
a limited amount; only that user can see the draft, after signing in. The token is signed, so it cannot be guessed, and
is valid for one user and one action.
"""

import json
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import rules
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from cities.services.files import store_uploads
from strategies.exceptions import StrategyError
from strategies.models import Action, UpdateDraft

from .drafts import save_draft

SALT = "strategies.log.note"
VALID_SECONDS = 14 * 24 * 3600
MAX_CHARACTERS = 60_000  # characters of all fields together
MAX_FILES = 5
MAX_POSTS, WINDOW_SECONDS = 20, 3600  # per user of the token, and per IP address


class FormTokenRefused(StrategyError):
    """Nothing was stored. The page still shows what was typed."""


class FormToken(NamedTuple):
    user_id: int
    action_id: int


class StoredDraft(NamedTuple):
    draft: UpdateDraft | None  # None if this form was saved meanwhile
    refused: list[str]  # one sentence for each file that was not stored
    renamed: list[str]  # and for each that got another suffix


def sign_form_token(user: Any, action: Action) -> str:
    return signing.dumps([user.pk, action.pk], salt=SALT)


def read_form_token(text: str, action_id: int) -> FormToken | None:
    """Return the token if its signature is valid, it has not expired and it is for this action; else None."""
    try:
        user_id, of_action = signing.loads(text or "", salt=SALT, max_age=VALID_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return FormToken(user_id, of_action) if of_action == action_id else None


def store_as_draft(
    note: FormToken, *, fields: dict[str, list[str]], files: list, form_uuid: UUID | None, address: str
) -> StoredDraft:
    """Store what was posted without a session as a draft of the token's user. ``address``: the client's IP address.

    Raises FormTokenRefused if it is too long, too often, or the user may not log on this action.
    """
    _limit_rate(f"user-{note.user_id}", f"from-{address}")
    if len(json.dumps(fields)) > MAX_CHARACTERS:
        raise FormTokenRefused(_("This is too long to be kept without being signed in."))
    owner = get_user_model().objects.filter(pk=note.user_id, is_active=True).first()
    action = Action.objects.with_related().filter(pk=note.action_id, withdrawn_at=None).first()
    if owner is None or action is None or not rules.has_perm("strategies.log_action", owner, action):
        raise FormTokenRefused(_("The person who opened this form may not log on this action any more."))
    uploads = store_uploads(files, by=owner, most=MAX_FILES)
    stored = uploads.stored
    before = UpdateDraft.objects.filter(author=owner, action=action).prefetch_related("files").first()
    if before and form_uuid and before.form_uuid != form_uuid:
        fields, stored = _with_older(fields, stored, before)
    elif before:
        stored = [*before.files.all(), *stored]
    draft = save_draft(action, by=owner, form_uuid=form_uuid or uuid4(), fields=fields, files=stored)
    return StoredDraft(draft, uploads.refused, uploads.renamed)


def _limit_rate(*keys: str) -> None:
    for key in keys:
        key = f"log-note-{key}"
        cache.add(key, 0, WINDOW_SECONDS)
        try:
            count = cache.incr(key)
        except ValueError:  # the key expired between the two calls
            cache.set(key, count := 1, WINDOW_SECONDS)
        if count > MAX_POSTS:
            raise FormTokenRefused(_("Too much was sent without being signed in. Sign in first, then log it."))


def _with_older(fields: dict, stored: list, before: UpdateDraft) -> tuple[dict, list]:
    """Merge with the draft of another window. Both texts are kept, the newer one first."""
    older = (before.fields.get("text") or [""])[0]
    newer = (fields.get("text") or [""])[0]
    both = "\n\n".join(dict.fromkeys(part for part in (newer, older) if part.strip()))
    return {**before.fields, **fields, "text": [both]}, [*before.files.all(), *stored]
