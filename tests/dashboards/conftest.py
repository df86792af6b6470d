"""Fixtures: three cities with two reporting periods, created through the services with a fixed clock."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from cities.enums import BodyKind, Role, Visibility
from core import clock
from strategies.models import CityPeriod
from strategies.services import periods
from strategies.services.updates import UpdateInput, log_update
from tests.factories import (
    ActionFactory,
    BudgetLineFactory,
    CityFactory,
    CityPeriodFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PersonFactory,
    PilotPhaseFactory,
    PriorityAreaFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    ThemeFactory,
    member,
)
from tests.shared_rows import shared_rows

THEN = datetime(2026, 2, 16, 12, tzinfo=UTC)
NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)
SECRET = "Nobody outside the city reads this sentence."


@pytest.fixture
def now():
    with clock.at(NOW):
        yield NOW


@pytest.fixture
def partner(db):
    return member(BodyKind.NETWORK_OFFICE, Role.PARTNER)


@pytest.fixture(scope="module")
def network_of_module(django_db_setup, django_db_blocker):
    """Create the network once for a module."""
    with shared_rows(django_db_blocker, create_network) as network:
        yield network


@pytest.fixture
def network(db, network_of_module):
    """Return a copy of the objects for each test; the rows are shared."""
    with clock.at(NOW):
        yield copy.deepcopy(network_of_module)


def create_network():
    """Create three cities.

    Linköping: accepted, reopened, published; present period open. Lublin: submitted; present period open.
    Riga: past period open; present period accepted.
    """
    coordinator = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
    with clock.at(THEN):
        past = ReportingPeriodFactory()
        network = SimpleNamespace(coordinator=coordinator, past=past, cities={})
        for slug, name, currency in (
            ("linkoping", "Linköping", "SEK"),
            ("lublin", "Lublin", "PLN"),
            ("riga", "Riga", "EUR"),
        ):
            network.cities[slug] = _create_city(slug, name, currency, past)
        _submit_period(network, "linkoping", past, accept=True)
        periods.reopen_period(
            network.cities["linkoping"].city_period(past), by=coordinator, reason="A figure was wrong."
        )
        _log_update(network.cities["linkoping"], 2, spent=Decimal("70.50"))
        _submit_period(network, "linkoping", past, accept=True)
        periods.publish_period(network.cities["linkoping"].city_period(past), by=network.cities["linkoping"].lead)
        _submit_period(network, "lublin", past)
    with clock.at(NOW):
        network.present = ReportingPeriodFactory()
        for city in network.cities.values():
            _open_period(city.city, network.present)
            _log_update(city, 1, spent=Decimal("900.25"), text=SECRET, visibility=Visibility.CITY)
            _log_update(city, 3, stage="completed")
        _submit_period(network, "riga", network.present, accept=True)
    return network


class CityData(SimpleNamespace):
    """A city with its lead, strategy, actions and theme."""

    def city_period(self, period) -> CityPeriod:
        """Return the row of the city in the given period."""
        return CityPeriod.objects.get(city=self.city, period=period)


def _create_city(slug, name, currency, period):
    country = {"linkoping": "SE", "lublin": "PL", "riga": "LV"}[slug]
    city = CityFactory(slug=slug, name=name, currency=currency, country=country)
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)
    strategy = StrategyFactory(city=city, published=True)
    theme = ThemeFactory(code=f"theme-of-{slug}")
    objectives = [
        ObjectiveFactory(area=PriorityAreaFactory(strategy=strategy, theme=theme)),
        ObjectiveFactory(area=PriorityAreaFactory(strategy=strategy)),
    ]
    owner = PersonFactory()
    today = clock.today()
    actions = [
        ActionFactory(
            objective=objectives[n % 2],
            code=f"1.{n}",
            title=f"{name}: action {n}",
            responsible=owner if n != 4 else None,
            starts_on=today + timedelta(days=200 if n == 5 else -40),
            ends_on=today + timedelta(days=400 if n != 6 else -5),
            published_at=clock.now() if n != 1 else None,
        )
        for n in range(8)
    ]
    for n, action in enumerate(actions):
        BudgetLineFactory(action=action, amount=1000 + n)
    MilestoneFactory(action=actions[0], due_on=today - timedelta(days=3))
    reached = MilestoneFactory(action=actions[2], due_on=today + timedelta(days=30), weight=2)
    MilestoneFactory(action=actions[2], due_on=today + timedelta(days=300))
    PilotPhaseFactory(city=city)
    CityPeriodFactory(city=city, period=period)
    city_data = CityData(city=city, lead=lead, strategy=strategy, actions=actions, theme=theme)
    _log_update(city_data, 0)
    _log_update(city_data, 2, milestones=[reached], spent=Decimal("12.25"))
    _log_update(city_data, 6, progress=10)
    _log_update(city_data, 7, stage="cancelled")
    return city_data


def _open_period(city, period):
    """Open the row of the city; submitting the previous period may have created it."""
    existing = CityPeriod.objects.filter(city=city, period=period).first()
    return periods.open_period(existing) if existing else CityPeriodFactory(city=city, period=period)


def _log_update(city_data, n, *, text="Something happened.", stage="ongoing", **fields):
    data = UpdateInput(date=clock.today(), text=text, stage=stage, language="en", **fields)
    return log_update(city_data.actions[n], by=city_data.lead, data=data)


def _submit_period(network, slug, period, *, accept=False):
    city_data = network.cities[slug]
    periods.submit_period(city_data.city_period(period), by=city_data.lead)
    if accept:
        periods.accept_period(city_data.city_period(period), by=network.coordinator)
