"""One date for each moment: the day in the city's time zone, the same on pages, in emails, reports and snapshots."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings

from core import clock, locales
from evaluation.gate_checks import evaluation_is_published
from evaluation.models import EvaluationResult, Recommendation
from evaluation.selectors.recommendation_progress import due_recommendations, reportable_periods
from evaluation.services import recommendations
from reports.selectors.city import city_facts
from strategies.selectors.work import my_work
from strategies.services import periods
from tests.evaluation.conftest import make_case
from tests.factories import (
    CityFactory,
    CityPeriodFactory,
    ManagementResponseFactory,
    RecommendationFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    member,
)

ROOT = Path(settings.BASE_DIR)
APPS = (
    "core",
    "accounts",
    "cities",
    "strategies",
    "pilot",
    "evaluation",
    "training",
    "reports",
    "dashboards",
    "epi_site",
)
OF_THE_NETWORK = {  # what belongs to no city has the time zone of the network
    "templates/_parts/form_input.html",
    "templates/form_input.html",
    "templates/strategies/my_work.html",
    "templates/accounts/mail_detail.html",
    "templates/accounts/mail_list.html",
    "templates/evaluation/parts/verified.html",
    "templates/evaluation/round_detail.html",
    "templates/admin/object_history.html",
    "templates/reports/_verified_report.html",
    "templates/reports/report_detail.html",
    "templates/reports/report_list.html",
    "templates/reports/verify.html",
    "templates/_parts/redacted.html",
    "templates/redaction/redaction_list.html",
    "templates/redaction/redaction_record.html",
}
MAKES_A_DAY = {  # files that may call ``.date()``: of a datetime in a zone that they name
    "core/clock.py",
    "training/selectors.py",
    "dashboards/charts.py",
}
MOMENT = re.compile(r"[\w.]*(?:_at|\.at|_visit|when)\|(?:day_short|day|moment)\b(?!:)")
JUST_AFTER_MIDNIGHT = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)  # 00:30 on 1 November in Riga, 31 October in Brussels


def test_templates_name_the_zone_of_each_moment():
    found = {}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        name = str(path.relative_to(ROOT))
        if name not in OF_THE_NETWORK and (moments := MOMENT.findall(path.read_text("utf-8"))):
            found[name] = moments

    assert found == {}


def test_only_the_clock_turns_a_moment_into_a_day():
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    found = {
        str(path.relative_to(ROOT)) for path in paths if re.search(r"\.date\(\)|localdate\(", path.read_text("utf-8"))
    }

    assert found <= MAKES_A_DAY


@pytest.mark.parametrize(
    "zone, day", [("Europe/Riga", 1), ("Europe/Brussels", 31), ("Atlantic/Azores", 31), (None, 31)]
)
def test_day_of_a_moment_is_that_of_the_zone(zone, day):
    expected = date(2026, 11, 1) if day == 1 else date(2026, 10, 31)

    assert clock.day_of(JUST_AFTER_MIDNIGHT, zone) == expected
    assert locales.day(JUST_AFTER_MIDNIGHT, zone=zone) == locales.day(expected)
    assert locales.moment(JUST_AFTER_MIDNIGHT, zone).startswith(locales.day(expected))


@pytest.fixture
def riga(db):
    return CityFactory(name="Riga", slug="riga", country="LV", timezone="Europe/Riga")


def test_submission_after_midnight_has_one_date(client, riga):
    period = ReportingPeriodFactory(
        name="2026 Q3",
        starts_on=date(2026, 7, 1),
        ends_on=date(2026, 9, 30),
        opens_on=date(2026, 7, 1),
        due_on=date(2026, 10, 31),
    )
    with clock.at(JUST_AFTER_MIDNIGHT):
        StrategyFactory(city=riga, published=True)
        lead = member("city_office", "lead_official", riga, organisation=riga.municipality)
        coordinator = member("network_office", "coordinator")
        city_period = CityPeriodFactory(city=riga, period=period)
        periods.submit_period(city_period, by=lead)
        work = [row for row in my_work(coordinator).due if "Accept or return" in row.title]
        city_period.refresh_from_db()
        periods.accept_period(city_period, by=coordinator)
        facts = city_facts(riga, period).facts["cities"][0]
        client.force_login(coordinator)
        page = client.get("/periods/").content.decode()

    assert [(row.text, row.due_on) for row in work] == [("Submitted on 1 November 2026.", date(2026, 11, 1))]
    assert (facts["submitted_on"], facts["accepted_on"], facts["submitted_late"]) == ("2026-11-01", "2026-11-01", True)
    assert "1 Nov 2026</td>" in page


@pytest.mark.slow
def test_publication_after_midnight_has_one_date(riga):
    with clock.at(JUST_AFTER_MIDNIGHT):
        case = make_case(riga).to("published")

        assert EvaluationResult.objects.get(evaluation=case.pk).contents["published_on"] == "2026-11-01"
        assert "1 November 2026" in evaluation_is_published(riga, case.lead).reason


@pytest.fixture
def months(riga):
    """Riga's periods for October and November 2026."""
    days = [(date(2026, 10, 1), date(2026, 10, 31)), (date(2026, 11, 1), date(2026, 11, 30))]
    return [
        CityPeriodFactory(city=riga, period=ReportingPeriodFactory(name=f"{first:%B}", starts_on=first, ends_on=last))
        for first, last in days
    ]


def test_recommendation_is_issued_on_the_day_of_its_city(riga):
    coordinator = member("network_office", "coordinator")
    with clock.at(JUST_AFTER_MIDNIGHT):
        drafts = [RecommendationFactory(city=city, source="network_office") for city in (riga, None)]
        issued = [recommendations.issue(row, by=coordinator).issued_on for row in drafts]

    assert issued == [date(2026, 11, 1), date(2026, 10, 31)]


def test_recommendation_answered_after_midnight_is_due_in_the_new_period(riga, months):
    with clock.at(JUST_AFTER_MIDNIGHT):
        row = ManagementResponseFactory(recommendation__city=riga).recommendation
        reportable = reportable_periods(row)

    assert [list(due_recommendations(period)) for period in months] == [[], [row]]
    assert reportable == months


def test_recommendation_is_overdue_by_the_day_of_its_city(riga):
    with clock.at(datetime(2026, 9, 1, 12, tzinfo=UTC)):  # the response is due 60 days later, on 31 October
        to_riga, _to_network = (RecommendationFactory(city=city, verbs=("issue",)) for city in (riga, None))
        due_on = date(2026, 10, 31)
        promised = ManagementResponseFactory(recommendation__city=riga, due_on=due_on).recommendation
        ManagementResponseFactory(recommendation__city=None, due_on=due_on)

    with clock.at(JUST_AFTER_MIDNIGHT):
        listed = set(Recommendation.objects.overdue())
        shown = {row for row in Recommendation.objects.for_pages() if row.is_overdue}

    assert listed == shown == {to_riga, promised}
