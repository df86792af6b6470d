"""List, page and files of reports: permissions, number of queries, failed reports."""

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
from reports.services.reports import issue_report
from strategies.models import PeriodRevision
from tests.factories import CityFactory, CityPeriodFactory, ReportingPeriodFactory, member, move_to

from . import report_facts
from .accepted_city import SECRET, accepted_city, open_city

pytestmark = pytest.mark.django_db

SEEN = {  # number of (own city's, other city's, network's) reports in the list, written by hand
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


def make(city=None, *, period=None, state="accepted", **given) -> Report:
    """Create a report row without issuing it."""
    period = period or ReportingPeriodFactory()
    kind = ReportKind.CITY_PERIOD if city else ReportKind.NETWORK_PERIOD
    number = f"EPI-{period.starts_on:%Y%m}-{city.slug.upper() if city else 'NETWORK'}-R1"
    revision = None
    if city:
        place = CityPeriodFactory(city=city, period=period, to_state="submitted")
        revision = PeriodRevision.objects.create(city_period=place, number=1, snapshot="{}", sha256=sha256_hex("{}"))
        move_to(place, state)
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
def three(city, other_city):
    return {"own": make(city), "other": make(other_city), "network": make()}


def url(name, report, *args):
    return reverse(f"reports:{name}", args=[report.number, *args])


@pytest.mark.parametrize("role", SEEN)
def test_list_and_rule_agree_on_who_sees_what(client, everyone, three, role):
    user = everyone[role]
    client.force_login(user)

    listed = set(client.get(reverse("reports:report_list")).context["object_list"])
    allowed = {row for row in Report.objects.all() if user.has_perm("reports.view_report", row)}

    assert listed == allowed
    assert len(listed) == SEEN[role]
    for report in three.values():
        expected = 200 if report in listed else 404
        assert client.get(report.get_absolute_url()).status_code == expected
        assert client.get(url("report_state", report)).status_code == expected


def test_city_report_is_the_networks_only_once_accepted(client, everyone, city):
    report = make(city, state="submitted")

    seen = {}
    for role in ("official", "partner", "coordinator"):
        client.force_login(everyone[role])
        seen[role] = client.get(report.get_absolute_url()).status_code

    assert seen == {"official": 200, "partner": 404, "coordinator": 200}


@pytest.mark.parametrize("name", ["report_list", "report_issue"])
def test_strangers_are_sent_to_sign_in(client, name):
    address = reverse(f"reports:{name}")

    response = client.get(address)

    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_strangers_learn_nothing_of_a_report(client, three):
    answers = {client.get(url("report_detail", report)).status_code for report in three.values()}

    assert answers == {302} == {client.get("/reports/EPI-NONE-R1/").status_code}


@pytest.mark.parametrize("role", ["partner", "scientific", "lead", "superuser"])
def test_only_coordinators_issue_and_retry(client, everyone, three, role):
    client.force_login(everyone[role])

    assert client.get(reverse("reports:report_issue")).status_code == 403
    expected = 404 if role == "superuser" else 403
    assert client.post(url("report_retry", three["network"])).status_code == expected


@pytest.mark.parametrize("row_count", [1, 5])
def test_list_costs_the_same_for_one_row_or_five(client, everyone, row_count, django_assert_max_num_queries):
    period = ReportingPeriodFactory()
    for _number in range(row_count):
        report = make(CityFactory(), period=period)
        tasks.build_report(report.pk)
    client.force_login(everyone["coordinator"])
    client.get(reverse("reports:report_list"))

    with django_assert_max_num_queries(12):
        response = client.get(reverse("reports:report_list"))

    assert len(response.context["object_list"]) == row_count
    assert "snapshot" in response.context["object_list"][0].get_deferred_fields()


def test_filters_live_in_the_address(client, everyone, three, city):
    client.force_login(everyone["coordinator"])
    address = reverse("reports:report_list")

    def found(**filters):
        return set(client.get(address, filters).context["object_list"])

    assert found(kind="network_period") == {three["network"]}
    assert found(city="linkoping") == {three["own"]}
    assert found(period=three["own"].period_id) == set(three.values())
    assert found(kind="city_period", city="lublin") == {three["other"]}
    assert found(city="atlantis") == set(three.values())


def test_empty_list_says_what_to_do(client, everyone):
    client.force_login(everyone["partner"])

    response = client.get(reverse("reports:report_list"))

    assert "epi-empty" in response.content.decode()


def test_reading_view_shows_the_frozen_report_and_its_files(client, everyone, city):
    world = accepted_city(city)
    report = issue_report(kind=ReportKind.CITY_PERIOD, city=city, period=world.period)
    tasks.build_report(report.pk)
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert "The first group has begun." in page
    assert SECRET not in page
    assert report.sha256 in page
    for kind in ("pdf", "html", "json"):
        assert f"/reports/{report.number}/{report.number}.{kind}" in page
    assert page.count("<h1") == 1


def test_each_cell_of_a_table_knows_its_heading(client, everyone, city):
    """Phones show each row as a card with the column's name beside each value."""
    report = issue_report(kind=ReportKind.CITY_PERIOD, city=city, period=accepted_city(city).period)
    blocks = [block for section in report.contents["document"]["sections"] for block in section["blocks"]]
    headings = {column["text"] for block in blocks if block["type"] == "table" for column in block["columns"][1:]}
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert headings
    assert {heading for heading in headings if f'data-label="{escape(heading)}"' not in page} == set()


def test_files_are_the_stored_bytes_to_be_saved(client, everyone, three):
    report = three["own"]
    tasks.build_report(report.pk)
    client.force_login(everyone["official"])

    for file in report.files.all():
        response = client.get(url("report_file", report, file.name))
        assert sha256_hex(response.content) == file.sha256
        assert response["Content-Disposition"] == f'attachment; filename="{file.name}"'
        assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get(url("report_file", report, "other.pdf")).status_code == 404


def test_files_of_another_city_are_not_there(client, everyone, three):
    tasks.build_report(three["other"].pk)
    client.force_login(everyone["official"])

    for file in three["other"].files.all():
        assert client.get(url("report_file", three["other"], file.name)).status_code == 404


@pytest.mark.parametrize("table, column", [("evaluation_reportfile", "content"), ("evaluation_report", "snapshot")])
def test_what_was_tampered_with_is_not_handed_out(client, everyone, three, table, column):
    report = three["own"]
    tasks.build_report(report.pk)
    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s", [b"x" if column == "content" else "{}"])
    client.force_login(everyone["official"])

    page = client.get(report.get_absolute_url())
    file = client.get(url("report_file", report, f"{report.number}.pdf"), follow=True)

    told = [page, file] if column == "snapshot" else [file]
    if column == "content":
        assert file.redirect_chain
    for response in told[:1]:
        assert "does not match its hash" in response.content.decode()


def test_newer_revision_is_pointed_to(client, everyone, three):
    old = three["network"]
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
def test_failed_report_says_why_to_coordinators_who_try_again(client, everyone, three, role, sees):
    report = three["network"]
    Report.objects.filter(pk=report.pk).update(state=ReportState.FAILED, reason="ValueError: broken", attempts=3)
    client.force_login(everyone[role])

    page = client.get(report.get_absolute_url()).content.decode()

    assert ("ValueError: broken" in page) is sees
    assert (url("report_retry", report) in page) is sees
    assert "hx-get" not in client.get(url("report_state", report)).content.decode()


def test_retry_button_queues_again(client, everyone, three):
    report = three["network"]
    Report.objects.filter(pk=report.pk).update(state=ReportState.FAILED, attempts=3)
    client.force_login(everyone["coordinator"])

    response = client.post(url("report_retry", report), follow=True)

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    assert "hx-get" in response.content.decode()
    assert "Read the page again" in client.post(url("report_retry", report), follow=True).content.decode()


def test_state_of_a_report_under_way_asks_again_until_it_is_ready(client, everyone, three):
    report = three["network"]
    client.force_login(everyone["partner"])

    before = client.get(url("report_state", report)).content.decode()
    tasks.build_report(report.pk)
    after = client.get(url("report_state", report)).content.decode()

    assert f'hx-get="{url("report_state", report)}"' in before
    assert "hx-get" not in after
    assert report.get_absolute_url() in after


def test_coordinator_issues_by_form_once(client, city):
    world = accepted_city(city)
    client.force_login(world.coordinator)
    form = {"kind": "city_period", "city": city.pk, "period": world.period.pk, "language": "sv", "recipients": ["city"]}

    first = client.post(reverse("reports:report_issue"), form)
    second = client.post(reverse("reports:report_issue"), form, follow=True)

    report = Report.objects.get()
    assert first.url == report.get_absolute_url()
    assert (report.issued_by, report.language, report.recipients) == (world.coordinator, "sv", ["city"])
    assert "issued already" in second.content.decode()


def test_network_report_needs_no_city(client, city):
    world = accepted_city(city)
    client.force_login(world.coordinator)
    form = {"kind": "network_period", "city": city.pk, "period": world.period.pk, "language": "en"}

    client.post(reverse("reports:report_issue"), form)

    assert Report.objects.get().city is None


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"city": ""}, "Choose the city"),
        ({}, "Nothing has been accepted"),
        ({"kind": "network_period", "period": ""}, "Choose something under “Period”."),
    ],
)
def test_issue_form_says_what_is_wrong(client, everyone, city, other_city, changed, told):
    client.force_login(everyone["coordinator"])
    period = accepted_city(other_city).period
    form = {"kind": "city_period", "city": city.pk, "period": period.pk, "language": "en"} | changed

    response = client.post(reverse("reports:report_issue"), form)

    assert told in response.content.decode()
    assert Report.objects.count() == 0


def test_issue_form_offers_the_periods_that_were_accepted_and_chooses_the_newest(client, city, other_city):
    first = accepted_city(other_city)
    second = accepted_city(city, ahead=1)
    ReportingPeriodFactory(ahead=2)
    client.force_login(first.coordinator)

    form = client.get(reverse("reports:report_issue")).context["form"]

    assert list(form.fields["period"].queryset) == [second.period, first.period]
    assert form["period"].initial == second.period
    assert form.fields["city"].required


def test_issue_form_waits_for_the_first_accepted_period(client, everyone, city):
    open_city(city)
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("reports:report_issue")).content.decode()

    assert "No period has been accepted yet" in page
    assert "Issue the report" not in page


@pytest.mark.parametrize("language, told", [("en", False), ("sv", True)])
def test_page_says_in_which_language_the_report_is_where_it_is_another(client, everyone, three, language, told):
    client.force_login(everyone["partner"])

    page = client.get(three["network"].get_absolute_url(), headers={"accept-language": language})

    assert (page.context["other_language"] == "engelska") is told
    assert ("engelska" in page.content.decode()) is told


def test_report_comes_first_and_what_proves_it_last(client, everyone, three):
    report = three["network"]
    tasks.build_report(report.pk)
    client.force_login(everyone["partner"])

    page = client.get(report.get_absolute_url()).content.decode()

    assert page.index("<h2>Summary</h2>") < page.index("<h2>Method</h2>") < page.index("About this report")
    assert page.index("About this report") < page.index(report.sha256)


def test_a_former_partner_loses_the_reports(client, three):
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER, valid_to=clock.today().replace(year=2025))
    client.force_login(partner)

    assert client.get(three["network"].get_absolute_url()).status_code == 404
    assert ReportFile.objects.count() == 0
