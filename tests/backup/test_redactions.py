"""A backup that was made before a redaction: a restore makes the redaction again, from a list of its own."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from cities.enums import BodyKind, Role
from core import redaction, redaction_list, verification
from core.models import RedactionRecord
from core.redaction import MARK
from strategies.models import ActionUpdate, PeriodRevision
from tests.factories import member

from .copies import working_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def listed(settings, tmp_path):
    settings.REDACTION_LIST = str(tmp_path / "elsewhere" / "redactions.jsonl")


def frozen_texts(pk):
    updates = [update for revision in PeriodRevision.objects.all() for update in revision.read().updates]
    return [update.text for update in updates if pk in {None, update.id}]


def all_texts(pk):
    row = ActionUpdate.objects.get(pk=pk)
    return {row.text, *(old.text for old in row.history.all()), *frozen_texts(pk)}


def test_restore_repeats_later_redactions(copies, original, backup, listed):
    with working_in(copies.of(original)):
        with transaction.atomic():
            by = member(BodyKind.NETWORK_OFFICE, Role.DATA_PROTECTION)
            row = ActionUpdate.objects.filter(text__in=frozen_texts(None)).first()
            record = redaction.redact(row, ["text"], by=by, reason="A participant is named.")
        assert all_texts(row.pk) == {MARK}
        assert [entry.uuid for entry in redaction_list.read()] == [record.uuid]

    out = StringIO()
    with working_in(copies.of()):
        call_command("restore", backup, stdout=out)
        assert "Redactions made after the backup and applied again: 1." in out.getvalue()
        assert all_texts(row.pk) == {MARK}
        again = RedactionRecord.objects.get()
        assert (again.uuid, again.at, again.by, again.reason) == (record.uuid, record.at, None, record.reason)
        assert verification.differences_in(verification.check_rows()) == []
        assert redaction_list.missing_records() == []


def test_restore_without_a_list_says_so(copies, backup, listed):
    out = StringIO()
    with working_in(copies.of()):
        call_command("restore", backup, stdout=out)
    assert "There is no list of redactions at" in out.getvalue()
