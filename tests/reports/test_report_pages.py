"""List, page and files of reports: permissions, number of queries, failed reports."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.html import escape

from cities.enums import BodyKind, Role
from core import clock, triggers
from core.snapshots import sha256_hex
from reports import tasks
from reports.enums import ReportKind, ReportState
from reports.models import Report, ReportFile
from reports.selectors import work as report_work
from reports.selectors.work import report_rows
from reports.services.reports import issue_report
from strategies.models import PeriodRevision
from tests.factories import CityFactory, CityPeriodFactory, ReportingPeriodFactory, member, move_to

from . import report_facts
from .accepted_city import SECRET, accepted_city, open_city

pytestmark = pytest.mark.django_db

VISIBLE_COUNTS = {  # number of (own city's, other city's, network's) reports in the list, written by hand
    "viewer": 2,
    "expert": 2,
    "local_committee": 2,
    "official": 2,
    "lead": 2,
    "other_official": 2,
    "partner": 3,
    "trainer": 3,
    "data_protection": 0,
    "scientific": 3,
    "scientific_conflicted": 3,
    "coordinator": 3,
    "former": 0,
    "superuser": 0,
    "superuser_conflicted": 0,
}


def create_report(city=None, *, period=None, state="accepted", **given) -> Report:
    """Create a report row without issuing it."""
    period = period or ReportingPeriodFactory()
    kind = ReportKind.CITY_PERIOD if city else ReportKind.NETWORK_PERIOD
    number = f"EPI-{period.starts_on:%Y%m}-{city.slug.upper() if city else 'NETWORK'}-R1"
    revision = None
    if city:
        city_period = CityPeriodFactory(city=city, period=period, to_state="submitted")
        revision = PeriodRevision.objects.create(
            city_period=city_period, number=1, snapshot="{}", sha256=sha256_hex("{}")
        )
        move_to(city_period, state)
    snapshot = report_facts.snapshot(kind=kind, number=number)
    return Report.objects.create(
        kind=kind,
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
def reports(city, other_city):
    return {"own": create_report(city), "other": create_report(other_city), "network": create_report()}


def url(name, report, *args):
    return reverse(f"reports:{name}", args=[report.number, *args])


@pytest.mark.slow
@pytest.mark.parametrize("role", VISIBLE_COUNTS)
def test_list_and_permission_agree_on_visible_reports(client, everyone, reports, role):
    user = everyone[role]
    client.force_login(user)

    listed = set(client.get(reverse("reports:report_list")).context["object_list"])
    allowed = {row for row in Report.objects.all() if user.has_perm("reports.view_report", row)}

    assert listed == allowed
    assert len(listed) == VISIBLE_COUNTS[role]
    for report in reports.values():
        expected = 200 if report in listed else 404
        assert client.get(report.get_absolute_url()).status_code == expected
        assert client.get(url("report_state", report)).status_code == expected


def test_city_report_is_visible_to_partners_after_acceptance(client, everyone, city):
    report = create_report(city, state="submitted")

    status_codes = {}
    for role in ("official", "partner", "coordinator"):
        client.force_login(everyone[role])
        status_codes[role] = client.get(report.get_absolute_url()).status_code

    assert status_codes == {"official": 200, "partner": 404, "coordinator": 200}


@pytest.mark.parametrize("name", ["report_list", "report_issue"])
def test_report_pages_redirect_anonymous_users_to_login(client, name):
    page_url = reverse(f"reports:{name}")

    response = client.get(page_url)

    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_anonymous_response_is_the_same_for_missing_reports(client, reports):
    status_codes = {client.get(url("report_detail", report)).status_code for report in reports.values()}

    assert status_codes == {302} == {client.get("/reports/EPI-NONE-R1/").status_code}


@pytest.mark.parametrize("role", ["partner", "scientific", "lead", "superuser"])
def test_issue_and_retry_are_limited_to_coordinators(client, everyone, reports, role):
    client.force_login(everyone[role])

    assert client.get(reverse("reports:report_issue")).status_code == 403
    expected = 404 if role == "superuser" else 403
    assert client.post(url("report_retry", reports["network"])).status_code == expected


@pytest.mark.slow
@pytest.mark.parametrize("row_count", [1, 5])
def test_report_list_has_a_query_limit(client, everyone, row_count, django_assert_max_num_queries):
    period = ReportingPeriodFactory()
    for _number in range(row_count):
        report = create_report(CityFactory(), period=period)
        tasks.build_report(report.pk)
    client.force_login(everyone["coordinator"])
    client.get(reverse("reports:report_list"))

    with django_assert_max_num_queries(12):
        response = client.get(reverse("reports:report_list"))

    assert len(response.context["object_list"]) == row_count
    assert "snapshot" in response.context["object_list"][0].get_deferred_fields()


def test_report_list_is_filtered_by_query_parameters(client, everyone, reports, city):
    client.force_login(everyone["coordinator"])
    list_url = reverse("reports:report_list")

    def listed_with(**filters):
        return set(client.get(list_url, filters).context["object_list"])

    assert listed_with(kind="network_period") == {reports["network"]}
    assert listed_with(city="linkoping") == {reports["own"]}
    assert listed_with(period=reports["own"].period_id) == set(reports.values())
    assert listed_with(kind="city_period", city="lublin") == {reports["other"]}
    assert listed_with(city="atlantis") == set(reports.values())


def test_empty_report_list_shows_a_message(client, everyone):
    client.force_login(everyone["partner"])

    response = client.get(reverse("reports:report_list"))

    assert "epi-empty" in response.content.decode()


def test_report_page_shows_the_snapshot_and_its_files(client, everyone, city):
    city_data = accepted_city(city)
    report = issue_report(kind=ReportKind.CITY_PERIOD, city=city, period=city_data.period)
    tasks.build_report(report.pk)
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert "The first group has begun." in page
    assert SECRET not in page
    assert report.sha256 in page
    for kind in ("pdf", "html", "json"):
        assert f"/reports/{report.number}/{report.number}.{kind}" in page
    assert page.count("<h1") == 1


def test_table_cells_have_their_column_heading_as_label(client, everyone, city):
    """Phones show each row as a card with the column's name beside each value."""
    report = issue_report(kind=ReportKind.CITY_PERIOD, city=city, period=accepted_city(city).period)
    blocks = [block for section in report.contents["document"]["sections"] for block in section["blocks"]]
    headings = {column["text"] for block in blocks if block["type"] == "table" for column in block["columns"][1:]}
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert headings
    assert {heading for heading in headings if f'data-label="{escape(heading)}"' not in page} == set()


def test_file_download_returns_the_stored_bytes(client, everyone, reports):
    report = reports["own"]
    tasks.build_report(report.pk)
    client.force_login(everyone["official"])

    for file in report.files.all():
        response = client.get(url("report_file", report, file.name))
        assert sha256_hex(response.content) == file.sha256
        assert response["Content-Disposition"] == f'attachment; filename="{file.name}"'
        assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get(url("report_file", report, "other.pdf")).status_code == 404


def test_files_of_another_city_return_404(client, everyone, reports):
    tasks.build_report(reports["other"].pk)
    client.force_login(everyone["official"])

    for file in reports["other"].files.all():
        assert client.get(url("report_file", reports["other"], file.name)).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("table, column", [("evaluation_reportfile", "content"), ("evaluation_report", "snapshot")])
def test_tampered_data_are_not_served(client, everyone, reports, table, column):
    report = reports["own"]
    tasks.build_report(report.pk)
    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s", [b"x" if column == "content" else "{}"])
    client.force_login(everyone["official"])

    page = client.get(report.get_absolute_url())
    file = client.get(url("report_file", report, f"{report.number}.pdf"), follow=True)

    responses = [page, file] if column == "snapshot" else [file]
    if column == "content":
        assert file.redirect_chain
    for response in responses[:1]:
        assert "do not match their hash" in response.content.decode()


def test_report_page_links_the_newer_revision(client, everyone, reports):
    old = reports["network"]
    newer = Report.objects.create(
        kind=old.kind,
        period=old.period,
        revision=2,
        number=old.number.replace("-R1", "-R2"),
        language="en",
        snapshot=old.snapshot,
        sha256=old.sha256,
    )
    client.force_login(everyone["partner"])

    assert newer.get_absolute_url() in client.get(old.get_absolute_url()).content.decode()
    assert old.get_absolute_url() not in client.get(newer.get_absolute_url()).content.decode()


@pytest.mark.parametrize("role, sees", [("coordinator", True), ("partner", False)])
def test_failed_report_shows_reason_and_retry_to_coordinators_only(client, everyone, reports, role, sees):
    report = reports["network"]
    Report.objects.filter(pk=report.pk).update(state=ReportState.FAILED, reason="ValueError: broken", attempts=3)
    client.force_login(everyone[role])

    page = client.get(report.get_absolute_url()).content.decode()

    assert ("ValueError: broken" in page) is sees
    assert (url("report_retry", report) in page) is sees
    assert "data-hx-get" not in client.get(url("report_state", report)).content.decode()


def test_my_work_shows_own_reports_until_they_are_ready(client, everyone, city, monkeypatch):
    coordinator = everyone["coordinator"]
    network, of_city = create_report(issued_by=coordinator), create_report(city)
    Report.objects.filter(pk=of_city.pk).update(state=ReportState.FAILED, attempts=3)

    seen = {role: sorted((row.title, row.is_task) for row in report_rows(everyone[role])) for role in everyone}
    tasks.build_report(network.pk)
    left = [row.title for row in report_rows(coordinator)]
    monkeypatch.setattr(report_work, "SHOWN_FOR", timedelta(0))

    running = (f"Report {network.number} is being created", False)
    failed = (f"Report {of_city.number} could not be created", True)
    assert seen == {role: sorted([running, failed]) if role == "coordinator" else [] for role in everyone}
    assert left == [failed[0]]
    assert report_rows(coordinator) == []


def test_retry_queues_a_failed_report_again(client, everyone, reports):
    report = reports["network"]
    Report.objects.filter(pk=report.pk).update(state=ReportState.FAILED, attempts=3)
    client.force_login(everyone["coordinator"])

    response = client.post(url("report_retry", report), follow=True)

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    assert "data-hx-get" in response.content.decode()
    assert "Reload the page" in client.post(url("report_retry", report), follow=True).content.decode()


def test_state_fragment_polls_until_the_report_is_ready(client, everyone, reports):
    report = reports["network"]
    client.force_login(everyone["partner"])

    before = client.get(url("report_state", report)).content.decode()
    tasks.build_report(report.pk)
    after = client.get(url("report_state", report)).content.decode()

    assert f'data-hx-get="{url("report_state", report)}"' in before
    assert "data-hx-get" not in after
    assert report.get_absolute_url() in after


def test_issue_form_creates_a_report_once(client, city):
    city_data = accepted_city(city)
    client.force_login(city_data.coordinator)
    form = {
        "kind": "city_period",
        "city": city.pk,
        "period": city_data.period.pk,
        "language": "sv",
        "recipients": ["city"],
    }

    first = client.post(reverse("reports:report_issue"), form)
    second = client.post(reverse("reports:report_issue"), form, follow=True)

    report = Report.objects.get()
    assert first.url == report.get_absolute_url()
    assert (report.issued_by, report.language, report.recipients) == (city_data.coordinator, "sv", ["city"])
    assert "already been issued" in second.content.decode()


def test_issue_form_ignores_the_city_of_a_network_report(client, city):
    city_data = accepted_city(city)
    client.force_login(city_data.coordinator)
    form = {"kind": "network_period", "city": city.pk, "period": city_data.period.pk, "language": "en"}

    client.post(reverse("reports:report_issue"), form)

    assert Report.objects.get().city is None


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"city": ""}, "Choose the city"),
        ({}, "No report has been accepted"),
        ({"kind": "network_period", "period": ""}, "Choose an option for “Period”."),
    ],
)
def test_issue_form_reports_invalid_input(client, everyone, city, other_city, changed, message):
    client.force_login(everyone["coordinator"])
    period = accepted_city(other_city).period
    form = {"kind": "city_period", "city": city.pk, "period": period.pk, "language": "en"} | changed

    response = client.post(reverse("reports:report_issue"), form)

    assert message in response.content.decode()
    assert Report.objects.count() == 0


def test_issue_form_offers_accepted_periods_and_selects_the_newest(client, city, other_city):
    first = accepted_city(other_city)
    second = accepted_city(city, ahead=1)
    ReportingPeriodFactory(ahead=2)
    client.force_login(first.coordinator)

    form = client.get(reverse("reports:report_issue")).context["form"]

    assert list(form.fields["period"].queryset) == [second.period, first.period]
    assert form["period"].initial == second.period
    assert form.fields["city"].required


def test_issue_form_is_hidden_without_an_accepted_period(client, everyone, city):
    open_city(city)
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("reports:report_issue")).content.decode()

    assert "No report has been accepted yet" in page
    assert "<button" not in page.split("<main", 1)[1]


@pytest.mark.parametrize("language, is_shown", [("en", False), ("sv", True)])
def test_report_page_names_a_language_that_differs_from_the_users(client, everyone, reports, language, is_shown):
    client.force_login(everyone["partner"])

    page = client.get(reports["network"].get_absolute_url(), headers={"accept-language": language})

    assert (page.context["other_language"] == "engelska") is is_shown
    assert ("engelska" in page.content.decode()) is is_shown


def test_report_page_shows_the_hash_below_the_report(client, everyone, reports):
    report = reports["network"]
    tasks.build_report(report.pk)
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert page.index("<h2>Summary</h2>") < page.index("<h2>Method</h2>") < page.index("About this report")
    assert page.index("About this report") < page.index(report.sha256)


def test_former_partner_cannot_open_a_report(client, reports):
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER, valid_to=clock.today().replace(year=2025))
    client.force_login(partner)

    assert client.get(reports["network"].get_absolute_url()).status_code == 404
    assert ReportFile.objects.count() == 0
