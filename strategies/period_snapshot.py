"""The snapshot of a submitted period as typed objects, whatever schema version it was written by.

Money and values are decimals in the city's currency or the indicator's unit, progress is in per cent, days are dates in
the city's time zone, and no person is named. The names of the fields are those of the models; where the JSON has an
older key, ``renamed`` gives it. ``strategies.selectors.period_contents`` writes what this module reads. The stored
bytes never change.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext_lazy as _

from cities.enums import Visibility
from core.collation import natural_key
from core.exceptions import UserFacingError

from .enums import Health

SCHEMA_VERSION = 2  # 2: milestones have ``dropped_on``, updates have ``dropped``


class SnapshotUnreadable(UserFacingError):
    message = _("This revision cannot be read by this version of the site. Tell the coordinator.")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a snapshot. Keys that it does not name are ignored."""


def renamed(key: str, default: Any = msgspec.NODEFAULT) -> Any:
    return msgspec.field(name=key, default=default)


# ---- city, period, strategy


class SnapshotCity(Part):
    id: int
    slug: str
    name: str
    country: str
    currency: str
    timezone: str


class SnapshotPeriod(Part):
    id: int
    name: str
    starts_on: date
    ends_on: date
    due_on: date


class SnapshotNarrative(Part):
    text: str
    language: str


class SnapshotObjective(Part):
    id: int
    code: str
    title: str
    description: str = ""


class SnapshotArea(Part):
    id: int
    code: str
    title: str
    description: str = ""
    theme: str | None = None
    objectives: list[SnapshotObjective] = []


class SnapshotSwotItem(Part):
    id: int
    kind: str
    text: str
    area_ids: list[int] = renamed("areas", [])
    action_ids: list[int] = renamed("actions", [])


class SnapshotRisk(Part):
    id: int
    text: str
    area_id: int | None = renamed("area")
    mitigating_action_id: int | None = renamed("counter_action")
    swot_item_ids: list[int] = renamed("swot_items", [])


class SnapshotStrategy(Part):
    id: int
    title: str
    vision: str
    year_from: int
    year_to: int
    language: str
    status: str
    adopted_on: date | None
    areas: list[SnapshotArea] = []
    swot: list[SnapshotSwotItem] = []
    risks: list[SnapshotRisk] = renamed("problems", [])


# ---- facts


class SnapshotFile(Part):
    uuid: UUID
    name: str
    content_type: str
    size: int  # bytes
    sha256: str


class SnapshotEvidence(Part):
    id: int
    title: str
    link: str
    file: SnapshotFile | None


class SnapshotAuthor(Part):
    """The organisation of an author, and the body and role in the city on the day of the update."""

    organisation: str
    body: str
    role: str


class SnapshotUpdate(Part):
    """``few_people`` is not stored: it is set for readers who may not read a count of few people."""

    id: int
    uuid: UUID
    date: date
    author: SnapshotAuthor | None
    on_behalf_of: SnapshotAuthor | None
    text: str
    language: str
    stage: str = renamed("status")
    progress: int | None
    reached_ids: list[int] = renamed("milestones")
    dropped_ids: list[int] = renamed("dropped")
    spent: Decimal | None
    spent_reason: str
    budget_line_id: int | None = renamed("budget_line")
    people_reached: int | None
    challenges: str
    next_step: str
    visibility: Visibility
    is_no_change: bool = renamed("is_nothing_new")
    is_reported_late: bool
    evidence: list[SnapshotEvidence]
    few_people: str = ""


class SnapshotMilestone(Part):
    id: int
    title: str
    due_on: date
    weight: int
    reached_on: date | None
    dropped_on: date | None


class SnapshotBudgetLine(Part):
    id: int
    amount: Decimal
    source: str
    year: int


class SnapshotOwner(Part):
    id: int
    name: str
    kind: str


class SnapshotAction(Part):
    """``hidden``, the number of updates that a reader may not see, is not stored."""

    id: int
    code: str
    title: str
    description: str
    area: SnapshotArea
    objective: SnapshotObjective
    owner: SnapshotOwner | None
    has_responsible: bool = renamed("has_accountable")
    partners: list[str]
    target_groups: list[str]
    starts_on: date
    ends_on: date
    is_pilot: bool
    is_withdrawn: bool
    budget_status: str
    budget_lines: list[SnapshotBudgetLine]
    milestones: list[SnapshotMilestone]
    stage: str = renamed("status")
    health: Health
    progress: int
    expected: int
    next_due_on: date
    last_update_on: date | None
    budget: Decimal
    spent: Decimal  # in total, up to this period
    spent_in_period: Decimal
    update_count: int
    updates: list[SnapshotUpdate]
    hidden: int = 0

    @property
    def next_milestone_on(self) -> date | None:
        """Return the earliest due date of the milestones that were neither reached nor dropped."""
        still_open = [row.due_on for row in self.milestones if not (row.reached_on or row.dropped_on)]
        return min(still_open, default=None)


class SnapshotValue(Part):
    """``few`` and ``withheld`` are not stored: they are what a reader gets in place of the value."""

    id: int
    value: Decimal | None
    note: str
    visibility: Visibility
    evidence: list[SnapshotEvidence]
    few: str = ""
    withheld: str = ""


class SnapshotEarlierValue(Part):
    period: str
    value: Decimal | None
    visibility: Visibility
    few: str = ""


class SnapshotIndicator(Part):
    """``few_baseline``, ``few_target`` and ``hidden`` are not stored."""

    id: int
    name: str
    definition: str
    unit: str
    direction: str
    baseline: Decimal | None
    baseline_on: date | None
    no_baseline_reason: str
    target: Decimal | None
    target_on: date | None
    frequency: str
    source: str
    across_periods: str
    across_cities: str = renamed("across_places")
    counts_people: bool
    objective_id: int | None = renamed("objective")
    action_id: int | None = renamed("action")
    value: SnapshotValue | None
    earlier: list[SnapshotEarlierValue]
    few_baseline: str = ""
    few_target: str = ""
    hidden: int = 0


class PeriodSnapshot(Part):
    """What a city submitted for a period: the facts, and the plan at that time.

    ``as_of`` is the day of each action's ``health``: the last day of the period, or of the submission if earlier.
    ``parts`` are those of ``revision_parts``, as JSON.
    """

    city: SnapshotCity
    period: SnapshotPeriod
    city_period_id: int = renamed("city_period")
    revision: int
    as_of: date
    narrative: SnapshotNarrative | None
    strategy: SnapshotStrategy | None
    actions: list[SnapshotAction]
    indicators: list[SnapshotIndicator]
    schema_version: int = SCHEMA_VERSION  # by which it was written
    parts: dict[str, Any] = {}

    @property
    def updates(self) -> list[SnapshotUpdate]:
        return [update for action in self.actions for update in action.updates]


# ---- reading

_OWN_KEYS = {"schema", *(field.encode_name for field in msgspec.structs.fields(PeriodSnapshot))}


def read_period(contents: dict, *, written_by: int) -> PeriodSnapshot:
    """Return the snapshot, its actions in the order of the plan: those of version 0.1.0 have 1.1.10 before 1.1.2.

    ``written_by`` is the schema version. Raises SnapshotUnreadable.
    """
    parts = {key: value for key, value in contents.items() if key not in _OWN_KEYS}
    actions = [upgraded_action(entry, written_by) for entry in contents.get("actions", [])]
    read = _convert(contents | {"actions": actions, "schema_version": written_by, "parts": parts}, PeriodSnapshot)
    return msgspec.structs.replace(read, actions=sorted(read.actions, key=_plan_order))


def read_action(entry: dict, *, written_by: int) -> SnapshotAction:
    return _convert(upgraded_action(entry, written_by), SnapshotAction)


def read_indicator(entry: dict) -> SnapshotIndicator:
    return _convert(entry, SnapshotIndicator)


def _convert(contents: dict, to: type) -> Any:
    try:
        return msgspec.convert(contents, to)
    except msgspec.ValidationError as error:
        raise SnapshotUnreadable from error


def _plan_order(action: SnapshotAction) -> tuple:
    keys = map(natural_key, attrgetter("area.code", "objective.code", "code")(action))
    return (*keys, action.id)


# ---- older schema versions


def upgraded_action(entry: dict, written_by: int) -> dict:
    """Return an action's entry as the newest schema version has it."""
    for version in range(written_by, SCHEMA_VERSION):
        entry = _UPGRADES[version](entry)
    return entry


def _with_dropped_milestones(entry: dict) -> dict:
    return entry | {
        "milestones": [{"dropped_on": None, **row} for row in entry["milestones"]],
        "updates": [{"dropped": [], **row} for row in entry["updates"]],
    }


_UPGRADES: dict[int, Callable[[dict], dict]] = {1: _with_dropped_milestones}
