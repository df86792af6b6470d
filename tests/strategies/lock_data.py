"""Facts of a period, and SQL statements without the ORM, for tests of database locks."""

from decimal import Decimal
from types import SimpleNamespace

from django.db import connection

from strategies.services import periods, updates, values
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneDroppedFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
)

from .helpers import update_input


def make_facts(city, official, lead, ahead=0):
    """Return a city period with one fact of each kind."""
    city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))
    action = ActionFactory(city=city)
    milestone, other = MilestoneFactory(action=action), MilestoneFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    data = update_input(milestones=[milestone], links=["https://town.example/report"], city_period=city_period)
    data.files = [StoredFileFactory(uploaded_by=official)]
    update = updates.log_update(action, by=official, data=data)
    dropped = MilestoneDroppedFactory(update=update, milestone=other)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(3))
    narrative = periods.save_narrative(city_period, by=lead, text="A good quarter.", language="en")
    return SimpleNamespace(
        city_period=city_period,
        action=action,
        other=other,
        indicator=indicator,
        update=update,
        value=value,
        narrative=narrative,
        evidence=update.evidence.get(file=None),
        reached=update.reached.get(),
        dropped=dropped,
    )


def execute_sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount
