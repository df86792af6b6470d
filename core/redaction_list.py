"""The list of redactions in a file of its own, apart from database and backups, so that a restore can repeat them.

It says which fields of which row were redacted, and nothing of what was there.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog
from django.conf import settings

from .models import RedactionRecord
from .private_files import make_private_folder, private_file

NAME = "redactions.jsonl"
log = structlog.get_logger(__name__)


class Entry(NamedTuple):
    uuid: UUID
    at: datetime
    by: int | None
    model: str
    row_id: int
    fields: list[str]
    reason: str


def path() -> Path:
    return Path(settings.REDACTION_LIST or Path(settings.DATA_DIR) / NAME)


def read() -> list[Entry] | None:
    """Return the entries, the oldest first; None without a list."""
    try:
        lines = path().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    entries: dict[UUID, Entry] = {}
    for line in filter(str.strip, lines):
        try:
            entry = _entry(line)
        except (ValueError, TypeError, KeyError):  # half a line, of a process that died: the next one repeats it
            log.error("A line of the list of redactions cannot be read", path=str(path()))
        else:
            entries.setdefault(entry.uuid, entry)
    return list(entries.values())


def _entry(line: str) -> Entry:
    values = json.loads(line)
    return Entry(**values | {"uuid": UUID(values["uuid"]), "at": datetime.fromisoformat(values["at"])})


def complete() -> int:
    """Append the redactions of the database that are missing in the list. Returns how many.

    Where that fails, it is logged, ``verify`` says so, and the next redaction tries again.
    """
    try:
        missing = missing_records()
        if missing:
            make_private_folder(path().parent)
            with open(path(), "a", encoding="utf-8", opener=private_file) as file:
                file.writelines(_line(record) for record in missing)
    except OSError as error:
        log.error("The list of redactions could not be written", path=str(path()), error=str(error))
        return 0
    return len(missing)


def missing_records() -> list[RedactionRecord]:
    known = {entry.uuid for entry in read() or ()}
    return [row for row in RedactionRecord.objects.order_by("at", "pk") if row.uuid not in known]


def _line(record: RedactionRecord) -> str:
    entry = Entry(
        record.uuid, record.at, record.by_id, record.model, record.row_id, record.fields, record.reason
    )._asdict()
    plain = entry | {"uuid": str(record.uuid), "at": record.at.isoformat()}
    return "\n" + json.dumps(plain, ensure_ascii=False) + "\n"  # half a line may stand before it
