"""Contents of reports: the facts of cities and of the network, without what a city does not share."""

from datetime import timedelta

import pytest

from cities.enums import Visibility
from core import clock
from reports.selectors.city import city_facts
from strategies.enums import Health
from strategies.models import Action, CityPeriod, health
from strategies.services.periods import save_narrative
from strategies.services.updates import UpdateInput, log_update
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    ReportingPeriodFactory,
)

from .accepted_city import (
    SECRET,
    accept,
    accepted_city,
    issue_city,
    issue_network,
    open_city,
    published_result,
    reopen_and_accept,
)

pytestmark = pytest.mark.django_db


def printed(report) -> str:
    return str(report.contents["document"])


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


def test_baseline_that_is_too_small_to_print_is_not_called_missing(city):
    city_data = open_city(city)
    rows = {"Guests": {"counts_people": True, "baseline": 2}, "New": {"baseline": None, "no_baseline_reason": "New."}}
    for name, fields in rows.items():
        IndicatorFactory(strategy=city_data.strategy, name=name, target=40, **fields)
    accept(city_data)

    assert "'Indicators without a baseline', 'New'" in printed(issue_city(city_data))


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
    assert "'not shared by the city', '6'" in printed(report)


def test_health_reason_is_that_of_the_frozen_status_when_the_rules_have_changed(city, monkeypatch):
    city_data = accepted_city(city)
    before = city_facts(city, city_data.period).facts["cities"][0]["actions"]
    monkeypatch.setattr(health, "health_of", lambda facts: Health.DONE)

    after = city_facts(city, city_data.period).facts["cities"][0]["actions"]

    assert all(action["reason"] for action in before)
    assert after == before


# ---- reports of the network


def test_network_report_lists_missing_cities_and_adds_up_no_currencies(city, other_city):
    city_data = accepted_city(city)
    CityPeriodFactory(city=other_city, period=city_data.period)

    report = issue_network(city_data)

    facts = report.contents["facts"]
    assert [row["name"] for row in facts["cities"]] == ["Linköping"]
    assert facts["missing"] == [{"name": "Lublin", "state": "open"}]
    assert "There is no network total" in printed(report)


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
    assert "1 indicator of a plan that is not published is not listed." in printed(network)
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


@pytest.mark.parametrize("language, names", [("en", ["Ängelholm", "Linköping"]), ("sv", ["Linköping", "Ängelholm"])])
def test_network_report_sorts_cities_by_the_alphabet_of_its_language(city, other_city, language, names):
    other_city.name = "Ängelholm"
    other_city.save()
    second = accepted_city(other_city)
    first = open_city(city)
    accept(first, coordinator=second.coordinator)

    report = issue_network(first, language=language)

    assert [row["name"] for row in report.contents["facts"]["cities"]] == names


# ---- published evaluations


@pytest.mark.slow
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


@pytest.mark.slow
def test_network_report_includes_agreement_of_raters(case):
    _result, city_data = evaluated(case)

    (agreed,) = issue_network(city_data).contents["facts"]["agreement"]

    impact = next(row for row in agreed["dimensions"] if row["code"] == "impact")
    assert agreed["round"] == case.round.name
    assert (impact["alpha"], impact["undefined"], impact["ratings"]) == (None, "too_few", 2)
    assert impact["strengths"] == {"none": 1}
