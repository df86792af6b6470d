"""Issuing: numbered, once for each revision, from accepted data only, and frozen in the database."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from cities.enums import BodyKind, Role
from cities.models import Installation
from core import clock, locales
from pilot.gates import GATES
from reports import tasks
from reports.documents.numbers import period_code
from reports.enums import ReportState
from reports.exceptions import NoAcceptedReport, NothingToRetry
from reports.gate_checks import report_is_issued
from reports.models import Report, ReportSchedule
from reports.services import reports
from reports.services.reports import retry_report
from strategies.models import CityPeriod
from strategies.services.periods import reopen_period
from tests.factories import member

from .accepted_city import accepted_city, issue_city, issue_network, open_city, published_result, reopen_and_accept

pytestmark = pytest.mark.django_db


def test_report_number_contains_period_city_and_revision(city):
    city_data = accepted_city(city)

    report = issue_city(city_data)

    code = period_code(city_data.period.starts_on, city_data.period.ends_on)
    assert report.number == f"EPI-{code}-LINKOPING-R1"
    assert (report.state, report.revision, report.period_revision) == (ReportState.QUEUED, 1, city_data.revision)


@pytest.mark.parametrize(
    "days, code",
    [
        ((date(2026, 7, 1), date(2026, 9, 30)), "2026-Q3"),
        ((date(2026, 7, 1), date(2026, 12, 31)), "2026-H2"),
        ((date(2026, 1, 1), date(2026, 12, 31)), "2026"),
        ((date(2026, 2, 1), date(2026, 4, 30)), "20260201-20260430"),
    ],
)
def test_period_code_for_each_length(days, code):
    assert period_code(*days) == code


def test_repeated_issue_returns_the_first_report(city):
    city_data = accepted_city(city)

    first, second = issue_city(city_data), issue_city(city_data, language="sv")

    assert first == second
    assert Report.objects.count() == 1


def test_new_period_revision_gives_the_next_report_revision(city):
    city_data = accepted_city(city)
    first = issue_city(city_data)
    city_data.revision = reopen_and_accept(city_data)

    second = issue_city(city_data)

    assert (second.revision, second.number) == (2, first.number.replace("-R1", "-R2"))
    assert second.contents["facts"]["previous"]["number"] == first.number
    assert Report.objects.get(pk=first.pk).contents["facts"]["cities"][0]["revision"] == 1


def test_issue_without_an_accepted_period_is_refused(city):
    city_data = open_city(city)

    with pytest.raises(NoAcceptedReport):
        issue_city(city_data)
    with pytest.raises(NoAcceptedReport):
        issue_network(city_data)


def test_reopened_period_is_reported_with_its_accepted_revision(city):
    city_data = accepted_city(city)
    reopen_period(CityPeriod.objects.get(pk=city_data.pk), by=city_data.coordinator, reason="A figure was wrong.")

    report = issue_city(city_data)

    assert report.contents["facts"]["cities"][0]["revision"] == 1


def test_pact_gate_is_met_after_the_first_report(city):
    city_data = accepted_city(city)
    before = report_is_issued(city, city_data.coordinator)
    report = issue_city(city_data)

    after = report_is_issued(city, city_data.coordinator)
    assert (before.met, after.met) == (False, True)
    assert report.number in after.reason
    assert "report_issued" in {row.key for row in GATES["pact"]}


@pytest.mark.slow
def test_later_published_evaluation_gives_the_next_revision(case):
    city_data = accepted_city(case.city, ahead=1)
    first = issue_city(city_data)
    published_result(case)

    second = issue_city(city_data)

    assert (first.revision, second.revision) == (1, 2)
    assert "evaluated" in {change["what"] for change in second.contents["facts"]["changes"]}


def test_report_is_rendered_in_its_own_language(city):
    city_data = accepted_city(city)

    report = issue_city(city_data, language="sv")

    assert report.language == "sv"
    assert "100\N{NO-BREAK SPACE}000" in report.snapshot  # number format of the language
    with translation.override("sv"):
        assert report.contents["document"]["cover"]["issued"] == locales.day(clock.today())


def test_snapshot_of_a_demo_installation_is_marked(city):
    Installation.objects.update_or_create(pk=1, defaults={"network_name": "Demo network", "is_demo": True})

    report = issue_city(accepted_city(city))

    assert report.contents["is_demo"] is True


def test_retry_queues_a_failed_report_and_resets_attempts(city):
    report = issue_city(accepted_city(city))
    Report.objects.update(state=ReportState.FAILED, attempts=3, reason="It broke.")

    retry_report(report, by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    with pytest.raises(NothingToRetry):
        retry_report(report, by=None)


def test_concurrent_issue_returns_the_first_report(city, monkeypatch):
    """The unique key refuses the second row; the second person gets the first one's report."""
    city_data, original = accepted_city(city), reports._freeze

    def freeze_twice(*args, **kwargs):
        monkeypatch.setattr(reports, "_freeze", original)
        original(*args, **kwargs)
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(reports, "_freeze", freeze_twice)

    report = issue_city(city_data)

    assert Report.objects.get() == report


def test_models_have_readable_names(city):
    report = issue_city(accepted_city(city))
    tasks.build_report(report.pk)

    assert str(report) == report.number
    assert report.owning_city_id == city.pk
    assert str(report.files.first()) == f"{report.number}.html"
    assert str(ReportSchedule(kind="city_period", trigger="accepted", offset_days=3)).startswith(
        "city period report, 3"
    )


# ---- issued reports cannot be changed


@pytest.mark.parametrize(
    "change",
    [
        "snapshot = '{}'",
        "language = 'sv'",
        "issued_by_id = NULL",
        "period_revision_id = NULL",
        "kind = 'network_period'",
        "id = id + 1000",
    ],
)
def test_issued_report_cannot_be_changed(city, change):
    report = issue_city(accepted_city(city), by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))

    with pytest.raises(IntegrityError, match="epi: frozen"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE evaluation_report SET {change} WHERE id = %s", [report.pk])


@pytest.fixture
def unsafe_cursor():
    """A connection without the site's settings, where REPLACE deletes rows without firing triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA recursive_triggers = OFF")
        yield cursor
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA recursive_triggers = ON")


FORGED = {  # columns that an attacker would change; the others, keys too, stay
    "by_number": {"id": 9_999, "revision": 99},
    "by_subject": {"id": 9_999, "number": "EPI-FORGED"},
    "by_id": {"number": "EPI-FORGED", "revision": 99},
}


@pytest.mark.parametrize("issue", [issue_city, issue_network])
@pytest.mark.parametrize("name", FORGED)
def test_replacement_of_an_issued_report_is_refused(city, issue, name, unsafe_cursor):
    report = issue(accepted_city(city))
    forged = Report.objects.values().get() | FORGED[name] | {"snapshot": "forged", "recipients": "[]"}
    columns, marks = ", ".join(forged), ", ".join(["%s"] * len(forged))
    statements = {
        "sqlite": f"INSERT OR REPLACE INTO evaluation_report ({columns}) VALUES ({marks})",
        "postgresql": f"INSERT INTO evaluation_report ({columns}) VALUES ({marks}) "
        "ON CONFLICT (number) DO UPDATE SET snapshot = EXCLUDED.snapshot",
    }

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
        unsafe_cursor.execute(statements[connection.vendor], list(forged.values()))

    assert Report.objects.values_list("pk", "snapshot").get() == (report.pk, report.snapshot)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
@pytest.mark.parametrize("key", ["id", "rowid", "number", "revision"])
def test_sqlite_update_or_replace_of_an_issued_report_is_refused(city, key, unsafe_cursor):
    """UPDATE OR REPLACE deletes the row that already has the new key."""
    city_data = accepted_city(city)
    first = issue_city(city_data)
    reopen_and_accept(city_data)
    second = issue_city(city_data)
    value = second.pk if key == "rowid" else getattr(second, key)

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
        unsafe_cursor.execute(f"UPDATE OR REPLACE evaluation_report SET {key} = %s WHERE id = %s", [value, first.pk])

    assert Report.objects.count() == 2
