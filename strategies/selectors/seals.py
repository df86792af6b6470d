"""Rows that were taken out of a snapshot, checked against it and its hash whenever they are used."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from epi_site.shared.exceptions import SealBroken
from epi_site.shared.snapshots import seal
from strategies.models import PeriodRevision, RevisionAction

FIGURES = ("health", "status", "progress", "expected", "budget", "spent", "update_count")  # beside ``contents``


def sealed(rows: Iterable[Any]) -> list[Any]:
    """The rows of actions or indicators, in their order; SealBroken where one is not what was handed in.

    One more query reads the snapshots, each once.
    """
    found = list(rows)
    revisions = PeriodRevision.objects.in_bulk({row.revision_id for row in found})
    if any(seal(revision.snapshot) != revision.sha256 for revision in revisions.values()):
        raise SealBroken
    for row in found:
        if row.contents not in revisions[row.revision_id].snapshot or not _says_the_same(row):
            raise SealBroken
    return found


def _says_the_same(row: Any) -> bool:
    """The columns that SQL counts, and the entry that they were taken from."""
    entry = json.loads(row.contents)
    if isinstance(row, RevisionAction):
        return all(_same(getattr(row, name), entry[name]) for name in FIGURES)
    return _same(row.value, entry["value"] and entry["value"]["value"])


def _same(stored: Any, told: Any) -> bool:
    if isinstance(stored, Decimal) and told is not None:
        return Decimal(told).quantize(stored) == stored
    return stored == told
