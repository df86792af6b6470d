"""Periods: made, moved, frozen."""

import json
from datetime import timedelta

import pytest

from cities.rules import person_of
from epi_site.shared import clock
from strategies.enums import PeriodState
from strategies.models import CityPeriod, PeriodMove
from strategies.services import periods, updates
from tests.factories import ActionFactory, CityPeriodFactory, MilestoneFactory

pytestmark = pytest.mark.django_db


def told(text="We met.", **more):
    return updates.UpdateInput(date=clock.today(), text=text, status="ongoing", **more)


def test_thread_from_log_to_publication(everyone, city):
    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    milestone = MilestoneFactory(action=action)
    update = updates.log_update(action, by=everyone["official"], data=told(milestones=[milestone]))

    first = periods.submit_period(city_period, by=everyone["lead"])

    assert update.city_period == city_period
    entry = first.contents["actions"][0]
    assert (entry["progress"], entry["updates"][0]["text"]) == (100, "We met.")
    periods.return_period(city_period, by=everyone["coordinator"], comments="More, please.")
    second = periods.submit_period(city_period, by=everyone["lead"])
    periods.accept_period(city_period, by=everyone["coordinator"])
    periods.publish_period(city_period, by=everyone["lead"])
    assert (first.number, second.number) == (1, 2)
    assert CityPeriod.objects.get().state == PeriodState.PUBLISHED
