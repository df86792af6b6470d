"""Permissions: who may view, log, submit and accept. ``enums.TRANSITIONS`` and the services define *when*."""

import rules
from django.db.models import prefetch_related_objects

from cities.rules import (
    add_reference_data,
    insider_city_ids,
    is_coordinator,
    is_expert,
    is_insider,
    is_instance,
    is_lead,
    is_of_municipality,
    is_official,
    is_scientific,
    is_visible,
    may_record,
    person_of,
)


def _is_responsible_for(person, action) -> bool:
    if action.responsible_id == person.pk:
        return True
    prefetch_related_objects([action], "deputies")  # once for all updates and values of the action
    return any(deputy.pk == person.pk for deputy in action.deputies.all())


@rules.predicate
def belongs_to_city(_user, decision):
    """Whether the decision is one of a city's meeting: the network's own bodies have no actions."""
    return decision is None or getattr(decision, "owning_city_id", None) is not None


@rules.predicate
def is_responsible(user, action):
    """Return whether the user is the action's responsible person or a deputy, and still a member in the city.

    With ``action=None`` only the membership is checked, in any city.
    """
    person = person_of(user)
    if person is None or not insider_city_ids(user):
        return False
    if action is None:
        return True
    is_of_own_city = is_instance(action, "strategies.Action") and action.owning_city_id in insider_city_ids(user)
    return is_of_own_city and _is_responsible_for(person, action)


@rules.predicate
def is_responsible_author(user, update):
    if update is None:
        return True
    is_author = is_instance(update, "strategies.ActionUpdate") and update.author_id == user.pk
    return is_author and is_responsible(user, update.action)


@rules.predicate
def is_responsible_for_indicator(user, indicator):
    """Return whether the indicator belongs to an action that the user is responsible for."""
    if indicator is None:
        return is_responsible(user, None)
    if not is_instance(indicator, "strategies.Indicator") or indicator.action_id is None:
        return False
    return is_responsible(user, indicator.action)


@rules.predicate
def is_responsible_for_value(user, value):
    if value is None:
        return True
    is_author = is_instance(value, "strategies.IndicatorValue") and value.author_id == user.pk
    return is_author and is_responsible_for_indicator(user, value.indicator)


@rules.predicate
def is_own_municipality(user, city_period):
    """Return whether the user belongs to the city's municipality. Such a coordinator may not accept its reports."""
    return is_instance(city_period, "strategies.CityPeriod") and is_of_municipality(user, city_period.city)


@rules.predicate
def sees_its_action(user, part):
    if part is None:
        return True
    return is_instance(part, "strategies.Milestone", "strategies.BudgetLine") and is_visible(user, part.action)


rules.add_perm("strategies", is_coordinator)
add_reference_data("strategies", "reportingperiod")

PLAN = ("strategy", "priorityarea", "objective", "action", "swotitem", "risk", "indicator")
for _model in PLAN:
    rules.add_perm(f"strategies.view_{_model}", is_visible)
    rules.add_perm(f"strategies.add_{_model}", is_official)
    rules.add_perm(f"strategies.change_{_model}", is_official)
    rules.add_perm(f"strategies.delete_{_model}", rules.always_deny)
for _model in ("milestone", "budgetline"):  # what is done to them is a permission on the action
    rules.add_perm(f"strategies.view_{_model}", sees_its_action)
rules.add_perm("strategies.adopt_strategy", is_lead)
rules.add_perm("strategies.publish_strategy", is_lead)
rules.add_perm("strategies.begin_next_strategy", is_lead)  # object: the city, or its strategy

rules.add_perm("strategies.comment_strategy", is_insider)  # only while it is a draft
rules.add_perm("strategies.view_strategycomment", is_visible)

rules.add_perm("strategies.link_decision", may_record & belongs_to_city)  # object: the decision
rules.add_perm("strategies.make_action_of_decision", is_official)

rules.add_perm("strategies.read_history", is_insider | is_coordinator | is_scientific)  # object: the record

rules.add_perm("strategies.log_action", is_official | is_responsible)  # object: the action
for _model in ("actionupdate", "indicatorvalue", "evidence"):
    rules.add_perm(f"strategies.view_{_model}", is_visible)
    rules.add_perm(f"strategies.delete_{_model}", rules.always_deny)
rules.add_perm("strategies.change_actionupdate", is_official | is_responsible_author)
rules.add_perm("strategies.change_indicatorvalue", is_official | is_responsible_for_value)
rules.add_perm("strategies.add_indicatorvalue", is_official | is_responsible_for_indicator)  # object: the indicator

rules.add_perm("strategies.view_cityperiod", is_visible)
rules.add_perm("strategies.add_cityperiod", is_coordinator)  # one that ended before the city was added to the site
rules.add_perm("strategies.change_cityperiod", rules.always_deny)  # only services change its state
rules.add_perm("strategies.view_periodrevision", is_visible)
rules.add_perm("strategies.change_narrative", is_official)  # object: the city period
rules.add_perm("strategies.comment_cityperiod", is_expert)
rules.add_perm("strategies.open_cityperiod", is_coordinator)  # before its opening day; on that day a task opens it
rules.add_perm("strategies.submit_cityperiod", is_lead)
rules.add_perm("strategies.request_reopen_cityperiod", is_lead)
rules.add_perm("strategies.publish_cityperiod", is_lead)
rules.add_perm("strategies.accept_cityperiod", is_coordinator & ~is_own_municipality)
rules.add_perm("strategies.return_cityperiod", is_coordinator & ~is_own_municipality)
rules.add_perm("strategies.reopen_cityperiod", is_coordinator)
