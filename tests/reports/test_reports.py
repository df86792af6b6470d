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


def issue_city(world, **given):
    return issue_report(kind=ReportKind.CITY_PERIOD, city=world.city, period=world.period, **given)


def issue_network(world, **given):
    return issue_report(kind=ReportKind.NETWORK_PERIOD, period=world.period, **given)


def printed(report) -> str:
    return str(report.contents["document"])


def test_number_names_period_city_and_revision(city):
    world = accepted_city(city)

    report = issue_city(world)

    code = period_code(world.period.starts_on, world.period.ends_on)
    assert report.number == f"EPI-{code}-LINKOPING-R1"
    assert (report.state, report.revision, report.period_revision) == (ReportState.QUEUED, 1, world.revision)


@pytest.mark.parametrize(
    "days, code",
    [
        ((date(2026, 7, 1), date(2026, 9, 30)), "2026-Q3"),
        ((date(2026, 7, 1), date(2026, 12, 31)), "2026-H2"),
        ((date(2026, 1, 1), date(2026, 12, 31)), "2026"),
        ((date(2026, 2, 1), date(2026, 4, 30)), "20260201-20260430"),
    ],
)
def test_code_of_a_period(days, code):
    assert period_code(*days) == code


def test_second_call_returns_the_first_report(city):
    world = accepted_city(city)

    first, second = issue_city(world), issue_city(world, language="sv")

    assert first == second
    assert Report.objects.count() == 1


def test_new_revision_of_the_data_gives_the_next_revision_of_the_report(city):
    world = accepted_city(city)
    first = issue_city(world)
    world.revision = reopen_and_accept(world)

    second = issue_city(world)

    assert (second.revision, second.number) == (2, first.number.replace("-R1", "-R2"))
    assert second.contents["facts"]["previous"]["number"] == first.number
    assert Report.objects.get(pk=first.pk).contents["facts"]["cities"][0]["revision"] == 1


def test_nothing_is_printed_before_a_period_was_accepted(city):
    world = open_city(city)

    with pytest.raises(NoAcceptedReport):
        issue_city(world)
    with pytest.raises(NoAcceptedReport):
        issue_network(world)


def test_a_city_that_works_on_its_next_revision_is_printed_as_it_was_accepted(city):
    world = accepted_city(city)
    reopen_period(CityPeriod.objects.get(pk=world.pk), by=world.coordinator, reason="A figure was wrong.")

    report = issue_city(world)

    assert report.contents["facts"]["cities"][0]["revision"] == 1


@pytest.mark.parametrize("issue, listed", [(issue_city, 1), (issue_network, 0)])
def test_records_for_the_city_alone_are_counted_and_never_printed(city, issue, listed):
    report = issue(accepted_city(city))

    facts = report.contents["facts"]["cities"][0]
    assert SECRET not in report.snapshot
    assert (facts["update_count"], facts["withheld"], len(facts["updates"])) == (2, 1, listed)
    assert facts["money"]["spent"] == "42500"


def test_fewer_than_five_people_are_not_told(city):
    facts = issue_city(accepted_city(city)).contents["facts"]["cities"][0]

    assert [update["people"] for update in facts["updates"]] == ["few"]


def test_gate_of_the_pact_hears_of_the_first_report(city):
    world = accepted_city(city)
    before = report_is_issued(city)
    report = issue_city(world)

    after = report_is_issued(city)
    assert (before.met, after.met) == (False, True)
    assert report.number in after.reason
    assert "report_issued" in {row.key for row in GATES["pact"]}


def test_updates_that_reached_nobody_say_nothing_of_people(city):
    world = open_city(city)
    data = UpdateInput(date=clock.today(), text="Nobody was met.", stage="ongoing", language="en")
    log_update(world.actions[0], by=world.lead, data=data)
    accept(world)

    updates = issue_city(world).contents["facts"]["cities"][0]["updates"]

    assert {update["text"]: update["people"] for update in updates}["Nobody was met."] == ""


def test_no_person_is_named(city):
    world = accepted_city(city)

    report = issue_city(world, by=world.coordinator)

    assert world.lead.person.name not in report.snapshot
    assert world.coordinator.person.name not in report.snapshot


def test_network_report_names_who_is_missing_and_adds_no_currencies_up(city, other_city):
    world = accepted_city(city)
    CityPeriodFactory(city=other_city, period=world.period)

    report = issue_network(world)

    facts = report.contents["facts"]
    assert [row["name"] for row in facts["cities"]] == ["Linköping"]
    assert facts["missing"] == [{"name": "Lublin", "state": "open"}]
    assert "There is no total of the network" in printed(report)


def test_network_report_names_what_is_published_and_counts_the_rest(city):
    world = open_city(city)
    today = clock.today()
    kept = ActionFactory(
        objective=world.actions[0].objective,
        title="Kept back",
        ends_on=today - timedelta(days=1),
        owner=city.municipality,
    )
    late = ActionFactory(
        objective=kept.objective, title="Late in public", ends_on=today - timedelta(days=1), published=True
    )
    told = {"author": world.lead, "city_period_id": world.pk, "value": 7}
    IndicatorValueFactory(indicator=IndicatorFactory(strategy=world.strategy, action=kept, name="Hidden one"), **told)
    IndicatorValueFactory(indicator=IndicatorFactory(strategy=world.strategy, action=late, name="Open one"), **told)
    save_narrative(CityPeriod.objects.get(pk=world.pk), by=world.lead, text="In our own words.", language="en")
    accept(world)

    network, own = issue_network(world), issue_city(world)

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


def test_what_is_not_published_is_no_named_change_of_the_network(city):
    world = open_city(city)
    kept = ActionFactory(objective=world.actions[0].objective, title="Kept back")
    accept(world)
    issue_network(world)
    Action.objects.filter(pk=kept.pk).update(withdrawn_at=clock.now(), withdrawn_reason="Merged.")
    ActionFactory(objective=kept.objective, title="Kept back as well")
    Action.objects.filter(pk=world.actions[0].pk).update(published_at=None)
    reopen_and_accept(world)

    report = issue_network(world)

    assert report.contents["facts"]["changes"] == []


def test_all_published_needs_no_note(city):
    report = issue_network(accepted_city(city))

    assert "not published" not in printed(report)


def test_cities_stand_in_alphabetical_order(city, other_city):
    other_city.name = "Ängelholm"
    other_city.save()
    second = accepted_city(other_city)
    first = open_city(city)
    accept(first, coordinator=second.coordinator)

    report = issue_network(first)

    assert [row["name"] for row in report.contents["facts"]["cities"]] == ["Linköping", "Ängelholm"]


def test_published_evaluation_is_printed_with_agreement_and_without_single_ratings(case):
    result, world = evaluated(case)

    report = issue_city(world)

    facts = report.contents["facts"]["cities"][0]["evaluation"]
    impact = next(row for row in facts["dimensions"] if row["code"] == "impact")
    assert [row["code"] for row in facts["dimensions"]] == [row["code"] for row in result.contents["dimensions"]]
    assert (impact["level"], impact["independent"]) == (3, {"n": 2, "median": "1-4", "range": "1-4", "gap": 3})
    assert "Reason for" not in report.snapshot
    assert {"kind": "evaluation", "city": "lublin", "sha256": result.sha256} in report.contents["facts"]["sources"]


def evaluated(case):
    """The evaluation is about this quarter, the report about the next one."""
    return published_result(case), accepted_city(case.city, ahead=1)


def test_network_report_says_how_far_raters_agree(case):
    _result, world = evaluated(case)

    (agreed,) = issue_network(world).contents["facts"]["agreement"]

    impact = next(row for row in agreed["dimensions"] if row["code"] == "impact")
    assert agreed["round"] == case.round.name
    assert (impact["alpha"], impact["undefined"], impact["ratings"]) == (None, "too_few", 2)
    assert impact["strengths"] == {"none": 1}


def test_an_evaluation_published_later_gives_the_next_revision(case):
    world = accepted_city(case.city, ahead=1)
    first = issue_city(world)
    published_result(case)

    second = issue_city(world)

    assert (first.revision, second.revision) == (1, 2)
    assert "evaluated" in {change["what"] for change in second.contents["facts"]["changes"]}


def test_report_speaks_its_language_whoever_issues_it(city):
    world = accepted_city(city)

    report = issue_city(world, language="sv")

    assert report.language == "sv"
    assert "100\N{NO-BREAK SPACE}000" in report.snapshot  # numbers by the language
    with translation.override("sv"):
        assert report.contents["document"]["cover"]["issued"] == locales.day(clock.today())


def test_demo_is_marked_in_the_snapshot(city):
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
def test_issued_data_never_change(city, change):
    report = issue_city(accepted_city(city), by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))

    with pytest.raises(IntegrityError, match="epi: frozen"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE evaluation_report SET {change} WHERE id = %s", [report.pk])


@pytest.fixture
def another_program():
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
def test_issued_report_is_not_replaced_by_a_forged_one(city, issue, name, another_program):
    report = issue(accepted_city(city))
    forged = Report.objects.values().get() | FORGED[name] | {"snapshot": "forged", "recipients": "[]"}
    columns, marks = ", ".join(forged), ", ".join(["%s"] * len(forged))
    statements = {
        "sqlite": f"INSERT OR REPLACE INTO evaluation_report ({columns}) VALUES ({marks})",
        "postgresql": f"INSERT INTO evaluation_report ({columns}) VALUES ({marks}) "
        "ON CONFLICT (number) DO UPDATE SET snapshot = EXCLUDED.snapshot",
    }

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
        another_program.execute(statements[connection.vendor], list(forged.values()))

    assert Report.objects.values_list("pk", "snapshot").get() == (report.pk, report.snapshot)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
@pytest.mark.parametrize("key", ["id", "rowid", "number", "revision"])
def test_issued_report_does_not_give_way_to_another(city, key, another_program):
    """UPDATE OR REPLACE deletes the row that already has the new key."""
    world = accepted_city(city)
    first = issue_city(world)
    reopen_and_accept(world)
    second = issue_city(world)
    value = second.pk if key == "rowid" else getattr(second, key)

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
        another_program.execute(f"UPDATE OR REPLACE evaluation_report SET {key} = %s WHERE id = %s", [value, first.pk])

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


def test_schedule_issues_once_when_its_day_has_come(city, schedule):
    world = accepted_city(city)

    early = issue_due()
    with in_days(2):
        first, again = issue_due(), issue_due()

    assert (early, again) == ([], [])
    assert [(row.city, row.issued_by, row.recipients) for row in first] == [(world.city, None, ["city", "partners"])]


def test_schedule_leaves_alone_what_the_coordinator_has_issued(city, schedule):
    issue_city(accepted_city(city))

    with in_days(3):
        assert issue_due() == []


def test_schedule_issues_the_next_revision_after_a_new_acceptance(city, schedule):
    world = accepted_city(city)
    with in_days(2):
        issue_due()
        reopen_and_accept(world)
    with in_days(5):
        assert [row.revision for row in issue_due()] == [2]


def test_inactive_schedule_issues_nothing(city, schedule):
    accepted_city(city)
    ReportSchedule.objects.update(is_active=False)

    with in_days(9):
        assert issue_due() == []


@pytest.mark.parametrize("trigger, days, expected", [(Trigger.PERIOD_DUE, 120, 1), (Trigger.ACCEPTED, 3, 0)])
def test_network_schedule_waits_for_the_due_day_or_for_every_city(city, other_city, trigger, days, expected):
    world = accepted_city(city)
    CityPeriodFactory(city=other_city, period=world.period)
    ReportSchedule.objects.create(
        kind=ReportKind.NETWORK_PERIOD, trigger=trigger, active_from=clock.today() - timedelta(days=1)
    )

    with in_days(days):
        assert len(issue_due()) == expected
        assert issue_due() == []


def test_network_schedule_issues_when_the_last_city_was_accepted(city, schedule):
    ReportSchedule.objects.update(kind=ReportKind.NETWORK_PERIOD)
    accepted_city(city)

    with in_days(2):
        assert [row.kind for row in issue_due()] == [ReportKind.NETWORK_PERIOD]


def test_recipients_get_one_letter_with_a_link_once_it_is_ready(city, schedule):
    world = accepted_city(city)
    member(BodyKind.NETWORK_OFFICE, Role.PARTNER, user=world.lead)  # two roles, one email
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    member(BodyKind.NETWORK_OFFICE, Role.TRAINER)
    Mail.objects.all().delete()
    with in_days(2):
        (report,) = issue_due()
        before = Mail.objects.count()
        tasks.build_report(report.pk)
        tasks.build_report(report.pk)

    letters = Mail.objects.filter(key__startswith="report:")
    assert before == 0
    assert sorted(letters.values_list("recipient", flat=True)) == sorted([world.lead.email, partner.email])
    assert all(f"/reports/{report.number}/" in letter.body for letter in letters)


# ---- try again


def test_retry_queues_a_failed_report_with_all_its_attempts(city):
    report = issue_city(accepted_city(city))
    Report.objects.update(state=ReportState.FAILED, attempts=3, reason="It broke.")

    retry_report(report, by=member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR))

    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    with pytest.raises(NothingToRetry):
        retry_report(report, by=None)


# ---- rare cases


def test_of_two_who_issue_at_once_one_is_first(city, monkeypatch):
    """The unique key refuses the second row; the second person gets the first one's report."""
    world, real = accepted_city(city), reports._freeze

    def late(*args, **kwargs):
        monkeypatch.setattr(reports, "_freeze", real)
        real(*args, **kwargs)
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(reports, "_freeze", late)

    report = issue_city(world)

    assert Report.objects.get() == report


def test_one_that_cannot_be_issued_keeps_no_other_from_it(city, other_city, schedule, monkeypatch):
    first = accepted_city(city)
    second = open_city(other_city)
    accept(second, coordinator=first.coordinator)
    real = reports.city_facts

    def refuse_lublin(place, period):
        if place == other_city:
            raise HashMismatch
        return real(place, period)

    monkeypatch.setattr(reports, "city_facts", refuse_lublin)

    with in_days(3):
        tasks.issue_due_reports()

    assert [row.city for row in Report.objects.all()] == [city]


def test_city_schedule_by_the_due_day_issues_once_for_what_is_accepted(city, other_city, schedule):
    ReportSchedule.objects.update(trigger=Trigger.PERIOD_DUE, offset_days=5)
    world = accepted_city(city)
    CityPeriodFactory(city=other_city, period=world.period)

    with in_days(120):
        issued = issue_due()
        reopen_and_accept(world)

        assert [row.city for row in issued] == [city]
        assert issue_due() == []


def test_every_role_of_recipients(city):
    world = accepted_city(city)
    expert = member(BodyKind.EXPERT_GROUP, Role.MEMBER, city)
    scientific = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER)
    member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    report = issue_city(world, recipients=Recipients.values)
    without = issue_network(world)

    told = {person.user for person in recipients_of(report)}

    assert told == {world.lead, expert, scientific, world.coordinator}
    assert recipients_of(without) == []


def test_recipients_are_known_roles():
    schedule = ReportSchedule(kind="city_period", trigger="accepted", recipients=["everybody"])

    with pytest.raises(ValidationError, match="city, partners, committee, coordinators"):
        schedule.full_clean()
    schedule.recipients = Recipients.values
    schedule.full_clean()


def test_places_of_indicators_and_small_figures_about_people(city):
    world = open_city(city)
    objective = world.actions[0].objective
    for number, (place, value) in enumerate([({"action": world.actions[0]}, 4), ({"objective": objective}, 0)]):
        indicator = IndicatorFactory(
            strategy=world.strategy, name=f"People {number}", counts_people=True, baseline=0, target=9, **place
        )
        IndicatorValueFactory(indicator=indicator, city_period_id=world.pk, value=value, author=world.lead)
    hidden = IndicatorFactory(strategy=world.strategy, name="Withheld")
    IndicatorValueFactory(
        indicator=hidden, city_period_id=world.pk, value=77, author=world.lead, visibility=Visibility.CITY
    )
    accept(world)

    rows = {row["name"]: row for row in issue_city(world).contents["facts"]["cities"][0]["indicators"]}

    assert (rows["People 0"]["value"], rows["People 0"]["is_small"]) == (None, True)
    assert (rows["People 1"]["value"], rows["People 1"]["is_small"]) == ("0", False)
    assert (rows["Withheld"]["value"], rows["Withheld"]["is_withheld"]) == (None, True)
    assert (rows["People 0"]["target"], rows["People 0"]["is_target_small"]) == ("9", False)
    assert rows["People 0"]["place"] == f"{world.actions[0].code} {world.actions[0].title}"
    assert rows["People 1"]["place"] == f"{objective.code} {objective.title}"
    assert rows["Withheld"]["place"] == ""


def test_small_baselines_and_targets_of_people_are_not_printed(city):
    world = open_city(city)
    for name, counts_people in (("Guests", True), ("Rooms", False)):
        indicator = IndicatorFactory(
            strategy=world.strategy, name=name, counts_people=counts_people, baseline=2, target=4
        )
        IndicatorValueFactory(indicator=indicator, city_period_id=world.pk, value=7, author=world.lead)
    accept(world)

    report = issue_city(world)

    rows = {row["name"]: row for row in report.contents["facts"]["cities"][0]["indicators"]}
    kept = ("baseline", "is_baseline_small", "target", "is_target_small")
    assert [rows["Guests"][key] for key in kept] == [None, True, None, True]
    assert [rows["Rooms"][key] for key in kept] == ["2", False, "4", False]
    assert printed(report).count("fewer than 5") == 3  # the update of three people, too


def test_a_figure_that_stayed_in_the_city_last_time_is_not_shown_as_missing(city):
    world = open_city(city)
    indicator = IndicatorFactory(strategy=world.strategy, name="Withheld before", baseline=0, target=9)
    given = {"indicator": indicator, "author": world.lead}
    IndicatorValueFactory(city_period_id=world.pk, value=77, visibility=Visibility.CITY, **given)
    accept(world)
    world.period = ReportingPeriodFactory(ahead=1)
    world.pk = CityPeriodFactory(city=city, period=world.period).pk
    IndicatorValueFactory(city_period_id=world.pk, value=6, **given)
    accept(world)

    report = issue_city(world)

    row = next(row for row in report.contents["facts"]["cities"][0]["indicators"] if row["id"] == indicator.pk)
    assert (row["previous"], row["is_previous_withheld"], row["value"]) == (None, True, "6")
    assert "'for the city alone', '6'" in printed(report)


def test_reason_of_health_is_left_out_where_the_rules_have_changed(city, monkeypatch):
    world = accepted_city(city)
    told = city_facts(city, world.period).facts["cities"][0]["actions"]
    monkeypatch.setattr(report_city, "health_of", lambda facts: Health.DONE)

    silent = city_facts(city, world.period).facts["cities"][0]["actions"]

    assert all(action["reason"] for action in told)
    assert [action["health"] for action in silent] == [action["health"] for action in told]
    assert {action["reason"] for action in silent} == {""}


def test_words_of_models(city):
    report = issue_city(accepted_city(city))
    tasks.build_report(report.pk)

    assert str(report) == report.number
    assert report.of_city_id == city.pk
    assert str(report.files.first()) == f"{report.number}.html"
    assert str(ReportSchedule(kind="city_period", trigger="accepted", offset_days=3)).startswith(
        "city period report, 3"
    )
