"""Frozen figures that rest on an earlier period whose figures have been corrected since.

A revision cumulates what earlier periods had when it was frozen: money spent, milestones, the last status and progress
of an action, earlier values of an indicator. It stays as it is if one of them is corrected later.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from strategies.models import PeriodRevision, RevisionAction, RevisionIndicator


class _Row(NamedTuple):
    """One revision of a city."""

    pk: int
    city_id: int
    period_id: int
    starts_on: Any
    name: str
    number: int
    is_readable: bool


class _Pair(NamedTuple):
    """An earlier period as ``revision`` cumulates it, and as it was corrected."""

    revision: int
    before: int
    after: _Row


def corrected_periods(revisions: Iterable[int], readable: QuerySet[PeriodRevision]) -> dict[int, list[str]]:
    """Return for each revision the names of the earlier periods that were corrected after it was frozen.

    A period counts if figures that the revision cumulates differ. ``readable`` are the revisions that the reader may
    read; a correction that is in none of them is not named. One query where nothing was submitted again, else three.
    """
    wanted = set(revisions)
    pairs = list(_pairs(wanted, _rows(wanted, readable))) if wanted else []
    if not pairs:
        return {}
    ids = {pk for pair in pairs for pk in (pair.revision, pair.before, pair.after.pk)}
    actions, values = _actions(ids), _values(ids)
    found: dict[int, list[str]] = defaultdict(list)
    for pair in pairs:
        if _differ(actions, values, pair):
            found[pair.revision].append(pair.after.name)
    return dict(found)


def correction_sentence(revision: int | None, readable: QuerySet[PeriodRevision]) -> str:
    """Return the sentence about one revision, "" if nothing that it rests on was corrected."""
    return sentence_about(corrected_periods([revision], readable).get(revision, [])) if revision else ""


def sentence_about(periods: Iterable[str]) -> str:
    names = ", ".join(periods)
    if not names:
        return ""
    words = _(
        "These figures are based on earlier figures that have since been corrected: %(periods)s. They are kept as "
        "submitted."
    )
    return words % {"periods": names}


def _rows(wanted: set[int], readable: QuerySet[PeriodRevision]) -> list[_Row]:
    """Return all revisions of the cities, earliest period first, then by number."""
    cities = PeriodRevision.objects.filter(pk__in=wanted).values("city_period__city")
    rows = PeriodRevision.objects.filter(city_period__city__in=cities)
    rows = rows.annotate(
        is_readable=Exists(readable.filter(pk=OuterRef("pk"))), starts_on=F("city_period__period__starts_on")
    )
    columns = (
        "pk",
        "city_period__city",
        "city_period",
        "starts_on",
        "city_period__period__name",
        "number",
        "is_readable",
    )
    return [_Row(*row) for row in rows.order_by("starts_on", "number").values_list(*columns)]


def _pairs(wanted: set[int], rows: list[_Row]) -> Iterable[_Pair]:
    by_period: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        by_period[row.period_id].append(row)
    for row in rows:
        if row.pk not in wanted:
            continue
        for earlier in by_period.values():
            if earlier[0].city_id != row.city_id or earlier[0].starts_on >= row.starts_on:
                continue
            before = [other for other in earlier if other.pk < row.pk]
            after = [other for other in earlier if other.pk > row.pk and other.is_readable]
            if before and after:
                yield _Pair(row.pk, before[-1].pk, after[-1])


class _ActionFigures(NamedTuple):
    """What one period adds to the figures of an action."""

    spent: str
    reached: frozenset[int]
    last: tuple[str, int | None] | None  # status and progress of its last update
    has_updates: bool


def _actions(ids: set[int]) -> dict[int, dict[int, _ActionFigures]]:
    found: dict[int, dict[int, _ActionFigures]] = defaultdict(dict)
    for revision, action, contents in RevisionAction.objects.filter(revision__in=ids).values_list(
        "revision", "action", "contents"
    ):
        entry = json.loads(contents)
        updates = entry["updates"]  # newest first
        found[revision][action] = _ActionFigures(
            entry["spent_in_period"],
            frozenset(pk for update in updates for pk in update["milestones"]),
            (updates[0]["status"], updates[0]["progress"]) if updates else None,
            bool(updates),
        )
    return found


def _values(ids: set[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    rows = RevisionIndicator.objects.filter(revision__in=ids).values_list("revision", "indicator", "value")
    for revision, indicator, value in rows:
        found[revision][indicator] = value
    return found


NOTHING = _ActionFigures("0", frozenset(), None, False)


def _differ(actions: dict, values: dict, pair: _Pair) -> bool:
    before, after = actions[pair.before], actions[pair.after.pk]
    for action, own in actions[pair.revision].items():
        old, new = before.get(action, NOTHING), after.get(action, NOTHING)
        if (old.spent, old.reached) != (new.spent, new.reached):
            return True
        if not own.has_updates and old.last != new.last:
            return True
    old_values, new_values = values[pair.before], values[pair.after.pk]
    return any(old_values.get(pk) != new_values.get(pk) for pk in values[pair.revision])
