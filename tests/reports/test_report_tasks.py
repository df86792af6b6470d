"""The report queue: one worker builds a report, a second one finds nothing, three failures end it."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from celery import current_app
from django.conf import settings

from accounts.models import Mail
from core import clock
from core.documents import DocumentTooLarge
from core.snapshots import canonical, sha256_hex
from reports import tasks
from reports.documents import render
from reports.enums import ReportKind, ReportState
from reports.models import Report, ReportFile
from reports.services import reports
from strategies.models import PeriodRevision
from tests.factories import CityFactory, ReportingPeriodFactory
from tests.factories.evaluation import CityPeriodFactory

from . import report_facts

pytestmark = pytest.mark.django_db


def queued(name="linkoping", subject="", **given) -> Report:
    city = CityFactory(slug=name, name=name)
    period = ReportingPeriodFactory()
    city_period = CityPeriodFactory(city=city, period=period, to_state="submitted")
    revision = PeriodRevision.objects.create(city_period=city_period, number=1, snapshot="{}", sha256=sha256_hex("{}"))
    number = f"EPI-2026-Q3-{name.upper()}-R1"
    contents = json.loads(report_facts.snapshot(number=number))
    contents["document"]["cover"]["subject"] += subject
    snapshot = canonical(contents)
    return Report.objects.create(
        kind=ReportKind.CITY_PERIOD,
        city=city,
        period=period,
        period_revision=revision,
        number=number,
        language="en",
        snapshot=snapshot,
        sha256=sha256_hex(snapshot),
        **given,
    )


@pytest.fixture
def report():
    return queued()


@pytest.fixture
def failing_render(monkeypatch):
    def fail(snapshot):
        raise ValueError("The template is broken.")
        yield

    monkeypatch.setattr(tasks, "render_report", fail)


def after_seconds(seconds):
    return clock.at(clock.now() + timedelta(seconds=seconds))


def test_build_stores_three_files_and_the_engine(report):
    tasks.build_report(report.pk)

    report.refresh_from_db()
    names = [file.name.rpartition(".")[2] for file in report.files.all()]
    assert (report.state, names) == (ReportState.READY, ["html", "json", "pdf"])
    assert report.engine.startswith("typst-py ")
    assert (report.template_version, report.claim_token) == (render.template_version(), None)
    assert all(sha256_hex(file.verified_content) == file.sha256 for file in report.files.all())
    assert report.files.get(name__endswith=".json").sha256 == report.sha256


def test_repeated_task_changes_nothing(report):
    tasks.build_report(report.pk)
    before = Report.objects.filter(pk=report.pk).values().get()

    tasks.build_report(report.pk)

    assert Report.objects.filter(pk=report.pk).values().get() == before
    assert ReportFile.objects.count() == 3


def test_claimed_report_is_not_built_again(report):
    assert Report.objects.claim(report.pk)

    tasks.build_report(report.pk)

    assert ReportFile.objects.count() == 0
    assert Report.objects.claim(report.pk) is None


@pytest.mark.slow
def test_stale_report_is_rebuilt_and_the_first_worker_writes_nothing(report, monkeypatch):
    """A worker that was suspended continues after another one has finished."""

    def slow(snapshot):
        for number, rendered in enumerate(render.render_report(snapshot)):
            if number == 1 and report.pk not in seen:
                seen.add(report.pk)
                with after_seconds(settings.REPORT_LEASE_SECONDS + 1):
                    tasks.build_report(report.pk)
            yield rendered

    seen = set()
    monkeypatch.setattr(tasks, "render_report", slow)

    tasks.build_report(report.pk)

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.READY, 2)
    assert ReportFile.objects.count() == 3


def test_finish_with_another_claim_token_writes_nothing(report):
    Report.objects.claim(report.pk)

    assert reports.finish_report(report, token=uuid4(), files=[]) is False
    assert ReportFile.objects.count() == 0


def test_failed_report_is_queued_again_and_given_up_after_three_attempts(report, failing_render):
    states = []
    for minutes in (0, 3, 20):
        with after_seconds(60 * minutes), pytest.raises(ValueError, match="broken"):
            tasks.build_report(report.pk)
        report.refresh_from_db()
        states.append(report.state)
    tasks.build_report(report.pk)

    assert states == [ReportState.QUEUED, ReportState.QUEUED, ReportState.FAILED]
    assert report.reason == "ValueError: The template is broken."
    assert report.attempts == 3


@pytest.mark.parametrize("attempts, pause", [(1, 2), (2, 15)])
def test_failed_report_is_built_again_after_pause_only(report, monkeypatch, attempts, pause):
    enqueued = []
    monkeypatch.setattr(tasks.build_report, "apply_async", lambda args, **options: enqueued.append(args[0]))
    Report.objects.update(attempts=attempts - 1)
    with monkeypatch.context() as patched:
        patched.setattr(tasks, "render_report", lambda snapshot: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tasks.build_report(report.pk)

    with after_seconds(60 * pause - 5):
        tasks.requeue_reports()
        tasks.build_report(report.pk)
        report.refresh_from_db()
        before = (report.state, report.attempts, list(enqueued))
    with after_seconds(60 * pause + 5):
        tasks.requeue_reports()
        tasks.build_report(report.pk)

    report.refresh_from_db()
    assert before == (ReportState.QUEUED, attempts, [])
    assert (report.state, enqueued) == (ReportState.READY, [report.pk])


def test_too_long_report_fails_at_once_with_the_reason(report, monkeypatch):
    def fail(snapshot):
        raise DocumentTooLarge
        yield

    monkeypatch.setattr(tasks, "render_report", fail)

    tasks.build_report(report.pk)

    report.refresh_from_db()
    assert (report.state, report.attempts, report.claim_token) == (ReportState.FAILED, 1, None)
    assert "its texts are too long" in report.reason


def test_characters_missing_in_the_pdf_are_listed_on_the_page(client, everyone):
    report = queued("rome", subject=" ሰላም a\N{COMBINING LOW LINE} 😀\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}")

    tasks.build_report(report.pk)

    report.refresh_from_db()
    assert report.replaced_characters == "\N{COMBINING LOW LINE}ላምሰ😀"
    client.force_login(everyone["coordinator"])
    page = client.get(report.get_absolute_url()).content.decode()
    assert "ላ (U+120B) ም (U+121D)" in page


def test_report_of_a_dead_worker_is_given_up_after_three_attempts(report):
    Report.objects.update(state=ReportState.BUILDING, attempts=3, heartbeat_at=clock.now(), claim_token="0" * 32)

    with after_seconds(settings.REPORT_LEASE_SECONDS + 1):
        tasks.requeue_reports()

    report.refresh_from_db()
    assert (report.state, report.claim_token) == (ReportState.FAILED, None)
    assert "died" in report.reason


def test_requeue_enqueues_queued_and_stale_reports_only(monkeypatch):
    waiting, stale, busy, done = (queued(name) for name in ("a", "b", "c", "d"))
    reports.finish_report(
        done, token=Report.objects.claim(done.pk), files=[render.RenderedFile("a.json", "application/json", b"{}")]
    )
    with after_seconds(-settings.REPORT_LEASE_SECONDS - 1):
        Report.objects.claim(stale.pk)
    Report.objects.claim(busy.pk)
    enqueued = []
    monkeypatch.setattr(tasks.build_report, "apply_async", lambda args, **options: enqueued.append(args[0]))

    tasks.requeue_reports()

    assert sorted(enqueued) == sorted([waiting.pk, stale.pk])


def test_report_with_wrong_hash_is_not_rendered(report, monkeypatch):
    monkeypatch.setattr("core.models.sha256_hex", lambda text: "another")

    with pytest.raises(Exception, match="do not match their hash"):
        tasks.build_report(report.pk)

    report.refresh_from_db()
    assert (report.state, ReportFile.objects.count()) == (ReportState.QUEUED, 0)


def test_emails_files_and_state_are_stored_atomically(report, monkeypatch):
    """If the emails cannot be stored, nothing is; the next attempt does everything."""
    monkeypatch.setattr("reports.services.reports._notify_recipients", lambda report: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        tasks.build_report(report.pk)

    report.refresh_from_db()
    assert (report.state, ReportFile.objects.count(), Mail.objects.count()) == (ReportState.QUEUED, 0, 0)


def test_json_file_matches_the_number_and_contents(report):
    tasks.build_report(report.pk)

    stored = report.files.get(name__endswith=".json")
    assert stored.name == f"{report.number}.json"
    assert json.loads(stored.verified_content) == report.contents


def test_scheduled_and_enqueued_tasks_are_registered():
    current_app.loader.import_default_modules()

    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} | {"reports.tasks.build_report"}

    assert names <= set(current_app.tasks)
