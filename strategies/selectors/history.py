"""What has changed in a record, when and by whom, in words."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from epi_site.shared import locales
from strategies.enums import ChangeCause

QUIET = {"version", "uuid", "history_id", "path"}
MOST = 40
LONGEST = 400


class Change(NamedTuple):
    label: str
    before: str
    after: str


class Entry(NamedTuple):
    at: datetime
    who: str
    kind: str  # "+" made, "~" changed
    reason: str
    changes: list[Change]


def history_of(row: models.Model) -> list[Entry]:
    """The newest changes first. Names of what foreign keys lead to are read once for each model."""
    records = list(row.history.select_related("history_user").order_by("-history_date", "-history_id")[: MOST + 1])
    names = _Names(row)
    pairs = zip(records, [*records[1:], None], strict=True)
    entries = [_entry(row, new, old, names) for new, old in pairs]
    return [entry for entry in entries[:MOST] if entry.changes or entry.kind == "+"]


def _entry(row: models.Model, new: Any, old: Any, names: "_Names") -> Entry:
    changes = []
    if old is not None and new.history_type == "~":
        delta = new.diff_against(old, excluded_fields=[name for name in QUIET if _has(row, name)])
        changes = [names.change(change) for change in delta.changes]
    who = str(new.history_user) if new.history_user else _("the system")
    return Entry(new.history_date, who, new.history_type, reason_words(new.history_change_reason or ""), changes)


def reason_words(stored: str) -> str:
    """What the history keeps as ``decision: The council said so.``, in words of the reader's language."""
    cause, parted, words = stored.partition(": ")
    if not parted or cause not in ChangeCause.values:
        return stored
    return f"{str(ChangeCause(cause).label).capitalize()}: {words}"


def _has(row: models.Model, name: str) -> bool:
    return name in {field.name for field in row._meta.concrete_fields}


class _Names:
    """Values as people read them."""

    def __init__(self, row: models.Model):
        self.row = row
        self.known: dict[tuple[str, Any], str] = {}

    def change(self, change: Any) -> Change:
        field = self.row._meta.get_field(change.field)
        label = str(getattr(field, "verbose_name", change.field))
        return Change(label[:1].upper() + label[1:], self.words(field, change.old), self.words(field, change.new))

    def words(self, field: Any, value: Any) -> str:
        if value is None or value == "" or value == []:
            return locales.NOTHING
        if field.many_to_many:
            far = field.m2m_reverse_field_name()
            return ", ".join(sorted(self.name(field, part[far]) for part in value)) or locales.NOTHING
        if field.is_relation:
            return self.name(field, value)
        if getattr(field, "choices", None):
            return str(dict(field.flatchoices).get(value, value))
        return self.plain(field, value)

    @staticmethod
    def plain(field: Any, value: Any) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(field, models.DateTimeField):
            return locales.moment(value)
        if isinstance(field, models.DateField):
            return locales.day(value)
        if isinstance(field, models.DecimalField):
            return locales.number(value)
        text = str(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"

    def name(self, field: Any, pk: Any) -> str:
        key = (field.related_model._meta.label, pk)
        if key not in self.known:
            found = field.related_model._default_manager.filter(pk=pk).first()
            self.known[key] = str(found) if found else _("removed")
        return self.known[key]
