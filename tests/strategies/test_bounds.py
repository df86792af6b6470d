"""Dates and numbers that cannot be right are refused; those that may be are asked about."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from cities.exceptions import EventRefused
from cities.services import events
from core.bounds import COUNTRIES, country_error, currency_error, year_error
from core.exceptions import ConfirmationNeeded, InputRefused
from strategies.models import BudgetLine, Indicator, IndicatorValue, Milestone
from strategies.services import periods, plans, updates, values
from tests.factories import (
    CityFactory,
    EventFactory,
    IndicatorFactory,
    MilestoneFactory,
    OrganisationFactory,
    ReportingPeriodFactory,
    SessionFactory,
)

from .helpers import days, update_input
from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db
ASKS = "Is it correct?"


# ---- milestones and the dates of their action


@pytest.mark.parametrize("offset", [-1, 1])
def test_milestone_outside_its_action_is_asked_about(action, official, offset):
    day = action.starts_on - days(1) if offset < 0 else action.ends_on + days(1)
    milestone = Milestone(action=action)
    fields = {"title": "Late", "due_on": day}

    with pytest.raises(ConfirmationNeeded) as asked:
        plans.save_part(milestone, by=official, fields=fields)
    assert set(asked.value.errors) == {"due_on"}

    stored = plans.save_part(milestone, by=official, fields=fields, confirmed=True)
    plans.save_part(stored, by=official, fields={"title": "Later"})  # the date is not asked about again
    assert Milestone.objects.get().title == "Later"


def test_milestone_within_its_action_is_not_asked_about(action, official):
    for day in (action.starts_on, action.ends_on):
        plans.save_part(Milestone(action=action), by=official, fields={"title": "Fits", "due_on": day})

    assert Milestone.objects.count() == 2


@pytest.mark.parametrize("name, shift", [("starts_on", 1), ("ends_on", -1)])
def test_dates_of_an_action_that_leave_out_a_milestone_are_asked_about(action, official, name, shift):
    MilestoneFactory(action=action, title="Opening", due_on=getattr(action, name))
    fields = {name: getattr(action, name) + shift * days(1)}

    with pytest.raises(ConfirmationNeeded, match="Opening") as asked:
        plans.save_part(action, by=official, fields=fields)
    assert set(asked.value.errors) == {name}

    plans.save_part(action, by=official, fields=fields, confirmed=True)
    plans.save_part(action, by=official, fields={"title": "Other"})


def test_form_asks_with_a_checkbox_and_loses_nothing(client, action, official):
    url = reverse("strategies:milestone_add", args=[action.pk])
    day = (action.ends_on + days(9)).isoformat()
    sent = {"title": "Review of the pilot", "due_on": day, "weight": "2", "version": "1"}

    page = client.post(url, sent)
    html = page.content.decode()
    assert not Milestone.objects.exists()
    assert "Choose a due date within that time" in html
    assert 'type="checkbox" name="confirm"' in html
    assert "Review of the pilot" in html

    client.post(url, sent | {"confirm": "on"})
    assert Milestone.objects.get().due_on.isoformat() == day


# ---- values


@pytest.fixture
def share(action):
    return IndicatorFactory(strategy=action.strategy, action=action, name="Share", unit="%", baseline=10, target=60)


@pytest.fixture
def visitors(action):
    return IndicatorFactory(strategy=action.strategy, action=action, name="Visitors", unit="visitors")


@pytest.mark.parametrize("name, value", [("share", 176), ("share", -1), ("visitors", -3)])
def test_value_that_may_be_wrong_is_asked_about(request, period, official, name, value):
    indicator = request.getfixturevalue(name)

    with pytest.raises(ConfirmationNeeded):
        values.set_value(indicator, period, by=official, value=Decimal(value))

    row = values.set_value(indicator, period, by=official, value=Decimal(value), confirmed=True)
    values.set_value(indicator, period, by=official, value=Decimal(value), note="Checked.", version=row.version)
    assert IndicatorValue.objects.get().note == "Checked."


@pytest.mark.parametrize("value", [0, 60, 100])
def test_plain_values_are_not_asked_about(share, period, official, value):
    values.set_value(share, period, by=official, value=Decimal(value))


def test_negative_value_is_usual_where_the_plan_is_negative(period, official, action):
    balance = IndicatorFactory(strategy=action.strategy, unit="balance", baseline=-50, target=10)

    assert values.set_value(balance, period, by=official, value=Decimal(-20)).value == -20


def test_negative_number_of_people_is_refused_everywhere(client, city, action, period, official):
    people = IndicatorFactory(strategy=action.strategy, action=action, counts_people=True)

    for confirmed in (False, True):
        with pytest.raises(InputRefused, match="0 or a higher whole number"):
            values.set_value(people, period, by=official, value=Decimal(-3), confirmed=confirmed)
    with pytest.raises(InputRefused, match="0 or a higher"):
        updates.log_update(action, by=official, data=update_input(people_reached=-3))
    with pytest.raises(InputRefused, match="0 or a higher"):
        plans.save_part(people, by=official, fields={"target": Decimal(-3)}, confirmed=True)
    with pytest.raises(EventRefused):
        events.record_attendance(EventFactory(city=city), by=official, guests=[("Visitors", -3)])
    assert not IndicatorValue.objects.exists()


def test_page_of_values_asks_with_a_checkbox(client, official, period, share):
    url = reverse("strategies:values_edit", args=[period.pk])
    name, box = f"value_{share.pk}", f"confirm_{share.pk}"

    page = client.post(url, {name: "176"})
    html = page.content.decode()
    assert ASKS in html
    assert f'name="{box}"' in html
    assert 'value="176"' in html
    assert not IndicatorValue.objects.exists()

    client.post(url, {name: "176", box: "on"})
    assert IndicatorValue.objects.get().value == 176


def test_logging_form_asks_with_a_checkbox(client, action, official, share):
    name = f"value_{share.pk}"
    sent = form_state(client, action) | {"text": SENTENCE, name: "176"}

    page = client.post(log_url(action), sent)
    assert ASKS in page.content.decode()
    assert f'name="{name}_confirm"' in page.content.decode()
    assert not IndicatorValue.objects.exists()

    client.post(log_url(action), sent | {f"{name}_confirm": "on"})
    assert IndicatorValue.objects.get().value == 176


def test_target_of_more_than_100_per_cent_is_asked_about(share, official):
    with pytest.raises(ConfirmationNeeded) as asked:
        plans.save_part(share, by=official, fields={"target": Decimal(120)})

    assert set(asked.value.errors) == {"target"}
    plans.save_part(share, by=official, fields={"target": Decimal(120)}, confirmed=True)


# ---- plans


@pytest.mark.parametrize(
    "part, fields, field",
    [
        (Milestone, {"title": "x", "due_on": date(206, 1, 1)}, "due_on"),
        (Milestone, {"title": "x", "due_on": date(2026, 1, 1), "weight": 101}, "weight"),
        (Milestone, {"title": "x", "due_on": date(2026, 1, 1), "weight": 0}, "weight"),
        (BudgetLine, {"source": "x", "year": 26, "amount": 1}, "year"),
        (BudgetLine, {"source": "x", "year": 2026, "amount": -1}, "amount"),
    ],
)
def test_part_of_an_action_outside_the_bounds_is_refused(action, official, part, fields, field):
    with pytest.raises(InputRefused) as refused:
        plans.save_part(part(action=action), by=official, fields=fields, confirmed=True)

    assert set(refused.value.errors) == {field}


def test_target_dated_before_the_baseline_is_refused(action, official):
    fields = {"baseline_on": date(2026, 2, 1), "target_on": date(2026, 1, 1)}

    with pytest.raises(InputRefused) as refused:
        plans.save_part(IndicatorFactory(strategy=action.strategy), by=official, fields=fields)

    assert set(refused.value.errors) == {"target_on"}


def test_indicator_form_refuses_a_wrong_year_and_a_wrong_direction(client, action, official):
    indicator = IndicatorFactory(strategy=action.strategy, no_baseline_reason="New.")
    url = reverse("strategies:indicator_edit", args=[indicator.pk])
    form = client.get(url).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}

    year = client.post(url, sent | {"target_on": "0206-01-01"}).context["form"]
    direction = client.post(url, sent | {"direction": "down", "baseline": "20", "target": "30"}).context["form"]

    assert set(year.errors) == {"target_on"}
    assert set(direction.errors) == {"target"}
    assert Indicator.objects.get().target is None


# ---- periods


QUARTER = {"name": "Q3", "starts_on": date(2027, 7, 1), "ends_on": date(2027, 9, 30), "opens_on": date(2027, 7, 1)}
QUARTER |= {"due_on": date(2027, 10, 15)}


@pytest.fixture
def neighbours():
    ReportingPeriodFactory(name="Before", starts_on=date(2027, 4, 1))
    return ReportingPeriodFactory(name="After", starts_on=date(2027, 10, 1))


@pytest.mark.parametrize(
    "changes, field, day",
    [
        ({"starts_on": date(2027, 7, 2)}, "starts_on", "1 July 2027"),
        ({"ends_on": date(2027, 9, 29)}, "ends_on", "30 September 2027"),
    ],
)
def test_gap_between_periods_is_refused(neighbours, coordinator, changes, field, day):
    with pytest.raises(InputRefused) as refused:
        periods.create_period(**(QUARTER | changes), by=coordinator)

    assert set(refused.value.errors) == {field}
    assert day in refused.value.errors[field]
    periods.create_period(**QUARTER, by=coordinator)


def test_due_day_of_a_period_beside_an_old_gap_can_change(neighbours, coordinator):
    neighbours.due_on += timedelta(days=1)

    periods.save_period(neighbours, by=coordinator)  # there is a gap before it


# ---- reference data


def test_countries_are_those_of_iso_3166():
    assert len(COUNTRIES) == 249
    assert {"SE", "PL", "RO", "GB", "GR"} <= COUNTRIES
    assert not {"xx", "se", "EU", "UK", "EL", "XX"} & COUNTRIES


@pytest.mark.parametrize(
    "make, fields",
    [(CityFactory, {"country": "xx"}), (CityFactory, {"currency": "kr"}), (OrganisationFactory, {"country": "UK"})],
)
def test_unknown_country_or_currency_is_refused(make, fields):
    row = make.build(**fields)

    with pytest.raises(ValidationError) as refused:
        row.clean()

    assert set(refused.value.message_dict) == set(fields)


def test_errors_are_empty_for_what_may_be():
    assert (country_error(""), country_error("SE"), currency_error("SEK")) == ("", "", "")
    assert (year_error(None), year_error(date(2026, 1, 1))) == ("", "")
    assert year_error(date(2206, 1, 1)) != ""


@pytest.mark.parametrize("shift", [timedelta(days=-30), timedelta(days=30)])
def test_session_outside_its_week_is_refused(shift):
    session = SessionFactory()
    session.clean()
    session.starts_at, session.ends_at = session.starts_at + shift, session.ends_at + shift

    with pytest.raises(ValidationError) as refused:
        session.clean()

    assert set(refused.value.message_dict) == {"starts_at"}
