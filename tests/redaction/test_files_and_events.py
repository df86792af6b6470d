"""Redaction of an evidence file and of an event's minutes: bytes, names, histories, revisions."""

import json

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction
from django.urls import reverse

from cities.models import Event, StoredFile
from cities.services import decisions, events, files, minutes
from core import quarantine, redaction, stored_files, verification
from core.redaction import LINK, MARK, NothingToRedact
from strategies.models import ActionUpdate, CityPeriod, Evidence, PeriodRevision, RevisionFile
from strategies.services import periods
from strategies.services.updates import log_update
from tests.cities.pictures import upload
from tests.factories import DecisionFactory, EventFactory, StoredFileFactory
from tests.reports.accepted_city import accept, open_city
from tests.strategies.helpers import update_input

from .everywhere import found_in

pytestmark = pytest.mark.django_db
NAME, WORDS, TITLE = "anna-lind.txt", "The names of all who came: Anna Lind.", "Letter of Anna Lind"
REASON = "A participant is named."


@pytest.fixture
def place(city, own_storage):
    place = open_city(city)
    stored = files.store_upload(upload(WORDS.encode(), NAME), by=place.lead)
    update = log_update(place.actions[0], by=place.lead, data=update_input("We wrote to all.", files=[stored]))
    Evidence.objects.filter(update=update).update(title=TITLE)
    link = Evidence.objects.create(update=update, link="https://town.example/anna-lind")
    place.revision, place.file, place.link = accept(place), update.evidence.get(file=stored), link
    return place


@pytest.fixture
def redact(data_protection, django_capture_on_commit_callbacks):
    def made(row, *names):
        with django_capture_on_commit_callbacks(execute=True):
            return redaction.redact(row, names, by=data_protection, reason=REASON)

    return made


def differences():
    return verification.differences_in(verification.check_everything())


def test_evidence_file_is_gone(place, redact, client, data_protection):
    stored = place.file.file
    assert differences() == []
    redact(place.file, "title", "file")
    for words in (WORDS, NAME, TITLE):
        assert found_in(words) == []
    stored.refresh_from_db()
    assert (stored.name, stored.state) == (MARK, "redacted")
    assert not default_storage.exists(stored.path)
    assert not StoredFile.objects.visible_to(place.lead).filter(pk=stored.pk).exists()
    assert [row.number for row in PeriodRevision.objects.order_by("number")] == [1, 2]
    pieces = [
        piece
        for revision in PeriodRevision.objects.all()
        for update in revision.read().updates
        for piece in update.evidence
        if piece.file
    ]
    assert [(piece.title, piece.file.name, piece.file.sha256) for piece in pieces] == [(MARK, MARK, stored.sha256)] * 2
    assert RevisionFile.objects.filter(file=stored).count() == 2
    assert differences() == []
    assert quarantine.put_back_known() == 0


def test_address_of_evidence_leads_to_it(place):
    assert redaction.find_row(reverse("strategies:evidence_withdraw", args=[place.link.pk])) == place.link
    assert redaction.find_row(reverse("cities:file", args=[place.file.file.uuid])) == place.file


def test_link_is_replaced(place, redact):
    record = redact(place.link, "link")
    assert record.fields == ["link"]
    assert found_in('anna-lind"') == found_in("town.example/anna-lind") == []
    assert Evidence.objects.get(pk=place.link.pk).link == LINK
    assert differences() == []


def test_file_of_two_records_is_redacted_in_both(place, redact):
    other = CityPeriod.objects.get(pk=place.pk)
    periods.reopen_period(other, by=place.coordinator, reason="More.")
    update = log_update(place.actions[1], by=place.lead, data=update_input("The same letter."))
    Evidence.objects.create(update=update, file=place.file.file, title=NAME)
    Evidence.objects.create(update=update, file=place.file.file, title="The same")
    only_new = Evidence.objects.create(update=update, link="https://town.example/new")
    accept(place)
    assert [line.partition(": ")[2] for line in redaction.consequences_of(place.file)] == [
        "revision 1 is redacted.",
        "revision 2 is redacted and replaced by revision 3. Its figures stay the same.",
    ]
    assert len(redaction.consequences_of(update.evidence.first())) == 2
    assert len(redaction.consequences_of(only_new)) == 1
    redact(place.file, "file")
    assert found_in(NAME) == []
    assert [row.number for row in PeriodRevision.objects.order_by("number")] == [1, 2, 3]
    assert Evidence.objects.filter(title="The same").count() == 1
    assert differences() == []


def test_file_that_is_still_there_is_a_difference(place, redact, data_protection):
    redaction.redact(place.file, ["file"], by=data_protection, reason=REASON)  # not committed yet
    assert any("was redacted, and is still there" in line for line in differences())
    assert stored_files.delete_redacted() == 1
    assert stored_files.delete_redacted() == 0


def test_state_of_a_file_is_redacted_by_a_redaction_only(place, redact):
    def refused(pk, **values):
        with pytest.raises(IntegrityError), transaction.atomic():
            models.QuerySet(model=StoredFile).filter(pk=pk).update(**values)

    other = StoredFileFactory(state="used")
    refused(other.pk, state="redacted")
    refused(other.pk, name=MARK)
    redact(place.file, "file")
    refused(place.file.file_id, state="used")
    refused(place.file.file_id, name="again.txt")
    refused(place.file.file_id, sha256="1" * 64)
    refused(place.file.file_id, path="elsewhere")


def test_title_that_repeats_the_name_goes_with_the_file(city, own_storage, redact):
    place = open_city(city)
    stored = files.store_upload(upload(WORDS.encode(), NAME), by=place.lead)
    update = log_update(place.actions[0], by=place.lead, data=update_input("We wrote to all.", files=[stored]))
    record = redact(update.evidence.get(), "file")
    assert record.fields == ["title", "file"]
    assert found_in(NAME) == []


# ---- events


@pytest.fixture
def event(place):
    first = files.store_upload(upload(b"Minutes, first: Anna Lind.", "anna-first.txt"), by=place.lead)
    second = files.store_upload(upload(b"Minutes, second: Anna Lind.", "anna-second.txt"), by=place.lead)
    event = EventFactory(city=place.city, minutes="Anna Lind asked.", decisions="Anna Lind writes a letter.")
    for version, stored in enumerate((first, second), start=1):
        text = f"Anna Lind asked {version}."
        event = minutes.save_minutes(event, by=place.lead, text=text, version=version, minutes_file=stored)
    minutes.approve_minutes(event, by=place.lead)
    return events.publish_event(event, by=place.lead)


def test_minutes_are_gone(place, event, redact):
    redact(event, "minutes", "minutes_file")
    for words in ("Anna Lind asked", "anna-first", "anna-second", "Minutes, first", "Minutes, second"):
        assert found_in(words) == []
    event = Event.objects.get(pk=event.pk)
    assert (event.minutes, event.decisions) == (MARK, "Anna Lind writes a letter.")
    assert event.published_at is not None
    assert {row.minutes for row in event.history.all()} == {MARK}
    assert PeriodRevision.objects.count() == 1
    assert differences() == []
    with pytest.raises(NothingToRedact):
        redact(event, "minutes", "minutes_file")


def test_closed_decision_is_redacted_and_stays_closed(place, event, redact):
    decision = DecisionFactory(event=event, text="Anna Lind gets a room.", responsible=place.lead.person)
    decisions.drop_decision(decision, by=place.lead, reason="Anna Lind has moved.")
    redact(decision, "text", "dropped_reason")
    for words in ("Anna Lind gets", "Anna Lind has moved"):
        assert found_in(words) == []
    decision.refresh_from_db()
    assert (decision.text, decision.dropped_reason, decision.state) == (MARK, MARK, "dropped")
    with pytest.raises(IntegrityError), transaction.atomic():
        type(decision).objects.filter(pk=decision.pk).update(text="Anna Lind again.")
    assert differences() == []


def test_cancelled_event_is_redacted_and_stays_cancelled(place, event, redact):
    minutes.reopen_minutes(event, by=place.lead, reason="It is cancelled.")
    events.cancel_event(event, by=place.lead, reason="Anna Lind is ill.")
    redact(event, "cancelled_reason")
    assert found_in("Anna Lind is ill") == []
    event = Event.objects.get(pk=event.pk)
    assert (event.cancelled_reason, event.state) == (MARK, "cancelled")
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(minutes=MARK)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(cancelled_at=None)


def test_old_schema_keeps_its_version(place, redact):
    """The next revision is read by the rules of the snapshot that it was made from."""
    update = ActionUpdate.objects.get(text="We wrote to all.")
    redact(update, "text")
    first, second = PeriodRevision.objects.order_by("number")
    assert first.schema_version == second.schema_version
    assert json.loads(second.snapshot)["as_of"] == json.loads(first.snapshot)["as_of"]
