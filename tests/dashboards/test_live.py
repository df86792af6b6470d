"""Compare the statements over live actions, written by hand, with the querysets that compute the same."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from core import clock
from dashboards.selectors.live import CITY, PRESENT, AsOf, LiveActions
from dashboards.selectors.scope import _city_periods, scope_for
from strategies.enums import WORST_FIRST, Health, PeriodVerb
from strategies.models import Action, ActionUpdate, CityPeriod, PeriodRevision, PeriodTransition
from strategies.models.health import health_inputs, health_of, health_reason
from strategies.services.figures import refresh_figures
from strategies.services.periods import ensure_city_periods
from tests.factories import ActionFactory, MilestoneFactory, PersonFactory, ReportingPeriodFactory


@pytest.fixture
def varied(network):
    """Add actions of other statuses, a withdrawn update, and a city that has another date at this moment."""
    city = network.cities["lublin"].city
    type(city).objects.filter(pk=city.pk).update(timezone="Pacific/Auckland")
    objective = network.cities["lublin"].actions[0].objective
    today = clock.today()
    for starts, ends, has_responsible in ((-10, 0, True), (-10, -1, True), (1, 40, True), (-300, 30, False)):
        days = {"starts_on": today + timedelta(days=starts), "ends_on": today + timedelta(days=ends)}
        action = ActionFactory(objective=objective, responsible=PersonFactory() if has_responsible else None, **days)
        MilestoneFactory(action=action, due_on=today)
    newest = ActionUpdate.objects.filter(city_period=network.cities["lublin"].city_period(network.present)).latest("pk")
    ActionUpdate.objects.filter(pk=newest.pk).update(withdrawn_at=clock.now(), withdrawn_reason="By mistake.")
    refresh_figures(Action.objects.values_list("pk", flat=True))
    return network


def moments(network):
    today = clock.today()
    return [PRESENT, AsOf(today), AsOf(network.past.ends_on, network.past), AsOf(today, network.present)]


def with_health(rows, as_of):
    """Return the actions with their status and money, of earlier periods by the full computation."""
    today, upto = as_of
    rows = rows.with_money(upto).select_related("objective__area__strategy")
    if upto is None:
        return list(rows.with_health(today))
    found = list(rows.with_health_inputs(today, upto))
    for row in found:
        row.health = health_of(health_inputs(row))
    return found


@pytest.mark.parametrize("n", range(4))
def test_sums_equal_those_over_the_queryset(varied, n):
    as_of = moments(varied)[n]
    rows = Action.objects.active()
    expected = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0), 0])
    for row in with_health(rows, as_of):
        updates = ActionUpdate.objects.active().filter(action=row, city_period__period=varied.present)
        figures = [1, row.progress, row.spent_total, row.budget_total, updates.count()]
        key = (row.owning_city_id, row.health)
        expected[key] = [a + b for a, b in zip(expected[key], figures, strict=True)]

    found = LiveActions(rows, as_of).sums(varied.present.pk)

    assert {(row.city, row.health): list(row[2:]) for row in found} == dict(expected)
    assert len({row.health for row in found}) > 3
    assert [row[:6] for row in LiveActions(rows, as_of).sums()] == [row[:6] for row in found]


@pytest.mark.parametrize("n", range(4))
def test_first_actions_equal_those_of_the_queryset(varied, n):
    as_of = moments(varied)[n]
    cities = [city_data.city.pk for city_data in varied.cities.values()]
    rows = with_health(Action.objects.active().order_by(CITY, "code_sort", "pk"), as_of)
    wanted = [health for health in WORST_FIRST if health != Health.ON_TRACK]
    expected = [row for row in rows if row.health in wanted]
    expected.sort(key=lambda row: (wanted.index(row.health), row.owning_city_id))

    found = LiveActions(Action.objects.active(), as_of).first(wanted, 1000, cities)

    assert [row.id for row in found] == [row.pk for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.title, one.code, one.health) == (other.title, other.code, other.health)
        assert (one.spent, one.budget) == (other.spent_total, other.budget_total)
        assert one.inputs == health_inputs(other)
        assert one.reason == health_reason(other)
    assert LiveActions(Action.objects.active(), as_of).first(wanted, 2, cities) == found[:2]
    assert {row.city for row in LiveActions(Action.objects.active()).first(wanted, 1000, cities[:1])} == {cities[0]}


def test_actions_none_have_no_sums(db):
    assert LiveActions(Action.objects.none()).sums(1) == []
    assert LiveActions(Action.objects.all()).first([], 5, [1]) == []
    assert LiveActions(Action.objects.all()).first([Health.LATE], 5, []) == []


def test_today_is_passed_unless_cities_have_several_dates(network, partner):
    one = scope_for(partner)
    city = network.cities["lublin"].city
    type(city).objects.filter(pk=city.pk).update(timezone="Pacific/Kiritimati")  # a day ahead

    two = scope_for(partner)

    assert one.as_of == AsOf(clock.today("Europe/Brussels"))
    assert two.as_of == PRESENT


def newest(city_period, verb=""):
    """Return id and number of the newest revision to which ``verb`` was applied."""
    moved = PeriodTransition.objects.filter(city_period=city_period, verb=verb).values_list("revision", flat=True)
    rows = PeriodRevision.objects.filter(city_period=city_period)
    found = [row for row in rows if not verb or row.number in set(moved)]
    row = max(found, key=lambda one: one.number, default=None)
    return (row.pk, row.number) if row else (None, None)


@pytest.mark.parametrize("period_name", ["past", "present"])
def test_records_equal_the_newest_revisions(network, partner, period_name):
    period = getattr(network, period_name)
    expected = {}
    for row in CityPeriod.objects.filter(period=period):
        found = [newest(row, verb) for verb in (PeriodVerb.ACCEPT, PeriodVerb.PUBLISH, "")]
        expected[row.city_id] = (row.pk, row.city_id, row.state, *(value for pair in found for value in pair))

    view = scope_for(partner, starts_on=period.starts_on.isoformat())
    own = scope_for(partner, starts_on=period.starts_on.isoformat(), city=network.cities["riga"].city)

    assert {row.city: tuple(row) for row in _city_periods(view)} == expected
    assert [tuple(row) for row in _city_periods(own)] == [expected[network.cities["riga"].city.pk]]


def test_updates_of_other_periods_are_not_counted(network, partner):
    with clock.at(clock.now() + timedelta(days=200)):
        later = ReportingPeriodFactory()
        ensure_city_periods()

        sums = LiveActions(Action.objects.active()).sums(later.pk)

    assert sum(row.updates for row in sums) == 0
    assert sum(row.actions for row in sums) == Action.objects.active().count()
