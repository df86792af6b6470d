"""A forged record of a redaction blanks, and writes nothing else into what is frozen."""

import pytest
from django.db import IntegrityError, connection, models, transaction

from core import triggers
from core.models import RedactedRow, RedactionRecord
from core.redaction import LINK, MARK
from core.snapshots import sha256_hex
from strategies.models import PeriodRevision
from tests.reports.accepted_city import accepted_city

WORDS = "The first group has begun."


def forge(revision, snapshot):
    """Write a record that names the new snapshot, and then the snapshot."""
    record = RedactionRecord.objects.create(
        model="strategies.actionupdate", row_id=1, fields=["text"], reason="None.", by=None
    )
    hashes = {"old_sha256": revision.sha256, "new_sha256": sha256_hex(snapshot)}
    table = PeriodRevision._meta.db_table
    RedactedRow.objects.create(record=record, table_name=table, row_id=revision.pk, columns=",snapshot,", **hashes)
    models.QuerySet(model=PeriodRevision).filter(pk=revision.pk).update(snapshot=snapshot)


@pytest.mark.django_db
def test_forged_record_brings_no_other_words(city, own_storage):
    revision = accepted_city(city).revision
    snapshot = revision.snapshot
    assert WORDS in snapshot
    for other in [
        snapshot.replace(WORDS, "Nothing was done."),
        snapshot.replace(WORDS, f"{MARK} Nothing was done."),
        snapshot.replace(WORDS, MARK) + " ",
        "{}",
        f'{{"text":"{MARK}"}}',
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            forge(revision, other)
    forge(revision, snapshot.replace(WORDS, MARK))


PAIRS = [
    ("[…]", "", True),
    ("a", "a", True),
    ("a", "b", False),
    ("a[…]b", "ab", True),
    ("a[…]b", "a text b", True),
    ("a[…]b", "a", False),
    ("ab[…]b", "ab", False),
    ("a[…]b", "ba", False),
    ("a[…]b", "ab c", False),
    ("[…]one[…]two[…]", "one and two", True),
    ("[…]one[…]two[…]", "two and one", False),
    ("[…]one[…]one", "one", False),
    (f"a {LINK} b", "a https://city.example b", True),
    ("[…]A", "a", False),
    ("100%_\\[…]", "100%_\\ of it", True),
    ("10%", "100", False),
    ("10_", "100", False),
    ("a\\[…]", "a of it", False),
    ("[…]\n[…]ö", "one\ntwo ö", True),
]


@pytest.mark.django_db
@pytest.mark.parametrize("new, old, is_blanked", PAIRS)
def test_marks_in_place_of_parts(new, old, is_blanked):
    """The database says the same as the function."""
    assert triggers.has_marks_instead(new, old) == is_blanked
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT HAS_MARKS_INSTEAD(t.new, t.old) FROM (SELECT %s AS new, %s AS old) t", [new, old])
        else:
            condition = triggers.HAS_MARKS.sub(triggers.like_sql, "HAS_MARKS_INSTEAD(t.new, t.old)")
            query = f"SELECT {condition.replace('%', '%%')} FROM (SELECT %s::text AS new, %s::text AS old) t"
            cursor.execute(query, [new, old])
        assert bool(cursor.fetchone()[0]) == is_blanked
