"""The network of the benchmarks. Rows are created in bulk, without services: only their number matters here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from accounts.models import User
from cities.enums import BodyKind, OrganisationKind, Role
from cities.models import Body, City, Membership, Organisation, Person, Theme
from core import clock
from pilot.models import PilotPhase
from strategies.enums import BudgetStatus
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Milestone,
    Objective,
    PriorityArea,
    ReportingPeriod,
    Strategy,
)
from strategies.services import figures, periods

UPDATES = 4  # of each action
COUNTRIES = ["SE", "PL", "LV", "ES", "RO", "DE", "IT"]


@dataclass(frozen=True)
class Size:
    cities: int
    actions: int  # of each city

    def __str__(self) -> str:
        return f"{self.cities}x{self.actions}"

    @classmethod
    def of(cls, text: str) -> "Size":
        cities, actions = text.split("x")
        return cls(int(cities), int(actions))

    def doubled(self) -> "Size":
        return Size(self.cities * 2, self.actions)


class BenchmarkNetwork:
    """A network that ``grow`` adds cities to; pages of one city show the first."""

    def __init__(self):
        self.partner = _user("partner", _body(BodyKind.NETWORK_OFFICE), Role.PARTNER)
        self.coordinator = _user("coordinator", _body(BodyKind.NETWORK_OFFICE), Role.COORDINATOR)
        self.theme = Theme.objects.create(code="bench", name="Bench")
        self.period = _period()
        self.cities: list[City] = []
        self.official: User | None = None

    def grow(self, size: Size) -> None:
        while len(self.cities) < size.cities:
            self._add_city(len(self.cities), size.actions)

    def _add_city(self, n: int, actions: int) -> None:
        municipality = Organisation.objects.create(
            name=f"Municipality {n}", kind=OrganisationKind.MUNICIPALITY, country="SE"
        )
        city = City.objects.create(
            name=f"Town {n:03}",
            slug=f"town-{n}",
            municipality=municipality,
            country=COUNTRIES[n % len(COUNTRIES)],
            latitude=40 + n % 20,
            longitude=n % 25,
            currency="EUR",
            language="en",
            timezone="Europe/Brussels",
        )
        official = _user(f"official{n}", _body(BodyKind.CITY_OFFICE, city), Role.LEAD_OFFICIAL, municipality)
        self.official = self.official or official
        self.cities.append(city)
        self._add_plan(city, official, actions)

    def _add_plan(self, city: City, official: User, count: int) -> None:
        today = clock.today()
        strategy = Strategy.objects.create(
            city=city,
            title=f"Strategy of {city}",
            year_from=today.year,
            year_to=today.year + 3,
            language="en",
            status="adopted",
            adopted_on=today,
            published_at=clock.now(),
        )
        area = PriorityArea.objects.create(strategy=strategy, theme=self.theme, code="1", title="Area")
        objective = Objective.objects.create(area=area, code="1.1", title="Objective")
        PilotPhase.objects.create(
            city=city, kind="coordination", planned_start=today, planned_end=today + timedelta(days=90)
        )
        actions = Action.objects.bulk_create(
            Action(
                objective=objective,
                code=f"1.1.{n}",
                title=f"Action {n}",
                responsible=official.person,
                starts_on=today - timedelta(days=100),
                ends_on=today + timedelta(days=n % 400 - 30),
                budget_status=BudgetStatus.LINES,
                published_at=clock.now(),
            )
            for n in range(count)
        )
        self._add_facts(city, official, actions)

    def _add_facts(self, city: City, official: User, actions: Sequence[Action]) -> None:
        city_period = CityPeriod.objects.create(city=city, period=self.period)
        periods.open_period(city_period)
        today = clock.today()
        BudgetLine.objects.bulk_create(
            BudgetLine(action=action, amount=10_000, source="Own budget", year=today.year) for action in actions
        )
        Milestone.objects.bulk_create(
            Milestone(action=action, title=f"Step {n}", due_on=today + timedelta(days=30 * n))
            for action in actions
            for n in range(1, 4)
        )
        ActionUpdate.objects.bulk_create(
            ActionUpdate(
                action=action,
                city_period=city_period,
                date=today - timedelta(days=7 * n),
                author=official,
                text="Something happened.",
                language="en",
                stage="ongoing",
                spent=100,
                created_at=clock.now() - timedelta(days=7 * n, hours=1),  # the form asks about what was saved just now
            )
            for action in actions
            for n in range(UPDATES)
        )
        with transaction.atomic():
            figures.refresh_figures(action.pk for action in actions)


def _period() -> ReportingPeriod:
    today = clock.today()
    start = today.replace(day=1)
    end = start + timedelta(days=89)
    return ReportingPeriod.objects.create(
        name="Bench", starts_on=start, ends_on=end, opens_on=start, due_on=end + timedelta(days=15)
    )


def _body(kind: str, city: City | None = None) -> Body:
    return Body.objects.get_or_create(kind=kind, city=city, defaults={"name": f"{kind} {city or ''}"})[0]


def _user(name: str, body: Body, role: str, municipality: Organisation | None = None) -> User:
    user = User.objects.create_user(f"{name}@bench.example")
    person = Person.objects.create(name=name.title(), email=user.email, organisation=municipality, user=user)
    Membership.objects.create(person=person, body=body, role=role, valid_from=clock.today())
    return user
