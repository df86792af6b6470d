"""Redaction: the one exception to locked facts, frozen records and append-only histories (docs/adr/0024).

Apps register in ``ready()`` which fields of their rows can be redacted, which frozen records hold them and which
documents printed them. ``redact`` blanks all of it in one transaction and leaves a RedactionRecord; the triggers let
exactly what the record names be blanked, and nothing else be changed.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import structlog
from django.apps import apps
from django.db import models, transaction
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from . import clock, form_inputs, redaction_list, stored_files, triggers
from .exceptions import ReasonMissing, UserFacingError
from .models import RecordOpening, RedactedRow, RedactionRecord
from .services import lock, require_perm
from .snapshots import canonical, sha256_hex

MARK, LINK = triggers.MARKS  # in every language
WHILE_COPIED = timedelta(hours=1)  # a redaction may have been made while the backup was
log = structlog.get_logger(__name__)


class NotRedactable(UserFacingError):
    message = _(
        "There is no record that can be redacted at this address. Enter the address of the page of an update, "
        "an evidence file, an event or a decision."
    )


class NothingToRedact(UserFacingError):
    message = _("Select at least one text or file that has not been redacted yet.")


Rows = Callable[[Mapping[str, Any], str], Any]


def _nothing(*args: Any) -> Any:
    return ()


@dataclass(frozen=True)
class Redactable:
    """What of a model can be redacted.

    ``texts`` and ``links`` are its columns, ``files`` its keys to stored files. ``addresses``: by the name of a view,
    a function that returns the row from the arguments of its address and what follows ``#``, or None. ``forms`` returns
    the paths of the forms that edit the row. ``hold`` locks what the row belongs to, when the row is locked.
    ``redact_frozen`` blanks the frozen records that hold the row; ``consequences`` says before what that will do, one
    sentence for each.
    """

    model: Any
    texts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    addresses: Mapping[str, Rows] = field(default_factory=dict)
    forms: Callable[[Any], Iterable[str]] = _nothing
    hold: Callable[[Any], Any] = _nothing
    redact_frozen: Callable[["Redaction"], Any] = _nothing
    consequences: Callable[[Any], Iterable[str]] = _nothing

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.texts, *self.links, *self.files)

    def value_of(self, name: str) -> str:
        return LINK if name in self.links else MARK


class Printer(NamedTuple):
    """Documents that print rows: ``withdraw(redaction)``, and ``consequences(row, texts)`` says before which ones."""

    withdraw: Callable[["Redaction"], Any]
    consequences: Callable[[Any, frozenset[str]], Iterable[str]]


_redactables: dict[str, Redactable] = {}
_addresses: dict[str, list[Rows]] = {}
_printers: list[Printer] = []


def register(redactable: Redactable) -> None:
    model = redactable.model
    _redactables[model._meta.label_lower] = redactable
    for view, find in redactable.addresses.items():
        _addresses.setdefault(view, []).append(find)
    columns = {name: redactable.value_of(name) for name in (*redactable.texts, *redactable.links)}
    triggers.let_redact(model, columns)
    if history := history_of(model):
        triggers.let_redact(history, columns | {"history_change_reason": MARK})


def register_frozen(model: Any, *columns: str) -> None:
    """Let ``Redaction.redact_json`` change these columns of a frozen model, which hold canonical JSON."""
    triggers.let_redact(model, dict.fromkeys(columns, triggers.HASHED))


def register_printer(printer: Printer) -> None:
    if printer not in _printers:
        _printers.append(printer)


def redactable_of(row: Any) -> Redactable:
    return _redactables[row._meta.label_lower]


def history_of(model: Any) -> Any:
    name = getattr(model._meta, "simple_history_manager_attribute", "")
    return getattr(model, name).model if name else None


# ---- opening one record


@transaction.atomic
def open_record(address: str, *, by: Any, reason: str) -> RecordOpening:
    """Log that ``by`` opens the record at this address. Raises PermissionRefused, ReasonMissing or NotRedactable."""
    require_perm(by, "core.redact")
    if not reason.strip():
        raise ReasonMissing
    row = find_row(address)
    return RecordOpening.objects.create(model=row._meta.label_lower, row_id=row.pk, reason=reason.strip(), by=by)


def find_row(address: str) -> Any:
    """Return the row of an address of this site. Raises NotRedactable."""
    try:
        parts = urlsplit(address.strip())
        match = resolve(parts.path)
    except (Resolver404, ValueError):
        raise NotRedactable from None
    for find in _addresses.get(match.view_name, ()):
        if row := find(match.kwargs, parts.fragment):
            return row
    raise NotRedactable


def opened_row(opening: RecordOpening) -> Any:
    return apps.get_model(opening.model)._base_manager.get(pk=opening.row_id)


class Part(NamedTuple):
    """A field of a record, as its page shows it. ``is_redactable``: something is there that is not redacted yet."""

    name: str
    label: str
    text: str
    is_redactable: bool


def parts_of(row: Any) -> list[Part]:
    found = []
    for name in redactable_of(row).fields:
        held = getattr(row, name)
        is_open = bool(held) and not _is_blank(row, name)
        found.append(Part(name, str(row._meta.get_field(name).verbose_name), str(held or ""), is_open))
    return found


def _is_blank(row: Any, name: str) -> bool:
    redactable, held = redactable_of(row), getattr(row, name)
    if name in redactable.files:
        return held is None or held.state == stored_files.REDACTED
    return held in {"", redactable.value_of(name)}


def consequences_of(row: Any) -> list[str]:
    """Return what a redaction of the row will do, one sentence for each frozen record and document."""
    redactable = redactable_of(row)
    texts = texts_of(row, redactable.texts)
    printed = [line for printer in _printers for line in printer.consequences(row, texts)]
    return [*redactable.consequences(row), *printed]


def redactions_of(row: Any) -> Any:
    return RedactionRecord.objects.filter(model=row._meta.label_lower, row_id=row.pk)


def names_of(record: RedactionRecord) -> str:
    """Return what was redacted, for example "update: text, next step"."""
    model = apps.get_model(record.model)
    names = ", ".join(str(model._meta.get_field(name).verbose_name) for name in record.fields)
    return f"{model._meta.verbose_name} {record.row_id}: {names}"


def redacted_at(sha256: str) -> datetime | None:
    """Return when what was issued under this hash was last redacted, None if it never was."""
    rows = RedactedRow.objects.filter(old_sha256=sha256).exclude(new_sha256="")
    newest = rows.order_by("-pk").values_list("record__at", flat=True)
    return newest.first() if sha256 else None


# ---- the redaction


@dataclass
class Redaction:
    """A redaction that is being made. ``row``: as it was before, ``texts``: what was in it, its history included."""

    record: RedactionRecord
    row: Any
    names: tuple[str, ...]
    texts: frozenset[str]
    files: tuple[Any, ...] = ()

    def blank(
        self, model: Any, pk: int, values: Mapping[str, Any], *, old_sha256: str = "", new_sha256: str = ""
    ) -> None:
        """Change columns of a row that is locked or frozen. The hashes are those of a frozen content."""
        columns = f",{','.join(values)},"
        hashes = {"old_sha256": old_sha256, "new_sha256": new_sha256}
        table = model._meta.db_table
        RedactedRow.objects.create(record=self.record, table_name=table, row_id=pk, columns=columns, **hashes)
        models.QuerySet(model=model).filter(pk=pk).update(**values)

    def redact_json(self, row: Any, column: str, change: Callable[[Any], bool], *, sha256: str = "") -> bool:
        """Change the canonical JSON in a column of a frozen row; return whether ``change(contents)`` changed it.

        ``sha256``: the hash under which the content was issued, if it was.
        """
        before = getattr(row, column)
        contents = json.loads(before)
        if not change(contents):
            return False
        after = canonical(contents)
        old = sha256 or sha256_hex(before)
        self.blank(type(row), row.pk, {column: after}, old_sha256=old, new_sha256=sha256_hex(after))
        setattr(row, column, after)
        return True


def redact(row: Any, names: Iterable[str], *, by: Any, reason: str) -> RedactionRecord:
    """Blank fields of a row wherever they are stored, for ever.

    Raises PermissionRefused, ReasonMissing, or NothingToRedact if none of the fields holds anything.
    """
    require_perm(by, "core.redact")
    if not reason.strip():
        raise ReasonMissing
    return make_redaction(row, names, by=by, reason=reason.strip(), at=clock.now(), uuid=uuid4())


@transaction.atomic
def make_redaction(
    row: Any, names: Iterable[str], *, by: Any, reason: str, at: datetime, uuid: UUID
) -> RedactionRecord:
    """Do it without asking for permission: for ``redact``, and for a restore, which repeats what was decided."""
    redactable = redactable_of(row)
    row = lock(row)  # before what it belongs to, as services do that change the row
    redactable.hold(row)
    chosen = [name for name in redactable.fields if name in set(names) and not _is_blank(row, name)]
    if not chosen:
        raise NothingToRedact
    files = _files_of(row, [name for name in chosen if name in redactable.files])
    file_names = {stored.name for stored in files}  # a text may repeat them, such as the title of evidence
    repeating = [name for name in redactable.texts if texts_of(row, [name]) & file_names]
    chosen = [name for name in redactable.fields if name in {*chosen, *repeating}]
    record = RedactionRecord.objects.create(
        uuid=uuid, model=row._meta.label_lower, row_id=row.pk, fields=chosen, reason=reason, by=by, at=at
    )
    written = [name for name in chosen if name not in redactable.files]
    redaction = Redaction(record, row, tuple(chosen), texts_of(row, written), files)
    blank_texts(redaction, row, written)
    for stored in files:
        redaction.blank(type(stored), stored.pk, {"name": MARK, "state": stored_files.REDACTED})
    redactable.redact_frozen(redaction)
    for printer in _printers:
        printer.withdraw(redaction)
    form_inputs.redact(redaction.texts | file_names, {str(stored.uuid) for stored in files}, redactable.forms(row))
    transaction.on_commit(stored_files.delete_redacted)
    transaction.on_commit(redaction_list.complete)
    log.info("record_redacted", model=record.model, row=record.row_id, fields=record.fields, by=by and by.pk)
    return record


def texts_of(row: Any, names: Iterable[str]) -> frozenset[str]:
    """Return what stands in these columns now, and stood there before."""
    names, history = list(names), history_of(type(row))
    found = {getattr(row, name) for name in names}
    if history is not None and names:
        for values in history.objects.filter(**{row._meta.pk.attname: row.pk}).values_list(*names):
            found.update(values)
    return frozenset(text for text in found if text and text not in {MARK, LINK})


def _files_of(row: Any, names: list[str]) -> tuple[Any, ...]:
    """Return the files that these keys name now, and named before."""
    found: dict[int, Any] = {}
    history = history_of(type(row))
    for name in names:
        model = row._meta.get_field(name).related_model
        keys = {getattr(row, f"{name}_id")}
        keys.update(history.objects.filter(**{row._meta.pk.attname: row.pk}).values_list(f"{name}_id", flat=True))
        for stored in model._base_manager.filter(pk__in=keys - {None}).exclude(state=stored_files.REDACTED):
            found[stored.pk] = stored
    return tuple(found.values())


def blank_texts(redaction: Redaction, row: Any, names: Iterable[str]) -> None:
    """Blank texts and links of a locked row, and of its history. The reasons in the history go with them."""
    redactable, names = redactable_of(row), list(names)
    values: dict[str, Any] = {name: redactable.value_of(name) for name in names if getattr(row, name)}
    if values:
        if hasattr(row, "version"):  # so that a form opened before does not bring the text back
            values["version"] = row.version + 1
        redaction.blank(type(row), row.pk, values)
    history = history_of(type(row))
    for old in history.objects.filter(**{row._meta.pk.attname: row.pk}) if history is not None else ():
        values = {name: redactable.value_of(name) for name in names if getattr(old, name)}
        if names and old.history_change_reason:
            values["history_change_reason"] = MARK
        if values:
            redaction.blank(history, old.pk, values)


# ---- a restored copy


def repeat_later(made_at: datetime) -> str:
    """Make the redactions of the list again that are later than the backup. Returns a line for the operator."""
    entries = redaction_list.read()
    if entries is None:
        return f"There is no list of redactions at {redaction_list.path()}, so none was applied again."
    known, count = set(RedactionRecord.objects.values_list("uuid", flat=True)), 0
    users = apps.get_model("accounts.User").objects
    for entry in entries:
        if entry.uuid in known or entry.at < made_at - WHILE_COPIED:
            continue
        row = apps.get_model(entry.model)._base_manager.filter(pk=entry.row_id).first()
        if row is None:  # it was made after the backup
            continue
        by = users.filter(pk=entry.by).first() if entry.by else None
        try:
            make_redaction(row, entry.fields, by=by, reason=entry.reason, at=entry.at, uuid=entry.uuid)
        except NothingToRedact:  # the backup is older than the text
            continue
        count += 1
    return f"Redactions made after the backup and applied again: {count}."
