"""Issuing: frozen once, numbered, from accepted data only, without what the city does not share."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from accounts.models import Mail
from cities.enums import BodyKind, Role, Visibility
from cities.models import Installation
from core import clock, locales
from core.exceptions import HashMismatch
from pilot.gates import GATES
from reports import tasks
from reports.documents.numbers import period_code
from reports.enums import Recipients, ReportKind, ReportState, Trigger
from reports.exceptions import NoAcceptedReport, NothingToRetry
from reports.gate_checks import report_is_issued
from reports.models import Report, ReportSchedule
from reports.selectors import city as report_city
from reports.selectors.city import city_facts
from reports.selectors.recipients import recipients_of
from reports.services import reports
from reports.services.reports import issue_due, issue_report, retry_report
from strategies.enums import Health
from strategies.models import Action, CityPeriod
from strategies.services.periods import reopen_period, save_narrative
from strategies.services.updates import UpdateInput, log_update
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    ReportingPeriodFactory,
    member,
)

from .accepted_city import SECRET, accept, accepted_city, open_city, published_result, reopen_and_accept

pytestmark = pytest.mark.django_db


def issue_city(city_data, **given):
    return issue_report(kind=ReportKind.CITY_PERIOD, city=city_data.city, period=city_data.period, **given)


def issue_network(city_data, **given):
    return issue_report(kind=ReportKind.NETWORK_PERIOD, period=city_data.period, **given)


def printed(report) -> str:
    return str(report.contents["document"])


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


@pytest.mark.parametrize("issue, listed", [(issue_city, 1), (issue_network, 0)])
def test_city_only_updates_are_counted_but_not_included(city, issue, listed):
    report = issue(accepted_city(city))

    facts = report.contents["facts"]["cities"][0]
    assert SECRET not in report.snapshot
    assert (facts["update_count"], facts["withheld"], len(facts["updates"])) == (2, 1, listed)
    assert facts["money"]["spent"] == "42500"


def test_small_number_of_people_is_hidden(city):
    facts = issue_city(accepted_city(city)).contents["facts"]["cities"][0]

    assert [update["people"] for update in facts["updates"]] == ["few"]


def test_pact_gate_is_met_after_the_first_report(city):
    city_data = accepted_city(city)
    before = report_is_issued(city)
    report = issue_city(city_data)

    after = report_is_issued(city)
    assert (before.met, after.met) == (False, True)
    assert report.number in after.reason
    assert "report_issued" in {row.key for row in GATES["pact"]}


def test_update_without_people_has_an_empty_number(city):
    city_data = open_city(city)
    data = UpdateInput(date=clock.today(), text="Nobody was met.", stage="ongoing", language="en")
    log_update(city_data.actions[0], by=city_data.lead, data=data)
    accept(city_data)

    updates = issue_city(city_data).contents["facts"]["cities"][0]["updates"]

    assert {update["text"]: update["people"] for update in updates}["Nobody was met."] == ""


def test_report_contains_no_personal_names(city):
    city_data = accepted_city(city)

    report = issue_city(city_data, by=city_data.coordinator)

    assert city_data.lead.person.name not in report.snapshot
    assert city_data.coordinator.person.name not in report.snapshot


def test_network_report_lists_missing_cities_and_adds_up_no_currencies(city, other_city):
    city_data = accepted_city(city)
    CityPeriodFactory(city=other_city, period=city_data.period)

    report = issue_network(city_data)

    facts = report.contents["facts"]
    assert [row["name"] for row in facts["cities"]] == ["Linköping"]
    assert facts["missing"] == [{"name": "Lublin", "state": "open"}]
    assert "There is no total of the network" in printed(report)


def test_network_report_names_published_parts_and_counts_others(city):
    city_data = open_city(city)
    today = clock.today()
    unpublished = ActionFactory(
        objective=city_data.actions[0].objective,
        title="Kept back",
        ends_on=today - timedelta(days=1),
        owner=city.municipality,
    )
    late = ActionFactory(
        objective=unpublished.objective, title="Late in public", ends_on=today - timedelta(days=1), published=True
    )
    value_fields = {"author": city_data.lead, "city_period_id": city_data.pk, "value": 7}
    IndicatorValueFactory(
        indicator=IndicatorFactory(strategy=city_data.strategy, action=unpublished, name="Hidden one"), **value_fields
    )
    IndicatorValueFactory(
        indicator=IndicatorFactory(strategy=city_data.strategy, action=late, name="Open one"), **value_fields
    )
    save_narrative(CityPeriod.objects.get(pk=city_data.pk), by=city_data.lead, text="In our own words.", language="en")
    accept(city_data)

    network, own = issue_network(city_data), issue_city(city_data)

    for words in ("Kept back", "Hidden one", "In our own words.", "The first group has begun."):
        assert words not in network.snapshot
        assert words in own.snapshot
    assert "Late in public" in printed(network)
    assert "Open one" in printed(network)
    assert "1 action that needs attention is not published" in printed(network)
    assert "1 indicator of a plan that is not published is left out." in printed(network)
    (facts,) = network.contents["facts"]["cities"]
    assert len(facts["actions"]) == 4
    assert facts["money"] == own.contents["facts"]["cities"][0]["money"]
    assert facts["update_count"] == 2
    assert {row["reason"] for phase in facts["phases"] for row in phase["conditions"]} == {""}


def test_network_report_names_no_changes_of_unpublished_actions(city):
    city_data = open_city(city)
    unpublished = ActionFactory(objective=city_data.actions[0].objective, title="Kept back")
    accept(city_data)
    issue_network(city_data)
    Action.objects.filter(pk=unpublished.pk).update(withdrawn_at=clock.now(), withdrawn_reason="Merged.")
    ActionFactory(objective=unpublished.objective, title="Kept back as well")
    Action.objects.filter(pk=city_data.actions[0].pk).update(published_at=None)
    reopen_and_accept(city_data)

    report = issue_network(city_data)

    assert report.contents["facts"]["changes"] == []


def test_network_report_without_unpublished_parts_has_no_note(city):
    report = issue_network(accepted_city(city))

    assert "not published" not in printed(report)


def test_network_report_sorts_cities_alphabetically(city, other_city):
    other_city.name = "Ängelholm"
    other_city.save()
    second = accepted_city(other_city)
    first = open_city(city)
    accept(first, coordinator=second.coordinator)

    report = issue_network(first)

    assert [row["name"] for row in report.contents["facts"]["cities"]] == ["Linköping", "Ängelholm"]


def test_report_includes_the_published_evaluation_without_single_ratings(case):
    result, city_data = evaluated(case)

    report = issue_city(city_data)

    facts = report.contents["facts"]["cities"][0]["evaluation"]
    impact = next(row for row in facts["dimensions"] if row["code"] == "impact")
    assert [row["code"] for row in facts["dimensions"]] == [row["code"] for row in result.contents["dimensions"]]
    assert (impact["level"], impact["independent"]) == (3, {"n": 2, "median": "1-4", "range": "1-4", "gap": 3})
    assert "Reason for" not in report.snapshot
    assert {"kind": "evaluation", "city": "lublin", "sha256": result.sha256} in report.contents["facts"]["sources"]


def evaluated(case):
    """The evaluation is about this quarter, the report about the next one."""
    return published_result(case), accepted_city(case.city, ahead=1)


def test_network_report_includes_agreement_of_raters(case):
    _result, city_data = evaluated(case)

    (agreed,) = issue_network(city_data).contents["facts"]["agreement"]

    impact = next(row for row in agreed["dimensions"] if row["code"] == "impact")
    assert agreed["round"] == case.round.name
    assert (impact["alpha"], impact["undefined"], impact["ratings"]) == (None, "too_few", 2)
    assert impact["strengths"] == {"none": 1}


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


# ---- schedules


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

    early = issue_due()
    with in_days(2):
        first, again = issue_due(), issue_due()

    assert (early, again) == ([], [])
    assert [(row.city, row.issued_by, row.recipients) for row in first] == [
        (city_data.city, None, ["city", "partners"])
    ]


def test_schedule_skips_a_report_issued_by_a_coordinator(city, schedule):
    issue_city(accepted_city(city))

    with in_days(3):
        assert issue_due() == []


def test_schedule_issues_the_next_revision_after_a_new_acceptance(city, schedule):
    city_data = accepted_city(city)
    with in_days(2):
        issue_due()
        reopen_and_accept(city_data)
    with in_days(5):
        assert [row.revision for row in issue_due()] == [2]


def test_inactive_schedule_issues_nothing(city, schedule):
    accepted_city(city)
    ReportSchedule.objects.update(is_active=False)

    with in_days(9):
        assert issue_due() == []


@pytest.mark.parametrize("trigger, days, expected", [(Trigger.PERIOD_DUE, 120, 1), (Trigger.ACCEPTED, 3, 0)])
def test_network_schedule_issues_on_the_due_date_or_after_every_acceptance(city, other_city, trigger, days, expected):
    city_data = accepted_city(city)
    CityPeriodFactory(city=other_city, period=city_data.period)
    ReportSchedule.objects.create(
        kind=ReportKind.NETWORK_PERIOD, trigger=trigger, active_from=clock.today() - timedelta(days=1)
    )

    with in_days(days):
        assert len(issue_due()) == expected
        assert issue_due() == []


def test_network_schedule_issues_after_the_last_acceptance(city, schedule):
    ReportSchedule.objects.update(kind=ReportKind.NETWORK_PERIOD)
    accepted_city(city)

    with in_days(2):
        assert [row.kind for row in issue_due()] == [ReportKind.NETWORK_PERIOD]


def test_recipients_get_one_email_with_a_link_when_ready(city, schedule):
    city_data = accepted_city(city)
    member(BodyKind.NETWORK_OFFICE, Role.PARTNER, user=city_data.lead)  # two roles, one email
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    member(BodyKind.NETWORK_OFFICE, Role.TRAINER)
    Mail.objects.all().delete()
    with in_days(2):
        (report,) = issue_due()
        before = Mail.objects.count()
        tasks.build_report(report.pk)
        tasks.build_report(report.pk)

    mails = Mail.objects.filter(key__startswith="report:")
    assert before == 0
    assert sorted(mails.values_list("recipient", flat=True)) == sorted([city_data.lead.email, partner.email])
    assert all(f"/reports/{report.number}/" in mail.body for mail in mails)


# ---- retry


def test_retry_queues_a_failed_report_and_resets_attempts(city):
    report = issue_city(accepted_city(city))
    Report.objects.update(state=ReportState.FAILED, attempts=3, reason="It broke.")

    retry_report(report, by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    with pytest.raises(NothingToRetry):
        retry_report(report, by=None)


# ---- rare cases


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
        issued = issue_due()
        reopen_and_accept(city_data)

        assert [row.city for row in issued] == [city]
        assert issue_due() == []


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


def test_indicators_have_a_place_and_hide_small_figures_about_people(city):
    city_data = open_city(city)
    objective = city_data.actions[0].objective
    for number, (parent, value) in enumerate([({"action": city_data.actions[0]}, 4), ({"objective": objective}, 0)]):
        indicator = IndicatorFactory(
            strategy=city_data.strategy, name=f"People {number}", counts_people=True, baseline=0, target=9, **parent
        )
        IndicatorValueFactory(indicator=indicator, city_period_id=city_data.pk, value=value, author=city_data.lead)
    hidden = IndicatorFactory(strategy=city_data.strategy, name="Withheld")
    IndicatorValueFactory(
        indicator=hidden, city_period_id=city_data.pk, value=77, author=city_data.lead, visibility=Visibility.CITY
    )
    accept(city_data)

    rows = {row["name"]: row for row in issue_city(city_data).contents["facts"]["cities"][0]["indicators"]}

    assert (rows["People 0"]["value"], rows["People 0"]["is_small"]) == (None, True)
    assert (rows["People 1"]["value"], rows["People 1"]["is_small"]) == ("0", False)
    assert (rows["Withheld"]["value"], rows["Withheld"]["is_withheld"]) == (None, True)
    assert (rows["People 0"]["target"], rows["People 0"]["is_target_small"]) == ("9", False)
    assert rows["People 0"]["place"] == f"{city_data.actions[0].code} {city_data.actions[0].title}"
    assert rows["People 1"]["place"] == f"{objective.code} {objective.title}"
    assert rows["Withheld"]["place"] == ""


def test_small_baselines_and_targets_about_people_are_hidden(city):
    city_data = open_city(city)
    for name, counts_people in (("Guests", True), ("Rooms", False)):
        indicator = IndicatorFactory(
            strategy=city_data.strategy, name=name, counts_people=counts_people, baseline=2, target=4
        )
        IndicatorValueFactory(indicator=indicator, city_period_id=city_data.pk, value=7, author=city_data.lead)
    accept(city_data)

    report = issue_city(city_data)

    rows = {row["name"]: row for row in report.contents["facts"]["cities"][0]["indicators"]}
    keys = ("baseline", "is_baseline_small", "target", "is_target_small")
    assert [rows["Guests"][key] for key in keys] == [None, True, None, True]
    assert [rows["Rooms"][key] for key in keys] == ["2", False, "4", False]
    assert printed(report).count("fewer than 5") == 3  # includes the update about three people


def test_previous_withheld_value_is_marked_as_withheld(city):
    city_data = open_city(city)
    indicator = IndicatorFactory(strategy=city_data.strategy, name="Withheld before", baseline=0, target=9)
    given = {"indicator": indicator, "author": city_data.lead}
    IndicatorValueFactory(city_period_id=city_data.pk, value=77, visibility=Visibility.CITY, **given)
    accept(city_data)
    city_data.period = ReportingPeriodFactory(ahead=1)
    city_data.pk = CityPeriodFactory(city=city, period=city_data.period).pk
    IndicatorValueFactory(city_period_id=city_data.pk, value=6, **given)
    accept(city_data)

    report = issue_city(city_data)

    row = next(row for row in report.contents["facts"]["cities"][0]["indicators"] if row["id"] == indicator.pk)
    assert (row["previous"], row["is_previous_withheld"], row["value"]) == (None, True, "6")
    assert "'for the city alone', '6'" in printed(report)


def test_health_reason_is_omitted_when_the_rules_have_changed(city, monkeypatch):
    city_data = accepted_city(city)
    before = city_facts(city, city_data.period).facts["cities"][0]["actions"]
    monkeypatch.setattr(report_city, "health_of", lambda facts: Health.DONE)

    after = city_facts(city, city_data.period).facts["cities"][0]["actions"]

    assert all(action["reason"] for action in before)
    assert [action["health"] for action in after] == [action["health"] for action in before]
    assert {action["reason"] for action in after} == {""}


def test_models_have_readable_names(city):
    report = issue_city(accepted_city(city))
    tasks.build_report(report.pk)

    assert str(report) == report.number
    assert report.owning_city_id == city.pk
    assert str(report.files.first()) == f"{report.number}.html"
    assert str(ReportSchedule(kind="city_period", trigger="accepted", offset_days=3)).startswith(
        "city period report, 3"
    )
