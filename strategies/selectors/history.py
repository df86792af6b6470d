"""What has changed in a record, when and by whom, in words."""

from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from core import clock, locales
from strategies.enums import ChangeCause
from strategies.models import Action, ActionUpdate, BudgetLine, Milestone, MilestoneReached
from strategies.models.querysets import HANDED_ON

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
    about: str = ""  # the part of the record that it is about


def history_of(row: models.Model, *, of_city: bool = True) -> list[Entry]:
    """The newest changes first. Names of what foreign keys lead to are read once for each model.

    Readers who are not ``of_city`` read no state from before the record was last for the city alone.
    """
    records = list(_newest_first(row.history.all())[: MOST + 1])
    if not of_city and _has(type(row), "visibility"):
        records = list(takewhile(lambda record: record.visibility in HANDED_ON, records))
    return _entries(type(row), records)[:MOST]


def history_of_action(action: Action, user: Any) -> list[Entry]:
    """With its milestones and budget lines, and what the updates that this reader reads have reached."""
    entries = history_of(action)
    for model in (Milestone, BudgetLine):
        entries += _history_of_parts(model, model.history.filter(action=action))
    readable = ActionUpdate.objects.visible_to(user).filter(action=action)
    return _merged(entries + _reached(MilestoneReached.history.filter(update__in=readable)))


def history_of_update(update: ActionUpdate, *, of_city: bool) -> list[Entry]:
    """With the milestones that it reached, and those that were taken back."""
    told = history_of(update, of_city=of_city)
    reached = [entry._replace(about="") for entry in _reached(MilestoneReached.history.filter(update=update))]
    if not of_city:
        since = min((entry.at for entry in told), default=clock.now())
        reached = [entry for entry in reached if entry.at >= since]
    return _merged(told + reached)


def _newest_first(records: models.QuerySet) -> models.QuerySet:
    return records.select_related("history_user").order_by("-history_date", "-history_id")


def _merged(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST]


def _history_of_parts(model: type[models.Model], records: models.QuerySet) -> list[Entry]:
    by_part: dict[int, list] = {}
    for record in _newest_first(records):
        by_part.setdefault(record.id, []).append(record)
    kind = str(model._meta.verbose_name).capitalize()
    return [
        entry._replace(about=f"{kind}: {of_one[0].instance}")
        for of_one in by_part.values()
        for entry in _entries(model, of_one)
    ]


def _reached(records: models.QuerySet) -> list[Entry]:
    """Rows that are only made and taken away, told as changes of the update that they belong to."""
    label = str(MilestoneReached._meta.verbose_name).capitalize()
    entries = []
    for record in _newest_first(records).select_related("history_user", "update", "milestone"):
        title, about = str(record.milestone), _("Update of %(day)s") % {"day": locales.day(record.update.date)}
        before, after = (locales.NOTHING, title) if record.history_type == "+" else (title, locales.NOTHING)
        entries.append(Entry(record.history_date, _who(record), "~", "", [Change(label, before, after)], about))
    return entries


def _entries(model: type[models.Model], records: list) -> list[Entry]:
    names = _Names(model)
    pairs = zip(records, [*records[1:], None], strict=True)
    entries = [_entry(model, new, old, names) for new, old in pairs]
    return [entry for entry in entries if entry.changes or entry.kind == "+"]


def _entry(model: type[models.Model], new: Any, old: Any, names: "_Names") -> Entry:
    changes = []
    if old is not None and new.history_type == "~":
        delta = new.diff_against(old, excluded_fields=[name for name in QUIET if _has(model, name)])
        changes = [names.change(change) for change in delta.changes]
    reason = reason_words(new.history_change_reason or "")
    return Entry(new.history_date, _who(new), new.history_type, reason, changes)


def _who(record: Any) -> str:
    return str(record.history_user) if record.history_user else _("this site")


def reason_words(stored: str) -> str:
    """What the history keeps as ``decision: The council said so.``, in words of the reader's language."""
    cause, parted, words = stored.partition(": ")
    if not parted or cause not in ChangeCause.values:
        return stored
    return f"{str(ChangeCause(cause).label).capitalize()}: {words}"


def _has(model: type[models.Model], name: str) -> bool:
    return name in {field.name for field in model._meta.concrete_fields}


class _Names:
    """Values as people read them."""

    def __init__(self, model: type[models.Model]):
        self.model = model
        self.known: dict[tuple[str, Any], str] = {}

    def change(self, change: Any) -> Change:
        field = self.model._meta.get_field(change.field)
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
