"""Redaction of an update: live, in its history, in revisions, reports and drafts, and nothing beside it."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, models, transaction

from core import clock, redaction, redaction_list, verification
from core.exceptions import EditConflict, HashMismatch, PermissionRefused, ReasonMissing
from core.models import FormInput, RedactedRow, RedactionRecord
from core.redaction import MARK, NothingToRedact
from core.snapshots import sha256_hex
from reports.models import Report, ReportFile
from reports.tasks import build_report
from strategies.models import ActionUpdate, CityPeriod, PeriodRevision, PeriodTransition, RevisionAction
from strategies.services import periods
from strategies.services.updates import change_update, log_update, withdraw_update
from tests.factories import FormInputFactory
from tests.reports.accepted_city import accept, accepted_city, issue_city, open_city
from tests.strategies.helpers import update_input

from .everywhere import found_in

pytestmark = pytest.mark.django_db
WORDS = "The first group has begun."
REASON = "A participant is named in the text."


@pytest.fixture
def place(city, own_storage):
    return accepted_city(city)


@pytest.fixture
def update(place):
    return ActionUpdate.objects.get(text=WORDS)


def figures_of(revision):
    return list(
        revision.actions.order_by("action").values_list(
            "action", "health", "stage", "progress", "expected", "budget", "spent", "update_count"
        )
    )


def redact(update, by, *names):
    return redaction.redact(update, names or ["text"], by=by, reason=REASON)


def test_words_are_found_nowhere_and_figures_stay(place, update, data_protection, django_capture_on_commit_callbacks):
    report = issue_city(place)
    build_report(report.pk)
    old_hash, file_hashes = report.sha256, set(report.files.values_list("sha256", flat=True))
    before = place.revision
    figures, snapshot = figures_of(before), before.contents
    FormInputFactory(user=place.lead, fields={"text": ["Draft: " + WORDS]})
    FormInputFactory(user=place.lead, fields={"text": [WORDS[:15]]})
    kept = FormInputFactory(user=place.lead, fields={"text": ["Another text that stays."]})
    assert len(found_in(WORDS)) > 5

    with django_capture_on_commit_callbacks(execute=True):
        record = redact(update, data_protection)

    assert found_in(WORDS) == []
    update.refresh_from_db()
    assert update.text == MARK
    first, second = PeriodRevision.objects.filter(city_period=place.pk).order_by("number")
    assert (first.pk, first.number, first.sha256) == (before.pk, before.number, before.sha256)
    assert second.number == first.number + 1
    assert figures_of(first) == figures_of(second) == figures
    with_mark = json.loads(json.dumps(snapshot, default=str).replace(WORDS, MARK))
    assert first.contents == with_mark
    assert second.contents == with_mark | {"revision": 2}
    city_period = CityPeriod.objects.get(pk=place.pk)
    assert (city_period.state, city_period.revision) == ("accepted", 2)
    assert [row.verb for row in city_period.transitions.order_by("number")][-3:] == ["accept", "redact", "accept"]
    # the report
    report = Report.objects.get(pk=report.pk)
    assert (report.state, report.sha256) == ("withdrawn", old_hash)
    assert set(report.files.values_list("sha256", flat=True)) == file_hashes
    assert all(bytes(file.content) == b"" for file in report.files.all())
    edition = Report.objects.newer_than(report).get()
    assert edition.period_revision == second
    assert (
        edition.contents["facts"]["cities"][0]["submitted_on"] == report.contents["facts"]["cities"][0]["submitted_on"]
    )
    assert edition.contents["facts"]["cities"][0]["money"] == report.contents["facts"]["cities"][0]["money"]
    # what is left of it
    assert (record.fields, record.reason, record.by) == (["text"], REASON, data_protection)
    assert RedactedRow.objects.get(table_name="strategies_periodrevision").old_sha256 == before.sha256
    assert list(FormInput.objects.all()) == [kept]
    assert verification.differences_in(verification.check_everything()) == []
    assert [entry.uuid for entry in redaction_list.read()] == [record.uuid]


def test_only_the_chosen_texts_are_redacted(place, update, data_protection):
    periods.reopen_period(CityPeriod.objects.get(pk=place.pk), by=place.coordinator, reason="More.")
    change_update(
        update,
        by=place.lead,
        data=update_input(WORDS, challenges="No rooms.", next_step="Ask."),
        version=update.version,
    )
    redact(update, data_protection, "challenges")
    update.refresh_from_db()
    assert (update.text, update.challenges, update.next_step) == (WORDS, MARK, "Ask.")
    assert [row.challenges for row in update.history.all()] == [MARK, ""]
    assert CityPeriod.objects.get(pk=place.pk).state == "open"
    assert PeriodRevision.objects.count() == 1  # it does not hold the text, and the period is submitted again anyway


def test_reopened_period_is_submitted_without_it(place, update, data_protection):
    periods.reopen_period(CityPeriod.objects.get(pk=place.pk), by=place.coordinator, reason="More.")
    redact(update, data_protection)
    assert PeriodRevision.objects.get().number == 1
    revision = periods.submit_period(CityPeriod.objects.get(pk=place.pk), by=place.lead)
    assert revision.number == 2
    assert found_in(WORDS) == []


def test_published_revision_stays_published(place, update, data_protection):
    city_period = CityPeriod.objects.get(pk=place.pk)
    published = periods.publish_period(city_period, by=place.lead).transitions.last()
    redact(update, data_protection)
    carried = PeriodTransition.objects.filter(city_period=place.pk).last()
    assert (carried.verb, carried.revision, carried.at, carried.by) == ("publish", 2, published.at, published.by)
    assert CityPeriod.objects.get(pk=place.pk).state == "published"


def test_open_request_is_not_lost(place, update, data_protection):
    periods.request_reopen(CityPeriod.objects.get(pk=place.pk), by=place.lead, reason="A figure is wrong.")
    redact(update, data_protection)
    assert CityPeriod.objects.get(pk=place.pk).comments.open_requests().get().revision == 2


def test_second_redaction(place, update, data_protection):
    old = place.revision.sha256
    other = ActionUpdate.objects.exclude(pk=update.pk).get()
    redact(update, data_protection)
    with pytest.raises(NothingToRedact):
        redact(update, data_protection)
    redact(other, data_protection)
    assert found_in(other.text) == []
    numbers = PeriodRevision.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3]
    first = PeriodRevision.objects.get(number=1)
    pairs = RedactedRow.objects.filter(table_name="strategies_periodrevision", row_id=first.pk).order_by("pk")
    assert [row.old_sha256 for row in pairs] == [old, old]
    assert pairs[1].new_sha256 == sha256_hex(first.snapshot)
    assert verification.differences_in(verification.check_rows()) == []


def test_form_opened_before_does_not_bring_it_back(city, own_storage, data_protection):
    open_city(city)
    update = ActionUpdate.objects.get(text=WORDS)
    redact(update, data_protection)
    with pytest.raises(EditConflict):
        change_update(update, by=update.author, data=update_input(WORDS), version=update.version)


def test_submit_after_a_redaction_that_waits_for_it(city, own_storage, data_protection):
    """The redaction locks the period first, as a submission does, and reads the row after that."""
    place = open_city(city)
    stale = ActionUpdate.objects.get(text=WORDS)
    periods.submit_period(CityPeriod.objects.get(pk=place.pk), by=place.lead)
    redact(stale, data_protection)
    assert found_in(WORDS) == []
    assert CityPeriod.objects.get(pk=place.pk).state == "submitted"
    assert [row.number for row in PeriodRevision.objects.order_by("number")] == [1, 2]


# ---- who, and why


@pytest.mark.parametrize("role", ["coordinator", "lead", "official", "partner", "scientific", "superuser", "former"])
def test_nobody_else_redacts(place, update, everyone, role):
    with pytest.raises(PermissionRefused):
        redact(update, everyone[role])
    assert not RedactionRecord.objects.exists()


def test_reason_is_needed(update, data_protection):
    with pytest.raises(ReasonMissing):
        redaction.redact(update, ["text"], by=data_protection, reason=" ")


# ---- around the service


def refused(model, pk, **values):
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(model=model).filter(pk=pk).update(**values)


def test_nothing_else_of_a_redacted_row_can_be_changed(place, update, data_protection):
    redact(update, data_protection)
    old = update.history.first()
    revision = place.revision
    for model, pk, values in [
        (ActionUpdate, update.pk, {"text": "Something else."}),
        (ActionUpdate, update.pk, {"text": MARK, "spent": 5}),
        (ActionUpdate, update.pk, {"challenges": MARK}),
        (ActionUpdate, update.pk, {"date": clock.today() - timedelta(1)}),
        (ActionUpdate, update.pk, {"version": 99}),
        (type(old), old.pk, {"text": "Something else."}),
        (type(old), old.pk, {"spent": 7}),
        (PeriodRevision, revision.pk, {"snapshot": revision.snapshot}),  # the one before
        (PeriodRevision, revision.pk, {"snapshot": "{}"}),
        (PeriodRevision, revision.pk, {"sha256": sha256_hex("{}")}),
        (PeriodRevision, revision.pk, {"number": 9}),
        (RevisionAction, revision.actions.first().pk, {"spent": 1}),
    ]:
        refused(model, pk, **values)
    assert verification.differences_in(verification.check_rows()) == []


def test_row_without_a_record_cannot_be_blanked(place, update, data_protection):
    other = ActionUpdate.objects.exclude(pk=update.pk).get()
    redact(update, data_protection)
    refused(ActionUpdate, other.pk, text=MARK)
    refused(type(other.history.first()), other.history.first().pk, text=MARK)
    refused(PeriodRevision, PeriodRevision.objects.get(number=2).pk, snapshot="{}")


def test_records_of_redactions_are_frozen(update, data_protection):
    record = redact(update, data_protection)
    refused(RedactionRecord, record.pk, reason="Another.")
    refused(RedactedRow, record.rows.first().pk, new_sha256="")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_redactedrow")


def test_report_that_is_withdrawn_stays_so(place, update, data_protection):
    report = issue_city(place)
    build_report(report.pk)
    redact(update, data_protection)
    refused(Report, report.pk, state="ready")
    refused(Report, report.pk, state="queued")
    refused(Report, report.pk, snapshot="{}")
    refused(ReportFile, report.files.first().pk, content=b"PDF")
    report = Report.objects.get(pk=report.pk)
    assert Report.objects.claim(report.pk) is None


def test_report_that_waits_is_withdrawn_too(place, update, data_protection):
    report = issue_city(place)
    token = Report.objects.claim(report.pk)
    redact(update, data_protection)
    assert not Report.objects.claimed(report.pk, token).exists()
    assert Report.objects.get(pk=report.pk).state == "withdrawn"


def test_report_that_printed_two_texts_is_withdrawn_once(city, own_storage, data_protection):
    place = open_city(city)
    other = log_update(place.actions[0], by=place.lead, data=update_input("The second group has begun."))
    accept(place)
    issue_city(place)
    redact(ActionUpdate.objects.get(text=WORDS), data_protection)
    redact(other, data_protection)
    assert found_in("group has begun") == []
    assert list(Report.objects.order_by("revision").values_list("state", flat=True)) == [
        *("withdrawn", "withdrawn"),
        "queued",
    ]


def test_report_that_was_replaced_is_not_issued_anew(place, update, data_protection):
    issue_city(place)
    periods.reopen_period(CityPeriod.objects.get(pk=place.pk), by=place.coordinator, reason="It names somebody.")
    withdraw_update(update, by=place.lead, reason="It names somebody.")
    accept(place)
    issue_city(place)
    redact(update, data_protection)
    assert found_in(WORDS) == []
    assert list(Report.objects.order_by("revision").values_list("state", flat=True)) == ["withdrawn", "queued"]


def test_report_read_before_a_redaction_is_made_anew(place, update, data_protection, monkeypatch):
    from reports.services import reports

    read, made = reports.city_facts, []

    def and_then_redact(*args):
        facts = read(*args)
        if not made:
            made.append(redact(update, data_protection))
        return facts

    monkeypatch.setattr(reports, "city_facts", and_then_redact)
    issue_city(place)
    assert found_in(WORDS) == []
    assert Report.objects.get().period_revision.number == 2


def test_content_that_was_put_back_is_a_difference(place, update, data_protection):
    """The check accepts exactly what the newest redaction left, not what was issued before."""
    from core import triggers

    original = place.revision.snapshot
    redact(update, data_protection)
    assert verification.check_hashes().differences == []
    with triggers.triggers_dropped():
        models.QuerySet(model=PeriodRevision).filter(pk=place.revision.pk).update(snapshot=original)
    assert len(verification.check_hashes().differences) == 1
    with triggers.triggers_dropped():
        models.QuerySet(model=PeriodRevision).filter(pk=place.revision.pk).update(snapshot="{}")
    assert len(verification.check_hashes().differences) == 1
    with pytest.raises(HashMismatch):
        PeriodRevision.objects.get(pk=place.revision.pk).contents  # noqa: B018
