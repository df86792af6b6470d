"""How values are combined over time, how far an indicator is on the way to its target, and how shares are rounded."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import locales
from core.exceptions import InputRefused
from reports.selectors.city import facts_of_city
from strategies import targets
from strategies.models import Action, Indicator
from strategies.selectors.values import Figure, baseline_and_target, target_progress, values_of
from strategies.services import periods, plans, values
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    MilestoneReachedFactory,
    ReportingPeriodFactory,
)


def decimals(*numbers):
    return [Decimal(number) for number in numbers]


@pytest.mark.parametrize("how, figure", [("sum", "450"), ("latest", "200"), ("mean", "225"), ("max", "250")])
def test_values_are_combined_over_time(how, figure):
    assert targets.combine(how, decimals(250, 200)) == Decimal(figure)
    assert targets.combine(how, []) is None


@pytest.mark.parametrize(
    "direction, baseline, target, figure, share, reached",
    [
        ("up", "0", "400", "450", "112.5", True),
        ("up", "0", "400", "200", "50", False),
        ("down", "40", "20", "25", "75", False),
        ("down", "40", "20", "19", "105", True),
        ("down", "20", "30", "25", None, True),  # stored before it was refused
        ("up", "20", "20", "20", None, True),
        ("up", None, "20", "19", None, False),
        ("up", "10", None, "19", None, None),
    ],
)
def test_share_and_target_reached_agree(direction, baseline, target, figure, share, reached):
    baseline, target, figure = (number and Decimal(number) for number in (baseline, target, figure))

    found = targets.share_reached(direction, baseline, target, figure)

    assert found == (share and Decimal(share))
    assert targets.is_reached(direction, target, figure) is reached


# ---- on the page of the indicator, and in a report


@pytest.fixture
def summed(city):
    """Return an indicator with 250 in an earlier period and 200 in the current one, of 400."""
    now = CityPeriodFactory(city=city)
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    action = ActionFactory(city=city)
    indicator = IndicatorFactory(
        strategy=action.strategy, action=action, across_periods="sum", unit="visits", baseline=0, target=400
    )
    return indicator, before, now


def enter(summed, by, *, visibility="network"):
    indicator, before, now = summed
    values.set_value(indicator, before, by=by, value=Decimal(250), visibility=visibility)
    values.set_value(indicator, now, by=by, value=Decimal(200))


def progress_for(indicator, user):
    return target_progress(indicator, *baseline_and_target(indicator, user), values_of(indicator, user))


@pytest.mark.django_db
def test_sum_of_all_periods_counts_for_the_target(client, summed, everyone):
    enter(summed, everyone["official"])
    client.force_login(everyone["official"])

    progress = progress_for(summed[0], everyone["official"])
    page = client.get(summed[0].get_absolute_url()).content.decode()

    assert (progress.figure, progress.is_reached) == (450, True)
    assert "The target has been reached." in page
    assert "(sum): 450" in page


@pytest.mark.django_db
def test_sum_with_a_value_that_is_not_shared_is_not_shown_outside_the_city(summed, everyone):
    enter(summed, everyone["official"], visibility="city")
    for city_period in summed[1:]:
        periods.submit_period(city_period, by=everyone["lead"])

    assert progress_for(summed[0], everyone["viewer"]).figure == 450
    assert progress_for(summed[0], everyone["partner"]) is None


@pytest.mark.django_db
def test_report_counts_the_sum_of_the_periods_so_far(summed, everyone):
    enter(summed, everyone["official"])
    facts = []
    for city_period in summed[1:]:
        revision = periods.submit_period(city_period, by=everyone["lead"])
        periods.accept_period(city_period, by=everyone["coordinator"])
        facts += facts_of_city(revision, None)["indicators"]

    assert [row["combined"] for row in facts] == ["250", "450"]
    assert {row["across_periods"] for row in facts} == {"sum"}


@pytest.mark.django_db
def test_report_hides_a_sum_that_would_reveal_a_small_number_of_people(summed, everyone):
    indicator, before, now = summed
    Indicator.objects.update(counts_people=True)
    indicator.refresh_from_db()
    for city_period, value in ((before, 3), (now, 200)):
        values.set_value(indicator, city_period, by=everyone["official"], value=Decimal(value))
        revision = periods.submit_period(city_period, by=everyone["lead"])
    periods.accept_period(now, by=everyone["coordinator"])

    (row,) = facts_of_city(revision, None)["indicators"]

    assert (row["value"], row["combined"]) == ("200", None)


# ---- a target on the wrong side of the baseline


@pytest.mark.django_db
@pytest.mark.parametrize("direction, baseline, target", [("down", 20, 30), ("up", 30, 20)])
def test_target_that_contradicts_the_direction_is_refused(city, everyone, direction, baseline, target):
    indicator = IndicatorFactory(strategy=ActionFactory(city=city).strategy)
    fields = {"direction": direction, "baseline": Decimal(baseline), "target": Decimal(target)}

    with pytest.raises(InputRefused) as refused:
        plans.save_part(indicator, by=everyone["official"], fields=fields)

    assert set(refused.value.errors) == {"target"}
    indicator.refresh_from_db()
    assert indicator.target is None
    plans.save_part(indicator, by=everyone["official"], fields=fields | {"target": Decimal(baseline)})


def test_no_progress_is_shown_without_a_target():
    assert target_progress(Indicator(), Figure(Decimal(1)), Figure(None), []) is None


# ---- rounding


@pytest.mark.parametrize(
    "share, words",
    [
        ("99.6", "99%"),
        ("99.99", "99%"),
        ("100", "100%"),
        ("100.4", "100%"),
        ("0.4", "1%"),
        ("0", "0%"),
        ("-0.4", "-1%"),
        ("66.5", "67%"),
        ("12.5", "13%"),
        ("112.5", "113%"),
    ],
)
def test_share_is_100_only_when_reached_and_0_only_when_nothing(share, words):
    assert locales.percent(Decimal(share)) == words


def test_share_with_decimals_is_rounded_alike():
    assert [locales.percent(Decimal(share), 1) for share in ("99.96", "0.04")] == ["99.9%", "0.1%"]


@pytest.mark.django_db
@pytest.mark.parametrize("weights, reached, progress", [((299, 1), 1, 99), ((1, 299), 1, 1), ((1, 1), 2, 100)])
def test_progress_from_milestones_is_rounded_alike(city, weights, reached, progress):
    action = ActionFactory(city=city)
    update = ActionUpdateFactory(action=action)
    milestones = [MilestoneFactory(action=action, weight=weight) for weight in weights]
    for milestone in milestones[:reached]:
        MilestoneReachedFactory(update=update, milestone=milestone)

    assert Action.objects.with_progress().get().progress == progress


@pytest.mark.django_db
@pytest.mark.parametrize("elapsed, expected", [(0, 0), (1, 1), (999, 99), (1000, 100)])
def test_expected_progress_is_rounded_alike(city, elapsed, expected):
    start = date(2026, 1, 1)
    ActionFactory(city=city, starts_on=start, ends_on=start + timedelta(days=1000))

    assert Action.objects.with_progress(start + timedelta(days=elapsed)).get().expected == expected
