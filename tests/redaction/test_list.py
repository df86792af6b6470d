"""The list of redactions, from which a restore repeats the later ones."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from core import clock, redaction, redaction_list, verification
from core.models import RedactionRecord
from core.redaction import MARK
from tests.factories import EventFactory

pytestmark = pytest.mark.django_db
REASON = "A participant is named."


@pytest.fixture
def listed(settings, tmp_path):
    settings.REDACTION_LIST = str(tmp_path / "apart" / "list.jsonl")
    return Path(settings.REDACTION_LIST)


@pytest.fixture
def record(listed, data_protection, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        event = EventFactory(minutes="Anna Lind asked.")
        return redaction.redact(event, ["minutes"], by=data_protection, reason=REASON)


def test_list_holds_nothing_of_what_was_there(record, listed):
    assert listed.stat().st_mode & 0o077 == 0
    assert "Anna" not in listed.read_text()
    assert redaction_list.read() == [
        redaction_list.Entry(record.uuid, record.at, record.by_id, record.model, record.row_id, ["minutes"], REASON)
    ]


def test_half_a_line_is_skipped_and_completed(record, listed):
    whole = listed.read_text()
    listed.write_text(whole[:40])
    assert redaction_list.read() == []
    assert verification.check_redaction_list().differences
    assert redaction_list.complete() == 1
    assert [entry.uuid for entry in redaction_list.read()] == [record.uuid]
    assert redaction_list.complete() == 0
    assert verification.check_redaction_list().differences == []


def test_list_that_cannot_be_written_is_a_difference(record, listed, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.REDACTION_LIST = str(tmp_path)
    assert redaction_list.complete() == 0


def entry_of(row, **given):
    values = {"uuid": uuid4(), "at": clock.now(), "by": None, "model": "cities.event", "row_id": row.pk}
    return redaction_list.Entry(**values | {"fields": ["minutes"], "reason": REASON} | given)


def test_only_later_redactions_of_rows_that_are_there_are_repeated(listed, monkeypatch):
    event, other, empty = EventFactory(minutes="Anna."), EventFactory(minutes="Anna."), EventFactory()
    made_at = clock.now() - timedelta(days=1)
    entries = [
        entry_of(event),
        entry_of(other, at=made_at - timedelta(hours=2)),
        entry_of(empty),
        entry_of(event, row_id=999_999),
    ]
    monkeypatch.setattr(redaction_list, "read", lambda: entries)
    assert redaction.repeat_later(made_at).endswith("applied again: 1.")
    assert redaction.repeat_later(made_at).endswith("applied again: 0.")
    event.refresh_from_db()
    other.refresh_from_db()
    assert (event.minutes, other.minutes) == (MARK, "Anna.")
    assert RedactionRecord.objects.get().uuid == entries[0].uuid
