from datetime import UTC, date, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from core import clock
from pilot.models import PilotPhase
from strategies.enums import TRANSITIONS, ImplementationStage, PeriodState, StrategyStatus
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Indicator,
    IndicatorValue,
    Milestone,
    MilestoneDropped,
    MilestoneReached,
    Objective,
    PeriodTransition,
    PriorityArea,
    ReportingPeriod,
    Strategy,
)

from .figures import refreshed
from .people import CityFactory, UserFactory


class StrategyFactory(DjangoModelFactory):
    class Meta:
        model = Strategy

    city = factory.SubFactory(CityFactory)
    title = factory.Sequence(lambda n: f"Strategy {n}")
    year_from = 2026
    year_to = 2030
    language = "sv"

    class Params:
        adopted = factory.Trait(status=StrategyStatus.ADOPTED, adopted_on=date(2026, 1, 15))
        published = factory.Trait(
            status=StrategyStatus.ADOPTED,
            adopted_on=date(2026, 1, 15),
            published_at=datetime(2026, 1, 20, 12, tzinfo=UTC),
        )


class PriorityAreaFactory(DjangoModelFactory):
    class Meta:
        model = PriorityArea

    strategy = factory.SubFactory(StrategyFactory)
    code = factory.Sequence(lambda n: f"A{n}")
    title = factory.Sequence(lambda n: f"Area {n}")


class ObjectiveFactory(DjangoModelFactory):
    class Meta:
        model = Objective

    area = factory.SubFactory(PriorityAreaFactory)
    code = factory.Sequence(lambda n: f"O{n}")
    title = factory.Sequence(lambda n: f"Objective {n}")


@refreshed(lambda action: [action.pk])
class ActionFactory(DjangoModelFactory):
    """Create an action; ``city=`` adds it to the current strategy of that city, which is created if needed."""

    class Meta:
        model = Action
        exclude = ("city", "published")

    city = None
    published = False
    objective = factory.LazyAttribute(lambda action: _objective_of(action.city))
    code = factory.Sequence(lambda n: f"A{n}")
    title = factory.Sequence(lambda n: f"Action {n}")
    starts_on = factory.LazyFunction(lambda: clock.today() - timedelta(days=30))
    ends_on = factory.LazyFunction(lambda: clock.today() + timedelta(days=300))
    published_at = factory.LazyAttribute(lambda action: clock.now() if action.published else None)


def _objective_of(city):
    if city is None:
        return ObjectiveFactory()
    strategy = Strategy.objects.current().filter(city=city).first() or StrategyFactory(city=city, published=True)
    found = Objective.objects.filter(area__strategy=strategy).first()
    return found or ObjectiveFactory(area__strategy=strategy)


@refreshed(lambda milestone: [milestone.action_id])
class MilestoneFactory(DjangoModelFactory):
    class Meta:
        model = Milestone

    action = factory.SubFactory(ActionFactory)
    title = factory.Sequence(lambda n: f"Milestone {n}")
    due_on = factory.LazyFunction(lambda: clock.today() + timedelta(days=60))


@refreshed(lambda line: [line.action_id])
class BudgetLineFactory(DjangoModelFactory):
    class Meta:
        model = BudgetLine

    action = factory.SubFactory(ActionFactory)
    amount = "100000"
    source = "Municipal budget"
    year = 2026


class IndicatorFactory(DjangoModelFactory):
    class Meta:
        model = Indicator

    strategy = factory.SubFactory(StrategyFactory)
    name = factory.Sequence(lambda n: f"Indicator {n}")
    unit = "people"
    no_baseline_reason = "Counted from now on."


class ReportingPeriodFactory(DjangoModelFactory):
    """Create the current quarter, or with ``ahead=n`` the quarter ``n`` quarters later."""

    class Meta:
        model = ReportingPeriod
        exclude = ("ahead",)
        django_get_or_create = ("starts_on",)

    ahead = 0
    starts_on = factory.LazyAttribute(lambda period: _quarter(period.ahead))
    ends_on = factory.LazyAttribute(lambda period: _quarter_after(period.starts_on) - timedelta(days=1))
    name = factory.LazyAttribute(lambda period: f"Q{(period.starts_on.month + 2) // 3} {period.starts_on.year}")
    opens_on = factory.SelfAttribute("starts_on")
    due_on = factory.LazyAttribute(lambda period: period.ends_on + timedelta(days=15))


def _quarter(ahead: int) -> date:
    today = clock.today()
    quarters = today.year * 4 + (today.month - 1) // 3 + ahead
    return date(quarters // 4, quarters % 4 * 3 + 1, 1)


def _quarter_after(start: date) -> date:
    return date(start.year + (start.month + 3 > 12), (start.month + 2) % 12 + 1, 1)


class CityPeriodFactory(DjangoModelFactory):
    """Create a city period; ``to_state=`` adds the transitions to that state, without the revisions of the services."""

    class Meta:
        model = CityPeriod
        skip_postgeneration_save = True

    city = factory.SubFactory(CityFactory)
    period = factory.SubFactory(ReportingPeriodFactory)

    @factory.post_generation
    def to_state(self, create, extracted, **kwargs):
        if create:
            move_to(self, extracted or PeriodState.OPEN)


PATH = {
    PeriodState.SCHEDULED: [],
    PeriodState.OPEN: ["open"],
    PeriodState.SUBMITTED: ["open", "submit"],
    PeriodState.RETURNED: ["open", "submit", "return"],
    PeriodState.ACCEPTED: ["open", "submit", "accept"],
    PeriodState.PUBLISHED: ["open", "submit", "accept", "publish"],
}


def move_to(city_period: CityPeriod, state: str) -> CityPeriod:
    """Move to ``state`` step by step: the triggers require a transition for each state."""
    for verb in PATH[PeriodState(state)][len(PATH[PeriodState(city_period.state)]) :]:
        fields = {"from_state": city_period.state, "to_state": TRANSITIONS[verb][1], "text": "Because of the test."}
        number = city_period.transition_count + 1
        PeriodTransition.objects.create(
            city_period=city_period, number=number, verb=verb, revision=city_period.revision, **fields
        )
        city_period.state, city_period.transition_count = fields["to_state"], number
        city_period.revision += verb == "return"
        city_period.save(update_fields=["state", "transition_count", "revision"])
    return city_period


@refreshed(lambda update: [update.action_id])
class ActionUpdateFactory(DjangoModelFactory):
    class Meta:
        model = ActionUpdate

    action = factory.SubFactory(ActionFactory)
    city_period = factory.LazyAttribute(lambda update: _open_period(update.action.city))
    date = factory.LazyFunction(clock.today)
    author = factory.SubFactory(UserFactory)
    text = factory.Sequence(lambda n: f"Something happened, {n}.")
    language = "sv"
    stage = ImplementationStage.ONGOING


def _open_period(city) -> CityPeriod:
    found = CityPeriod.objects.filter(city=city, state=PeriodState.OPEN).first()
    return found or CityPeriodFactory(city=city)


@refreshed(lambda reached: [reached.update.action_id])
class MilestoneReachedFactory(DjangoModelFactory):
    class Meta:
        model = MilestoneReached

    update = factory.SubFactory(ActionUpdateFactory)
    milestone = factory.LazyAttribute(lambda row: MilestoneFactory(action=row.update.action))


@refreshed(lambda dropped: [dropped.update.action_id])
class MilestoneDroppedFactory(DjangoModelFactory):
    class Meta:
        model = MilestoneDropped

    update = factory.SubFactory(ActionUpdateFactory)
    milestone = factory.LazyAttribute(lambda row: MilestoneFactory(action=row.update.action))


class IndicatorValueFactory(DjangoModelFactory):
    class Meta:
        model = IndicatorValue

    indicator = factory.SubFactory(IndicatorFactory)
    city_period = factory.LazyAttribute(lambda value: _open_period(value.indicator.strategy.city))
    value = "12"
    author = factory.SubFactory(UserFactory)


class PilotPhaseFactory(DjangoModelFactory):
    class Meta:
        model = PilotPhase

    city = factory.SubFactory(CityFactory)
    kind = "coordination"
    planned_start = date(2026, 1, 1)
    planned_end = date(2026, 12, 31)
