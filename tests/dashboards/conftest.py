"""Three cities in two quarters, created through the services at fixed times."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import transaction

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
    """The network of all tests of a module, in an outer transaction to which what a test writes falls back."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = create_network()
        with django_db_blocker.block():
            yield made
        transaction.set_rollback(True)


@pytest.fixture
def network(db, network_of_module):
    """Objects of its own for each test; the rows are shared."""
    with clock.at(NOW):
        yield copy.deepcopy(network_of_module)


def create_network():
    """Linköping: reported, reopened and reported again, now open. Lublin: submitted, now open. Riga: reports early."""
    coordinator = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
    with clock.at(THEN):
        past = ReportingPeriodFactory()
        world = SimpleNamespace(coordinator=coordinator, past=past, cities={})
        for slug, name, currency in (
            ("linkoping", "Linköping", "SEK"),
            ("lublin", "Lublin", "PLN"),
            ("riga", "Riga", "EUR"),
        ):
            world.cities[slug] = _city(slug, name, currency, past)
        _submit(world, "linkoping", past, accept=True)
        periods.reopen_period(world.cities["linkoping"].row(past), by=coordinator, reason="A figure was wrong.")
        _say(world.cities["linkoping"], 2, spent=Decimal("70.50"))
        _submit(world, "linkoping", past, accept=True)
        periods.publish_period(world.cities["linkoping"].row(past), by=world.cities["linkoping"].lead)
        _submit(world, "lublin", past)
    with clock.at(NOW):
        world.present = ReportingPeriodFactory()
        for city in world.cities.values():
            _open(city.city, world.present)
            _say(city, 1, spent=Decimal("900.25"), text=SECRET, visibility=Visibility.CITY)
            _say(city, 3, stage="completed")
        _submit(world, "riga", world.present, accept=True)
    return world


class Place(SimpleNamespace):
    def row(self, period) -> CityPeriod:
        return CityPeriod.objects.get(city=self.city, period=period)


def _city(slug, name, currency, period):
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
    place = Place(city=city, lead=lead, strategy=strategy, actions=actions, theme=theme)
    _say(place, 0)
    _say(place, 2, milestones=[reached], spent=Decimal("12.25"))
    _say(place, 6, progress=10)
    _say(place, 7, stage="cancelled")
    return place


def _open(city, period):
    """Open the period; submitting the earlier one may have created it already."""
    waiting = CityPeriod.objects.filter(city=city, period=period).first()
    return periods.open_period(waiting) if waiting else CityPeriodFactory(city=city, period=period)


def _say(place, n, *, text="Something happened.", stage="ongoing", **fields):
    data = UpdateInput(date=clock.today(), text=text, stage=stage, language="en", **fields)
    return log_update(place.actions[n], by=place.lead, data=data)


def _submit(world, slug, period, *, accept=False):
    place = world.cities[slug]
    periods.submit_period(place.row(period), by=place.lead)
    if accept:
        periods.accept_period(place.row(period), by=world.coordinator)
