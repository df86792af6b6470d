"""History of a record as text: what changed, when and by whom."""

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from core import clock, locales
from core.collation import title_key
from core.texts import shorten
from strategies.enums import ChangeCause
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    Milestone,
    MilestoneDropped,
    MilestoneReached,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)
from strategies.models.visibility import SHARED_VISIBILITIES

HIDDEN_FIELDS = {"version", "code_sort", "uuid", "history_id", "path"}
MAX_ENTRIES = 40
MAX_LENGTH = 400


class Change(NamedTuple):
    label: str
    before: str
    after: str


class Entry(NamedTuple):
    at: datetime
    who: str
    kind: str  # "+" created, "~" changed
    reason: str
    changes: list[Change]
    about: str = ""  # the part of the record that changed


def history_of(row: models.Model, *, of_city: bool = True) -> list[Entry]:
    """Return the newest changes (at most MOST), newest first. Each related object costs one query.

    With ``of_city=False``, changes before the record was last visible to the city only are left out.
    """
    records = list(_newest_first(row.history.all())[: MAX_ENTRIES + 1])
    if not of_city and _has(type(row), "visibility"):
        records = list(takewhile(lambda record: record.visibility in SHARED_VISIBILITIES, records))
    return _entries(type(row), records)[:MAX_ENTRIES]


def history_of_action(action: Action, user: Any) -> list[Entry]:
    """Return changes of the action, its milestones and budget lines, and what readable updates did to milestones."""
    entries = history_of(action)
    for model in (Milestone, BudgetLine):
        entries += _history_of_parts(model, model.history.filter(action=action))
    readable = ActionUpdate.objects.visible_to(user).filter(action=action)
    return _merged(entries + _outcomes(update__in=readable))


def history_of_strategy(strategy: Strategy) -> list[Entry]:
    """Return changes of the strategy and of the parts that have no history page of their own."""
    entries = history_of(strategy)
    for model in (PriorityArea, SwotItem, Risk):
        entries += _history_of_parts(model, model.history.filter(strategy=strategy))
    return _merged(entries + _history_of_parts(Objective, Objective.history.filter(area__strategy=strategy)))


def history_of_update(update: ActionUpdate, *, of_city: bool) -> list[Entry]:
    """Return changes of the update, including milestones that were added to it or removed from it."""
    told = history_of(update, of_city=of_city)
    reached = [entry._replace(about="") for entry in _outcomes(update=update)]
    if not of_city:
        since = min((entry.at for entry in told), default=clock.now())
        reached = [entry for entry in reached if entry.at >= since]
    return _merged(told + reached)


def _newest_first(records: models.QuerySet) -> models.QuerySet:
    return records.select_related("history_user").order_by("-history_date", "-history_id")


def _merged(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MAX_ENTRIES]


def _history_of_parts(model: type[models.Model], records: models.QuerySet) -> list[Entry]:
    """Return changes of the parts' own columns: each comparison of their links would cost two queries."""
    by_part: dict[int, list] = {}
    for record in _newest_first(records):
        by_part.setdefault(record.id, []).append(record)
    kind = str(model._meta.verbose_name)
    kind = kind[:1].upper() + kind[1:]
    return [
        entry._replace(about=f"{kind}: {of_one[0].instance}")
        for of_one in by_part.values()
        for entry in _entries(model, of_one, [field.name for field in model._meta.many_to_many])
    ]


def _outcomes(**updates: Any) -> list[Entry]:
    """Return milestones that updates reached or dropped, as changes of the updates."""
    return [
        entry
        for model in (MilestoneReached, MilestoneDropped)
        for entry in _rows_of_updates(model, model.history.filter(**updates))
    ]


def _rows_of_updates(model: type[models.Model], records: models.QuerySet) -> list[Entry]:
    """Return rows that are only created and deleted as changes of the update that they belong to."""
    label = str(model._meta.verbose_name).capitalize()
    entries = []
    for record in _newest_first(records).select_related("history_user", "update", "milestone"):
        title, about = str(record.milestone), _("Update of %(day)s") % {"day": locales.day(record.update.date)}
        before, after = (locales.NOTHING, title) if record.history_type == "+" else (title, locales.NOTHING)
        entries.append(Entry(record.history_date, _who(record), "~", "", [Change(label, before, after)], about))
    return entries


def _entries(model: type[models.Model], records: list, hidden: Iterable[str] = ()) -> list[Entry]:
    names = _ValueFormatter(model)
    pairs = zip(records, [*records[1:], None], strict=True)
    hidden = {name for name in HIDDEN_FIELDS if _has(model, name)} | set(hidden)
    entries = [_entry(new, old, names, hidden) for new, old in pairs]
    return [entry for entry in entries if entry.changes or entry.kind == "+"]


def _entry(new: Any, old: Any, names: "_ValueFormatter", hidden: set[str]) -> Entry:
    changes = []
    if old is not None and new.history_type == "~":
        delta = new.diff_against(old, excluded_fields=hidden)
        changes = [names.change(change) for change in delta.changes]
    reason = reason_words(new.history_change_reason or "")
    return Entry(new.history_date, _who(new), new.history_type, reason, changes)


def _who(record: Any) -> str:
    return str(record.history_user) if record.history_user else _("this site (automatic)")


def reason_words(stored: str) -> str:
    """Return a stored reason, such as ``decision: The council said so.``, with its cause in the active language."""
    cause, parted, words = stored.partition(": ")
    if not parted or cause not in ChangeCause.values:
        return stored
    return f"{str(ChangeCause(cause).label).capitalize()}: {words}"


def _has(model: type[models.Model], name: str) -> bool:
    return name in {field.name for field in model._meta.concrete_fields}


class _ValueFormatter:
    """Formats field values as text."""

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
            return ", ".join(sorted((self.name(field, part[far]) for part in value), key=title_key)) or locales.NOTHING
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
        return shorten(str(value), MAX_LENGTH)

    def name(self, field: Any, pk: Any) -> str:
        key = (field.related_model._meta.label, pk)
        if key not in self.known:
            found = field.related_model._default_manager.filter(pk=pk).first()
            self.known[key] = str(found) if found else _("removed")
        return self.known[key]
