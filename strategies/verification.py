"""Checks of ``manage.py verify``: transitions of periods, frozen rows against their snapshots, figures of actions."""

from itertools import groupby
from typing import Any
from uuid import UUID

from core.exceptions import HashMismatch
from core.verification import Result

from .enums import PeriodState
from .models import Action, CityPeriod, PeriodRevision, PeriodTransition, RevisionFile
from .period_snapshot import PeriodSnapshot
from .selectors.figures import actions_with_wrong_figures
from .selectors.frozen_rows import verified_rows


def check_transitions() -> Result:
    """Check that transitions are numbered and follow each other, and that the last one led to the period's state."""
    result = Result(CityPeriod.objects.count())
    columns = ("city_period", "number", "from_state", "to_state", "city_period__transition_count", "city_period__state")
    transitions = PeriodTransition.objects.order_by("city_period", "number").values_list(
        *columns
    )  # one query: one moment
    for pk, rows in groupby(transitions.iterator(), key=lambda row: row[0]):
        if problem := _problem_of(list(rows)):
            result.differences.append(f"strategies.cityperiod {pk}: {problem}")
    unmoved = CityPeriod.objects.filter(transitions=None).exclude(transition_count=0, state=PeriodState.SCHEDULED)
    result.differences += [f"strategies.cityperiod {row.pk}: its transitions are missing" for row in unmoved]
    return result


def _problem_of(transitions: list[Any]) -> str:
    target, count, state = transitions[-1][3:]
    if [row[1] for row in transitions] != list(range(1, count + 1)):
        return f"its transitions are not numbered from 1 to {count}"
    came_from = [PeriodState.SCHEDULED, *(row[3] for row in transitions)]
    if any(row[2] != before for row, before in zip(transitions, came_from, strict=False)):
        return "a transition does not begin where the one before it ended"
    return "" if state == target else f"is {state}, and its last transition led to {target}"


def check_frozen_rows() -> Result:
    """Check that the frozen actions, indicators and files are those of the snapshot."""
    result = Result()
    for revision in PeriodRevision.objects.order_by("pk").iterator(chunk_size=20):
        result.checked += 1
        try:
            problems = _problems_of(revision)
        except HashMismatch:
            problems = ["its frozen rows or its snapshot were changed"]
        result.differences += [f"strategies.periodrevision {revision.pk}: {problem}" for problem in problems]
    return result


def _problems_of(revision: PeriodRevision) -> list[str]:
    snapshot = revision.read()
    held = {
        "actions": {row.action_id for row in verified_rows(revision.actions.all())},
        "indicators": {row.indicator_id for row in verified_rows(revision.indicators.all())},
    }
    differ = [name for name, ids in held.items() if ids != {entry.id for entry in getattr(snapshot, name)}]
    files = RevisionFile.objects.filter(revision=revision).values_list("evidence", "file__uuid", "visibility")
    if set(files) != _files_in(snapshot):
        differ.append("files")
    return [f"its frozen {name} are not those of its snapshot" for name in differ]


def _files_in(snapshot: PeriodSnapshot) -> set[tuple[int, UUID, str]]:
    """Return evidence, file and visibility of each file that a snapshot names."""
    facts: list[Any] = [*snapshot.updates, *(row.value for row in snapshot.indicators if row.value)]
    pieces = [(fact.visibility, piece) for fact in facts for piece in fact.evidence if piece.file]
    return {(piece.id, piece.file.uuid, visibility) for visibility, piece in pieces}


def check_figures() -> Result:
    """Compare the stored figures of each action with the full computation."""
    result = Result(Action.objects.count())
    for action_id, columns in actions_with_wrong_figures():
        problem = f"{', '.join(columns)} wrong" if columns else "missing"
        result.differences.append(f"strategies.actionfigures {action_id}: {problem}; run manage.py rebuild_projection")
    return result
