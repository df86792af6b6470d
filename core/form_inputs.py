"""Keep what was typed until it is saved: drafts, posts that could not be saved, and posts that were sent twice.

Nobody but its author sees an input. It is kept only for the person whom the signed token of the form names
(``core.form_tokens``), so neither a stranger nor a page of another site can write one, and nobody can write one for
somebody else. Rate, size and number are limited, and files pass the inspection of every upload.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from . import clock, form_tokens, rate_limits, row_search, uploads
from .exceptions import UserFacingError
from .form_tokens import FormToken
from .models import FormInput

State = FormInput.State
UNSAVED = [State.DRAFT, State.HELD]

DRAFT_MAX_AGE = timedelta(days=365)  # since the last change
HELD_MAX_AGE = timedelta(days=30)
SENT_MAX_AGE = timedelta(days=2)
MAX_CHARACTERS = 200_000  # of all fields together, well above real use
MAX_INPUTS = 100  # drafts and held posts of one person
MAX_INPUTS_IN_ALL = 20_000  # of everybody: at most 4 GB
MAX_POSTS, WINDOW_SECONDS = 30, 3600  # held posts for one person, and from one address
SHORTEST_PART = 12  # characters of a draft that are recognised as a part of a redacted text
CLAIM = timedelta(seconds=60)  # after which a request that was saving the form is considered dead
TECHNICAL = {
    "csrfmiddlewaretoken",
    form_tokens.FIELD,
    uploads.KEPT,
    "typed",
    "draft_version",
    "draft_title",
    "save",
    "save_next",
    "save_draft",
    "_save",
    "_addanother",
    "_continue",
    "saved",  # of forms that ask about a second post themselves
    "new_form",
    "correct",
    row_search.BUTTON,
}
SECRET = re.compile(r"passw|secret|otp|credential", re.IGNORECASE)
VERSION = re.compile(r"(^|[-_])version$")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Fields = Mapping[str, Sequence[str]]


class InputNotKept(UserFacingError):
    """Nothing was stored. The page still shows what was typed."""


def fields_of(posted: Any) -> dict[str, list[str]]:
    """Return the posted fields without technical ones and passwords."""
    return {name: values for name, values in posted.lists() if not (is_technical(name) or SECRET.search(name))}


def is_technical(name: str) -> bool:
    return name in TECHNICAL or name.startswith(row_search.TEXT)


def has_secret(request: Any) -> bool:
    """Return whether the form has a password, or its address is a secret itself: nothing of it is kept."""
    return form_tokens.has_secret_address(request) or any(SECRET.search(name) for name in request.POST)


def is_typed(fields: Fields) -> bool:
    return any(value.strip() for values in fields.values() for value in values)


def is_too_long(fields: Fields) -> bool:
    return sum(len(name) + sum(map(len, values)) for name, values in fields.items()) > MAX_CHARACTERS


def edits_a_version(fields: Fields) -> bool:
    """Return whether the form edits a record with a version: a second post of an old form is an edit conflict."""
    return any(VERSION.search(name) and values[-1].strip("0 ") for name, values in fields.items() if values)


# ---- a post that cannot be saved


def hold(token: FormToken, *, path: str, posted: Any, files: Any, address: str) -> tuple[FormInput, list[str]]:
    """Keep a post for the person of the token, and return it with sentences about files that were refused or renamed.

    If it has been saved already, the row of what was saved is returned; if it was saved with other content, a new row
    that ``repeats`` it. Raises InputNotKept. ``address``: the client's IP address.
    """
    _limit_rate(f"user-{token.user_id}", f"from-{address}")
    fields = fields_of(posted)
    owner = get_user_model().objects.filter(pk=token.user_id, is_active=True).first()
    if owner is None:
        raise InputNotKept(_("The person who opened this form no longer has an account."))
    _limit_amount(owner, fields, nonce=token.nonce, path=path)
    kept, said = _store_files(posted, files, by=owner)
    values = {"page": token.page, "state": State.HELD, "fields": fields, "files": kept, "updated_at": clock.now()}
    with transaction.atomic():
        row, is_new = _locked(token, path, values)
        if is_new or (row.state == State.SENT and row.fields and is_same(row, fields, kept)):
            return row, said
        if row.state == State.SENT:
            return _repeat(row, values), said
        _change(row, claimed_at=None, **values)
    return row, said


def _store_files(posted: Any, files: Any, *, by: Any) -> tuple[list[uploads.KeptFile], list[str]]:
    """Store the chosen files. Returns them with those that were stored before, and sentences about refused ones."""
    kept, said = uploads.store(files, by=by)
    before = uploads.chosen(posted.getlist(uploads.KEPT), by=by)
    return kept + [uploads.KeptFile(field, str(row.uuid), row.name, row.sha256) for field, row in before], said


def _repeat(before: FormInput, values: Mapping[str, Any]) -> FormInput:
    """Keep other content of a form that has been saved already, as a form of its own that asks about it.

    An edit has no question to ask: its version tells.
    """
    known = {"user": before.user, "path": before.path, "repeats": before if before.fields else None}
    return FormInput.objects.create(nonce=form_tokens.new_nonce(), **known, **values)


def is_same(row: FormInput, fields: Fields, files: Sequence[uploads.KeptFile]) -> bool:
    """Return whether the row has the same content: every field, and every file by its bytes."""
    stored = {(file[0], file[3]) for file in row.files}
    same_files = stored == {(file.field, file.digest) for file in files}
    return same_files and _plain(row.fields) == _plain(fields)


def _plain(fields: Fields) -> dict[str, list[str]]:
    found = {name: [value.replace("\r\n", "\n").strip() for value in values] for name, values in fields.items()}
    return {name: values for name, values in found.items() if any(values)}


def _limit_rate(*keys: str) -> None:
    if any(rate_limits.is_over(f"form-input-{key}", MAX_POSTS, WINDOW_SECONDS) for key in keys):
        raise InputNotKept(_("Too many forms have been sent without signing in. Sign in, then send this one again."))


def _limit_amount(owner: Any, fields: Fields, *, nonce: str, path: str) -> None:
    if is_too_long(fields):
        raise InputNotKept(_("This text is too long to be saved as a draft. Shorten it, or attach the rest as a file."))
    others = FormInput.objects.filter(state__in=UNSAVED).exclude(user=owner, nonce=nonce, path=path)
    if others.filter(user=owner).count() >= MAX_INPUTS:
        raise InputNotKept(_("You have too many drafts. First delete some of them under “My work”."))
    if others.count() >= MAX_INPUTS_IN_ALL:
        words = _("There are too many unsaved forms on this site.")
        raise InputNotKept(f"{words} {_('Tell the coordinator and try again later.')}")


# ---- drafts


def save_draft(
    token: FormToken, *, path: str, posted: Any, files: Any = None, version: int | None = None, title: str = ""
) -> tuple[FormInput | None, list[str]]:
    """Keep what has been typed so far. Returns None if this form has been saved meanwhile.

    ``version``: the one of the draft that the form was opened with. If another window has changed the draft since, a
    second draft is made. Raises InputNotKept.
    """
    fields, owner = fields_of(posted), get_user_model().objects.get(pk=token.user_id)
    _limit_amount(owner, fields, nonce=token.nonce, path=path)
    kept, said = _store_files(posted, files or MultiValueDict(), by=owner)
    values = {"page": token.page, "fields": fields, "files": kept, "updated_at": clock.now()}
    if title:
        values["title"] = title[:200]
    with transaction.atomic():
        row, is_new = _locked(token, path, values)
        if row.state == State.SENT:
            return None, said
        if version not in {None, row.version}:
            row = FormInput.objects.create(user=owner, nonce=form_tokens.new_nonce(), path=path, **values)
        elif not is_new:
            _change(row, version=row.version + 1, **values)
    return row, said


def drafts_for(user: Any, page_path: str) -> list[FormInput]:
    """Return the unsaved inputs of the page's own form, the newest first."""
    return list(unsaved(user).filter(path=page_path)[:MAX_INPUTS])


def inputs_to_show(request: Any) -> list[FormInput]:
    """Return what the page's form is filled with: the input that the address names, else the page's drafts."""
    if not hasattr(request, "shown_form_inputs"):
        row = getattr(request, "opened_form_input", None)
        request.shown_form_inputs = [row] if row else drafts_for(request.user, request.path)
    return request.shown_form_inputs


def unsaved_inputs(user: Any) -> list[FormInput]:
    """Return what the person typed and has not saved yet, the newest first."""
    return list(unsaved(user)[:MAX_INPUTS])


def unsaved(user: Any) -> Any:
    """Return drafts and held posts, without those that a request is saving now."""
    is_free = Q(claimed_at=None) | Q(claimed_at__lt=clock.now() - CLAIM)
    return FormInput.objects.filter(is_free, user=user.pk, state__in=UNSAVED)


# ---- a form that is sent once


def claim(token: FormToken, *, path: str, posted: Any, files: Any) -> FormInput:
    """Store what is about to be saved, and return its row. Its state is *sent* if the form has been saved before.

    Call it outside the transaction that saves: if the process dies there, the row is *held* and its author finds it.
    """
    values = {"fields": fields_of(posted), "files": digests(files), "updated_at": clock.now()}
    new = {"page": token.page, "state": State.HELD, "claimed_at": clock.now()}
    row, is_new = FormInput.objects.get_or_create(**_key(token, path), defaults=values | new)
    if not is_new:
        FormInput.objects.filter(pk=row.pk).exclude(state=State.SENT).update(**values)
    return row


def lock(token: FormToken, *, path: str) -> FormInput:
    """Return the row of a form, locked until the end of the transaction; another post of the form waits here.

    The row is new if the other post had an error, and deleted it.
    """
    return _locked(token, path, {"page": token.page, "state": State.HELD, "claimed_at": clock.now()})[0]


def _locked(token: FormToken, path: str, values: Mapping[str, Any]) -> tuple[FormInput, bool]:
    return FormInput.objects.select_for_update().get_or_create(**_key(token, path), defaults=values)


def _change(row: FormInput, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _key(token: FormToken, path: str) -> dict[str, Any]:
    return {"user_id": token.user_id, "nonce": token.nonce, "path": path}


def release(row: FormInput) -> None:
    """The form was not saved, for example because of an error in it: what was a draft before stays one."""
    FormInput.objects.filter(pk=row.pk, claimed_at__gt=clock.now() - CLAIM).exclude(state=State.SENT).delete()


def mark_sent(row: FormInput, *, posted: Any, files: Any, answer: Mapping[str, Any]) -> None:
    """Record the answer, in the transaction that saves: both are stored or none."""
    content = {"fields": fields_of(posted), "files": digests(files), "answer": dict(answer)}
    _change(row, state=State.SENT, claimed_at=None, updated_at=clock.now(), **content)


def show_failed(row: FormInput) -> None:
    """Show what could not be saved to its author at once."""
    FormInput.objects.filter(pk=row.pk).exclude(state=State.SENT).update(claimed_at=None)


def close_drafts(token: FormToken, *, may_arrive: bool) -> None:
    """Replace the drafts of a saved form by a mark that it is saved: a late autosave must not bring them back.

    ``may_arrive``: a first autosave was under way when the form was sent.
    """
    values = {"state": State.SENT, "fields": {}, "files": [], "updated_at": clock.now()}
    key = {"user_id": token.user_id, "nonce": token.nonce}
    FormInput.objects.filter(**key).exclude(state=State.SENT).update(**values)
    if may_arrive:
        _locked(token, token.page_path, {"page": token.page, "state": State.SENT})


def digests(files: Any) -> list[uploads.KeptFile]:
    """Return the files of a request for comparison. Those that are stored already can be attached again."""
    found = []
    for field, posted in files.lists():
        for upload in posted:
            stored = getattr(upload, "stored", None)
            uuid = str(stored.uuid) if stored else ""
            found.append(uploads.KeptFile(field, uuid, upload.name or "", uploads.digest_of(upload)))
    return found


# ---- how long they stay


def delete_old() -> int:
    """Delete what nobody has changed for too long. Returns how many."""
    ages = {State.DRAFT: DRAFT_MAX_AGE, State.HELD: HELD_MAX_AGE, State.SENT: SENT_MAX_AGE}
    return sum(_older(state, clock.now() - age).delete()[0] for state, age in ages.items())


def kept_files() -> set[str]:
    """Return the uuids of the files of everything that is not saved yet: they stay as long as it."""
    rows = FormInput.objects.filter(state__in=UNSAVED).exclude(files=[])
    return {uuid for files in rows.values_list("files", flat=True) for _field, uuid, *_more in files if uuid}


def redact(texts: Iterable[str], files: Iterable[str], paths: Iterable[str]) -> None:
    """Delete what was typed into the forms at ``paths``, or holds one of the texts or files that were redacted.

    A draft may hold a part of a text, or more than it.
    """
    texts, uuids, paths = set(texts), set(files), set(paths)
    gone = [
        row.pk
        for row in FormInput.objects.only("path", "fields", "files").iterator(chunk_size=500)
        if row.path in paths or _holds(row, texts, uuids)
    ]
    FormInput.objects.filter(pk__in=gone).delete()


def _holds(row: FormInput, texts: set[str], uuids: set[str]) -> bool:
    if any(file[1] in uuids for file in row.files):
        return True
    typed = [_one_line(value) for values in row.fields.values() for value in values]
    return any(_overlap(value, _one_line(text)) for text in texts for value in typed)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _overlap(typed: str, text: str) -> bool:
    """Return whether one holds the other; single words are compared as a whole."""
    shorter, longer = sorted((typed, text), key=len)
    return shorter in longer if len(shorter) >= SHORTEST_PART else shorter == longer


def _older(state: str, moment: datetime) -> Any:
    return FormInput.objects.filter(state=state, updated_at__lt=moment)


def personal_data(user: Any) -> list[Any]:
    """Return the part of the data export."""
    rows = FormInput.objects.filter(user=user)
    return list(rows.values("title", "page", "state", "fields", "updated_at"))
