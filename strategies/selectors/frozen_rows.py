"""Rows that are extracted from a snapshot when it is frozen, for use in SQL, and their check against it."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from cities.models import StoredFile
from core.exceptions import HashMismatch
from core.models import is_genuine
from core.snapshots import canonical
from strategies.models import PeriodRevision, RevisionAction, RevisionFile, RevisionIndicator
from strategies.models.health import HealthInputs, explain
from strategies.period_snapshot import SnapshotAction

FIGURES = {  # column beside ``contents``: key in the entry
    "health": "health",
    "stage": "status",
    "progress": "progress",
    "expected": "expected",
    "budget": "budget",
    "spent": "spent",
    "update_count": "update_count",
}


def frozen_action_row(revision: PeriodRevision, entry: dict) -> RevisionAction:
    """Return an unsaved row with the figures of an action's entry in the snapshot."""
    return RevisionAction(
        revision=revision,
        action_id=entry["id"],
        health=entry["health"],
        stage=entry["status"],
        progress=entry["progress"],
        expected=entry["expected"],
        budget=entry["budget"],
        spent=entry["spent"],
        update_count=entry["update_count"],
        contents=canonical(entry),
    )


def frozen_indicator_row(revision: PeriodRevision, entry: dict) -> RevisionIndicator:
    """Return an unsaved row with the value of an indicator's entry in the snapshot."""
    value = entry["value"] and entry["value"]["value"]
    return RevisionIndicator(revision=revision, indicator_id=entry["id"], value=value, contents=canonical(entry))


def frozen_file_rows(revision: PeriodRevision, contents: dict) -> list[RevisionFile]:
    """Return unsaved rows for the evidence files, each with the visibility of its update or value."""
    pieces = [(fact["visibility"], piece) for fact in _facts(contents) for piece in fact["evidence"] if piece["file"]]
    uuids = [piece["file"]["uuid"] for _visibility, piece in pieces]
    files = {str(uuid): pk for uuid, pk in StoredFile.objects.filter(uuid__in=uuids).values_list("uuid", "pk")}
    return [
        RevisionFile(
            revision=revision, evidence_id=piece["id"], file_id=files[str(piece["file"]["uuid"])], visibility=visibility
        )
        for visibility, piece in pieces
    ]


def _facts(contents: dict) -> Iterator[dict]:
    for action in contents["actions"]:
        yield from action["updates"]
    for indicator in contents["indicators"]:
        if indicator["value"]:
            yield indicator["value"]


def frozen_reason(action: SnapshotAction, today: date) -> str:
    """Return the sentence that explains the frozen status of an action. ``today``: the day it was frozen for."""
    facts = HealthInputs(
        stage=action.stage or None,
        starts_on=action.starts_on,
        ends_on=action.ends_on,
        next_milestone_on=action.next_milestone_on,
        last_update_on=action.last_update_on,
        progress=action.progress,
        expected=action.expected,
        has_responsible=action.has_responsible,
        today=today,
        milestones=len(action.milestones),
        milestones_reached=sum(row.reached_on is not None for row in action.milestones),
    )
    return explain(facts, action.health)


# ---- the check


def verified_rows(rows: Iterable[Any]) -> list[Any]:
    """Return the rows as a list, in the same order. Raises HashMismatch if one differs from what was submitted.

    Costs one more query, which reads each snapshot once.
    """
    found = list(rows)
    revisions = PeriodRevision.objects.in_bulk({row.revision_id for row in found})
    if not all(is_genuine(revision, revision.snapshot) for revision in revisions.values()):
        raise HashMismatch
    for row in found:
        if row.contents not in revisions[row.revision_id].snapshot or not _matches_entry(row):
            raise HashMismatch
    return found


def _matches_entry(row: Any) -> bool:
    """Return whether the columns equal the entry that they were taken from."""
    entry = json.loads(row.contents)
    if isinstance(row, RevisionAction):
        return all(_is_equal(getattr(row, column), entry[key]) for column, key in FIGURES.items())
    return _is_equal(row.value, entry["value"] and entry["value"]["value"])


def _is_equal(stored: Any, frozen: Any) -> bool:
    if isinstance(stored, Decimal) and frozen is not None:
        return Decimal(frozen).quantize(stored) == stored
    return stored == frozen
