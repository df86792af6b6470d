"""Checks of ``manage.py verify``: states of the pact's versions, and their texts against what was frozen."""

from core.exceptions import HashMismatch
from core.verification import Result

from .enums import PactState
from .models import PactVersion
from .selectors.pacts import draft_texts, frozen_texts


def check_pacts() -> Result:
    """Check that transitions lead to each version's state, and that a version opened for signature was frozen."""
    result = Result()
    rows = PactVersion.objects.order_by("pk").prefetch_related("transitions", "texts", "signatures")
    for version in rows.select_related("snapshot").iterator(chunk_size=50):
        result.checked += 1
        result.differences += [f"pilot.pactversion {version.pk}: {problem}" for problem in _problems_of(version)]
    return result


def _problems_of(version: PactVersion) -> list[str]:
    moves = list(version.transitions.all())
    problems = []
    if [move.number for move in moves] != list(range(1, version.transition_count + 1)):
        problems.append(f"its transitions are not numbered from 1 to {version.transition_count}")
    states = [PactState.DRAFT, *(move.to_state for move in moves)]
    if any(move.from_state != before for move, before in zip(moves, states, strict=False)):
        problems.append("a transition does not begin where the one before it ended")
    if states[-1] != version.state:
        problems.append(f"is {version.state}, and its last transition led to {states[-1]}")
    return problems + _problems_of_snapshot(version, was_opened=PactState.OPEN in states)


def _problems_of_snapshot(version: PactVersion, *, was_opened: bool) -> list[str]:
    snapshot = getattr(version, "snapshot", None)
    if snapshot is None:
        return ["was opened for signature, and what was opened is missing"] if was_opened else []
    try:
        frozen = frozen_texts(snapshot)
    except HashMismatch:
        return ["what was opened for signature does not match its SHA-256"]
    if any(row.sha256 not in ("", snapshot.sha256) for row in version.signatures.all()):
        return ["a signature names another hash than that of what was opened"]
    stored = [text._replace(pk=None) for text in draft_texts(version)]
    return [] if stored == frozen else ["its texts are not those that were opened for signature"]
