"""Schedules issue each report once when it is due, and its recipients get one email."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core import clock
from core.exceptions import HashMismatch
from reports import tasks
from reports.enums import Recipients, ReportKind, Trigger
from reports.models import Report, ReportSchedule
from reports.selectors.recipients import recipients_of
from reports.services import reports
from reports.services.reports import issue_due_reports
from tests.factories import CityPeriodFactory, member

from .accepted_city import accept, accepted_city, issue_city, issue_network, open_city, reopen_and_accept

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db):
    return ReportSchedule.objects.create(
        kind=ReportKind.CITY_PERIOD,
        trigger=Trigger.ACCEPTED,
        offset_days=2,
        recipients=[Recipients.CITY, Recipients.PARTNERS],
        active_from=clock.today() - timedelta(days=1),
    )


def in_days(count):
    return clock.at(clock.now() + timedelta(days=count))


def test_schedule_issues_once_when_due(city, schedule):
    city_data = accepted_city(city)

    early = issue_due_reports()
    with in_days(2):
        first, again = issue_due_reports(), issue_due_reports()

    assert (early, again) == ([], [])
    assert [(row.city, row.issued_by, row.recipients) for row in first] == [
        (city_data.city, None, ["city", "partners"])
    ]


def test_schedule_skips_a_report_issued_by_a_coordinator(city, schedule):
    issue_city(accepted_city(city))

    with in_days(3):
        assert issue_due_reports() == []


def test_schedule_issues_the_next_revision_after_a_new_acceptance(city, schedule):
    city_data = accepted_city(city)
    with in_days(2):
        issue_due_reports()
        reopen_and_accept(city_data)
    with in_days(5):
        assert [row.revision for row in issue_due_reports()] == [2]


def test_inactive_schedule_issues_nothing(city, schedule):
    accepted_city(city)
    ReportSchedule.objects.update(is_active=False)

    with in_days(9):
        assert issue_due_reports() == []


@pytest.mark.parametrize("trigger, days, expected", [(Trigger.PERIOD_DUE, 120, 1), (Trigger.ACCEPTED, 3, 0)])
def test_network_schedule_issues_on_the_due_date_or_after_every_acceptance(city, other_city, trigger, days, expected):
    city_data = accepted_city(city)
    CityPeriodFactory(city=other_city, period=city_data.period)
    ReportSchedule.objects.create(
        kind=ReportKind.NETWORK_PERIOD, trigger=trigger, active_from=clock.today() - timedelta(days=1)
    )

    with in_days(days):
        assert len(issue_due_reports()) == expected
        assert issue_due_reports() == []


def test_network_schedule_issues_after_the_last_acceptance(city, schedule):
    ReportSchedule.objects.update(kind=ReportKind.NETWORK_PERIOD)
    accepted_city(city)

    with in_days(2):
        assert [row.kind for row in issue_due_reports()] == [ReportKind.NETWORK_PERIOD]


def test_failing_report_does_not_stop_others(city, other_city, schedule, monkeypatch):
    first = accepted_city(city)
    second = open_city(other_city)
    accept(second, coordinator=first.coordinator)
    original = reports.city_facts

    def refuse_lublin(each_city, period):
        if each_city == other_city:
            raise HashMismatch
        return original(each_city, period)

    monkeypatch.setattr(reports, "city_facts", refuse_lublin)

    with in_days(3):
        tasks.issue_due_reports()

    assert [row.city for row in Report.objects.all()] == [city]


def test_city_schedule_by_due_date_issues_once_per_accepted_city(city, other_city, schedule):
    ReportSchedule.objects.update(trigger=Trigger.PERIOD_DUE, offset_days=5)
    city_data = accepted_city(city)
    CityPeriodFactory(city=other_city, period=city_data.period)

    with in_days(120):
        issued = issue_due_reports()
        reopen_and_accept(city_data)

        assert [row.city for row in issued] == [city]
        assert issue_due_reports() == []


# ---- recipients


@pytest.mark.slow
def test_recipients_get_one_email_with_a_link_when_ready(city, schedule):
    city_data = accepted_city(city)
    member(BodyKind.NETWORK_OFFICE, Role.PARTNER, user=city_data.lead)  # two roles, one email
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    member(BodyKind.NETWORK_OFFICE, Role.TRAINER)
    Mail.objects.all().delete()
    with in_days(2):
        (report,) = issue_due_reports()
        before = Mail.objects.count()
        tasks.build_report(report.pk)
        tasks.build_report(report.pk)

    mails = Mail.objects.filter(key__startswith="report:")
    assert before == 0
    assert sorted(mails.values_list("recipient", flat=True)) == sorted([city_data.lead.email, partner.email])
    assert all(f"/reports/{report.number}/" in mail.body for mail in mails)


def test_recipients_include_every_chosen_role(city):
    city_data = accepted_city(city)
    expert = member(BodyKind.EXPERT_GROUP, Role.MEMBER, city)
    scientific = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER)
    member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    report = issue_city(city_data, recipients=Recipients.values)
    without = issue_network(city_data)

    users = {person.user for person in recipients_of(report)}

    assert users == {city_data.lead, expert, scientific, city_data.coordinator}
    assert recipients_of(without) == []


def test_unknown_recipients_are_refused():
    schedule = ReportSchedule(kind="city_period", trigger="accepted", recipients=["everybody"])

    with pytest.raises(ValidationError, match="city, partners, committee, coordinators"):
        schedule.full_clean()
    schedule.recipients = Recipients.values
    schedule.full_clean()
