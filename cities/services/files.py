"""Uploaded files: store, use, open, withdraw, and delete those that nobody used."""

import hashlib
import logging
import secrets
import time
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from cities.enums import FileState
from cities.exceptions import FileRefused
from cities.models import StoredFile
from core import clock, form_inputs, installation, locales, quarantine
from core.error_causes import is_disk_full
from core.exceptions import HashMismatch
from core.parsing import parse_uuid
from core.periodic import for_each

from .file_inspection import InspectedFile, inspect_in_process

PENDING_MAX_AGE = timedelta(days=7)
PENDING_FILES = 60  # pending files per person
PENDING_UPLOADS, PENDING_UPLOADS_IN_ALL = 10, 250  # of the largest size: per person, and of everybody
HOURLY_FILES = 120
DELETED_AT_ONCE = 200
REQUEST_SECONDS = 60  # for checking all files of one request; the one that is being checked then may go on
FOLDERS = 256  # folders of the storage, by the first two characters of a name; each periodic run checks one
log = logging.getLogger(__name__)


class StoredUploads(NamedTuple):
    """What became of the files of one request: those stored, and sentences about those refused or renamed."""

    stored: list[StoredFile]
    refused: list[str]
    renamed: list[str]


def store_uploads(uploads: Iterable[Any], *, by: Any, most: int) -> StoredUploads:
    """Store the files of one request, as ``store_upload`` does. Refuses those after ``most`` files or too much time."""
    done = StoredUploads([], [], [])
    deadline = time.monotonic() + REQUEST_SECONDS
    for count, upload in enumerate(uploads):
        try:
            if not hasattr(upload, "refusal") and (error := _limit_of_request(count, most, deadline)):
                if not hasattr(upload, "stored"):
                    upload.refusal = error  # the view gets the same
                raise error
            stored = store_upload(upload, by=by)
        except FileRefused as error:
            done.refused.append(f"{upload.name}: {error}")
        else:
            done.stored.append(stored)
            done.renamed.extend(renamed_notice(upload, stored))
    return done


def _limit_of_request(count: int, most: int, deadline: float) -> FileRefused | None:
    if count >= most:
        return FileRefused(_("You have chosen too many files at once. Save first, then choose this one again."))
    if time.monotonic() > deadline:
        return FileRefused(_("Checking the other files took too long. Save with those, then choose this one again."))
    return None


def renamed_notice(upload: Any, stored: StoredFile) -> list[str]:
    """Return a sentence if the name was given another suffix, because its content is of another type; else nothing."""
    if stored.name.rpartition(".")[2] == (upload.name or "").rpartition(".")[2]:
        return []
    return [
        _("“%(given)s” has been saved as “%(name)s” to match its content.")
        % {"given": upload.name, "name": stored.name}
    ]


def store_upload(upload: Any, *, by: Any) -> StoredFile:
    """Check the file by its content and store it as pending, for its uploader only; raises FileRefused.

    Call it outside a transaction: what is written to the storage does not roll back. The middleware of forms does so
    before the view (``core.form_middleware``); called again, it returns or raises the same.
    """
    if stored := getattr(upload, "stored", None):
        return stored
    if refusal := getattr(upload, "refusal", None):
        upload.is_refused = True  # the view says so
        raise refusal
    try:
        upload.stored = _store_upload(upload, by=by)
    except FileRefused as error:
        upload.refusal = error
        raise
    return upload.stored


def _store_upload(upload: Any, *, by: Any) -> StoredFile:
    _refuse_size(upload)
    _refuse_too_many(by, upload.size)
    content = _inspect(upload)
    path = _write(content)
    try:
        with transaction.atomic():
            return StoredFile.objects.create(
                name=_display_name(upload.name or "", content.suffix),
                content_type=content.content_type,
                size=len(content.data),
                sha256=hashlib.sha256(content.data).hexdigest(),
                path=path,
                width=content.width,
                height=content.height,
                uploaded_by=by,
            )
    except BaseException:
        default_storage.delete(path)
        raise


class FormUploads:
    """The store of ``core.uploads``: files of forms that are not saved yet are pending files of their uploader."""

    store = staticmethod(store_uploads)

    @staticmethod
    def own(uuids: Iterable[str], *, by: Any) -> dict[str, StoredFile]:
        rows = StoredFile.objects.filter(uploaded_by=by, uuid__in=[found for found in map(parse_uuid, uuids) if found])
        return {str(row.uuid): row for row in rows.exclude(state=FileState.WITHDRAWN)}

    @staticmethod
    def read(stored: StoredFile) -> bytes:
        with open_file(stored) as opened:
            return opened.read()


def mark_file_used(stored: StoredFile) -> StoredFile:
    """Mark the file as used: from now on, who may read what it is attached to may read it. Raises FileRefused."""
    taken = StoredFile.objects.filter(pk=stored.pk, state__in=[FileState.PENDING, FileState.USED])
    if not taken.update(state=FileState.USED):
        raise FileRefused(_("This file has been removed or was not saved in time. Choose it again."))
    stored.state = FileState.USED
    return stored


def open_file(stored: StoredFile) -> Any:
    """Return the opened file after comparing its hash; raises HashMismatch if the bytes are not those uploaded."""
    opened = default_storage.open(stored.path)
    if hashlib.file_digest(opened, "sha256").hexdigest() != stored.sha256:
        opened.close()
        log.error("The bytes of file %s at %s do not match its hash.", stored.pk, stored.path)
        raise HashMismatch
    opened.seek(0)
    return opened


def withdraw_file(stored: StoredFile) -> StoredFile:
    """Mark the file as no longer current; its bytes and its row stay."""
    StoredFile.objects.filter(pk=stored.pk, state=FileState.USED).update(state=FileState.WITHDRAWN)
    stored.state = FileState.WITHDRAWN
    return stored


def delete_pending(stored: StoredFile) -> bool:
    """Delete the row of a file that nobody used, then move its bytes to quarantine: another database may know them."""
    with transaction.atomic():
        gone, _rows = StoredFile.objects.filter(pk=stored.pk, state=FileState.PENDING).delete()
    if gone and default_storage.exists(stored.path):
        quarantine.move(stored.path)
    return bool(gone)


def delete_old_pending() -> int:
    """Delete files that have been pending for a week, a limited number at a time. Returns how many.

    Those of drafts and of forms that could not be saved stay as long as these.
    """
    old = StoredFile.objects.filter(state=FileState.PENDING, uploaded_at__lt=clock.now() - PENDING_MAX_AGE)
    rows = list(old.exclude(uuid__in=form_inputs.kept_files()).order_by("uploaded_at")[:DELETED_AT_ONCE])
    if rows and (problem := installation.problem()):
        log.error("Files that nobody used stay where they are. %s", problem)
        return 0
    return sum(for_each(rows, delete_pending))


def _inspect(upload: Any) -> InspectedFile:
    try:
        return inspect_in_process(upload.read(), upload.name or "")
    except FileRefused as error:
        raise FileRefused(_(str(error))) from error  # the inspection does not translate


# ---- limits


def _refuse_size(upload: Any) -> None:
    if upload.size > settings.UPLOAD_MAX_BYTES:
        most = locales.number(settings.UPLOAD_MAX_BYTES // (1024 * 1024))
        raise FileRefused(
            _(
                "This file is larger than %(most)s MB. Make it smaller, for example by saving it as PDF, or add a "
                "link instead."
            )
            % {"most": most}
        )


def _refuse_too_many(by: Any, size: int) -> None:
    mine, amount = StoredFile.objects.filter(uploaded_by=by), {"count": Count("pk"), "size": Sum("size")}
    waiting = mine.filter(state=FileState.PENDING).aggregate(**amount)
    if waiting["count"] >= PENDING_FILES or _is_beyond(waiting, size, PENDING_UPLOADS):
        raise FileRefused(_("You have too many unsaved files. Save or delete your drafts, then choose this one again."))
    in_all = StoredFile.objects.filter(state=FileState.PENDING).aggregate(**amount)
    if _is_beyond(in_all, size, PENDING_UPLOADS_IN_ALL):
        words = _("There are too many unsaved files on this site.")
        raise FileRefused(f"{words} {_('Tell the coordinator and try again later.')}")
    if mine.filter(uploaded_at__gt=clock.now() - timedelta(hours=1)).count() >= HOURLY_FILES:
        raise FileRefused(
            _("You have uploaded too many files in the last hour. Wait a while, then choose this one again.")
        )


def _is_beyond(waiting: dict[str, Any], size: int, uploads: int) -> bool:
    return (waiting["size"] or 0) + size > uploads * settings.UPLOAD_MAX_BYTES


# ---- storage


def _write(content: InspectedFile) -> str:
    """Store the bytes under a random path and return it; if that fails, delete what was written."""
    token = secrets.token_hex(20)
    path = f"{token[:2]}/{token}"
    try:
        return default_storage.save(path, ContentFile(content.data))
    except OSError as error:
        log.error("A file could not be written to the storage: %r", error)
        _delete_partial(path)
        if is_disk_full(error):
            words = _("The file could not be saved because the server is full.")
        else:
            words = _("The file could not be saved because of a server error.")
        what_to_do = _("Tell the coordinator and try again later.")
        raise FileRefused(f"{words} {what_to_do}") from error


def _delete_partial(path: str) -> None:
    try:
        default_storage.delete(path)
    except OSError as error:
        log.error("Half a file was left at %s: %r", path, error)


def _display_name(name: str, suffix: str) -> str:
    """Return the original name without folders and control characters; only a suffix of another type is replaced."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(letter for letter in last if not unicodedata.category(letter).startswith("C")).strip(" .")
    stem, dot, given = plain.rpartition(".")
    if not dot or given.lower() not in KNOWN_SUFFIXES:
        stem = plain
    elif given.lower() in SUFFIXES.get(suffix, {suffix}):
        suffix = given
    return f"{(stem or _('file'))[:150]}.{suffix}"


SUFFIXES = {"jpg": {"jpg", "jpeg"}, "txt": {"txt", "text", "md", "tsv", "log"}}  # names of one type
KNOWN_SUFFIXES = {"png", "webp", "heic", "heif", "pdf", "docx", "odt", "xlsx", "ods", "csv"}.union(*SUFFIXES.values())
