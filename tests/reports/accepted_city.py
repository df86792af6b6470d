"""A city with an accepted period, a published evaluation and reports, created through the services."""

from decimal import Decimal
from types import SimpleNamespace

from cities.enums import BodyKind, Role, Visibility
from core import clock
from evaluation.models import EvaluationResult
from reports.enums import ReportKind
from reports.services.reports import issue_report
from strategies.models import CityPeriod, PeriodRevision
from strategies.services import periods
from strategies.services.updates import UpdateInput, log_update
from tests.factories import (
    ActionFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    PilotPhaseFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    member,
)

SECRET = "Only our own city reads this sentence."


def open_city(city, *, actions=2, ahead=0) -> SimpleNamespace:
    """Return the data of an open period with actions, updates of two visibilities, indicators and money."""
    period = ReportingPeriodFactory(ahead=ahead)
    city_period = CityPeriod.objects.filter(city=city, period=period).first() or CityPeriodFactory(
        city=city, period=period
    )
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)
    strategy = city.strategies.current().first() or StrategyFactory(city=city, published=True)
    created_actions = [ActionFactory(city=city, published=True, owner=city.municipality) for _number in range(actions)]
    for number, action in enumerate(created_actions):
        BudgetLineFactory(action=action, amount=100_000 + number)
    log_update(
        created_actions[0], by=lead, data=_update("The first group has begun.", spent=Decimal(40_000), people_reached=3)
    )
    log_update(created_actions[-1], by=lead, data=_update(SECRET, spent=Decimal(2_500), visibility=Visibility.CITY))
    indicator = IndicatorFactory(strategy=strategy, baseline=10, target=200, name="Participants of courses")
    IndicatorValueFactory(indicator=indicator, city_period=city_period, value=120, author=lead)
    PilotPhaseFactory(city=city)
    return SimpleNamespace(
        city=city, period=period, lead=lead, strategy=strategy, actions=created_actions, pk=city_period.pk
    )


def _update(text, **fields) -> UpdateInput:
    return UpdateInput(date=clock.today(), text=text, stage="ongoing", language="en", **fields)


def accept(city_data, *, coordinator=None) -> PeriodRevision:
    """Submit and accept the period; works again after it was reopened."""
    city_data.coordinator = (
        coordinator or getattr(city_data, "coordinator", None) or member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
    )
    city_period = CityPeriod.objects.get(pk=city_data.pk)
    revision = periods.submit_period(city_period, by=city_data.lead)
    periods.accept_period(city_period, by=city_data.coordinator)
    return revision


def reopen_and_accept(city_data) -> PeriodRevision:
    city_period = CityPeriod.objects.get(pk=city_data.pk)
    periods.reopen_period(city_period, by=city_data.coordinator, reason="A figure was wrong.")
    return accept(city_data)


def accepted_city(city, **given) -> SimpleNamespace:
    city_data = open_city(city, **given)
    city_data.revision = accept(city_data)
    return city_data


def published_result(case) -> EvaluationResult:
    return EvaluationResult.objects.get(evaluation=case.to("published").evaluation)


def issue_city(city_data, **given):
    return issue_report(kind=ReportKind.CITY_PERIOD, city=city_data.city, period=city_data.period, **given)


def issue_network(city_data, **given):
    return issue_report(kind=ReportKind.NETWORK_PERIOD, period=city_data.period, **given)
