"""Who may see, log, submit, accept. What is asked *when* stands in ``enums.TRANSITIONS`` and the services."""

import rules

from cities.rules import (
    add_reference_data,
    insider_cities,
    is_coordinator,
    is_expert,
    is_insider,
    is_lead,
    is_network_reader,
    is_of_municipality,
    is_official,
    is_scientific,
    is_visible,
    person_of,
)


def _answers_for(person, action) -> bool:
    return action.accountable_id == person.pk or any(deputy.pk == person.pk for deputy in action.deputies.all())


@rules.predicate
def is_owner(user, action):
    """Accountable for the action, or deputy, and still a member of one of the city's bodies."""
    person = person_of(user)
    if person is None or not insider_cities(user):
        return False
    return action is None or (action.of_city_id in insider_cities(user) and _answers_for(person, action))


@rules.predicate
def wrote_it_as_owner(user, update):
    return update is None or (update.author_id == user.pk and is_owner(user, update.action))


@rules.predicate
def owns_what_it_measures(user, indicator):
    """The indicator belongs to an action of the user's own."""
    if indicator is None:
        return is_owner(user, None)
    return indicator.action_id is not None and is_owner(user, indicator.action)


@rules.predicate
def measured_it_as_owner(user, value):
    return value is None or (value.author_id == user.pk and owns_what_it_measures(user, value.indicator))


@rules.predicate
def is_of_the_municipality(user, city_period):
    """Coordinators do not accept what their own house submits."""
    return city_period is not None and is_of_municipality(user, city_period.city)


@rules.predicate
def sees_its_action(user, part):
    return part is None or is_visible(user, part.action)


rules.add_perm("strategies", is_coordinator)
add_reference_data("strategies", "reportingperiod")

PLAN = ("strategy", "priorityarea", "objective", "action", "swotitem", "implementationproblem", "indicator")
for _model in PLAN:
    rules.add_perm(f"strategies.view_{_model}", is_visible)
    rules.add_perm(f"strategies.add_{_model}", is_official)
    rules.add_perm(f"strategies.change_{_model}", is_official)
    rules.add_perm(f"strategies.delete_{_model}", rules.always_deny)
for _model in ("milestone", "budgetline"):  # what is done to them is a permission on the action
    rules.add_perm(f"strategies.view_{_model}", sees_its_action)
rules.add_perm("strategies.adopt_strategy", is_lead)
rules.add_perm("strategies.publish_strategy", is_lead)
rules.add_perm("strategies.succeed_strategy", is_lead)  # object: the city, or its strategy

rules.add_perm("strategies.comment_strategy", is_insider)  # while it is a draft
rules.add_perm("strategies.view_strategycomment", is_visible)

rules.add_perm("strategies.read_history", is_insider | is_coordinator | is_scientific)  # object: the record

rules.add_perm("strategies.log_action", is_official | is_owner)  # object: the action
for _model in ("actionupdate", "indicatorvalue", "evidence"):
    rules.add_perm(f"strategies.view_{_model}", is_visible)
    rules.add_perm(f"strategies.delete_{_model}", rules.always_deny)
rules.add_perm("strategies.change_actionupdate", is_official | wrote_it_as_owner)
rules.add_perm("strategies.change_indicatorvalue", is_official | measured_it_as_owner)
rules.add_perm("strategies.add_indicatorvalue", is_official | owns_what_it_measures)  # object: the indicator

rules.add_perm("strategies.view_cityperiod", is_visible)
rules.add_perm("strategies.change_cityperiod", rules.always_deny)  # services alone move it
rules.add_perm("strategies.view_periodrevision", is_visible)
rules.add_perm("strategies.change_narrative", is_official)  # object: the city period
rules.add_perm("strategies.comment_cityperiod", is_expert)
rules.add_perm("strategies.open_cityperiod", is_coordinator)  # before its day; on its day the clock does
rules.add_perm("strategies.submit_cityperiod", is_lead)
rules.add_perm("strategies.ask_reopen_cityperiod", is_lead)
rules.add_perm("strategies.publish_cityperiod", is_lead)
rules.add_perm("strategies.accept_cityperiod", is_coordinator & ~is_of_the_municipality)
rules.add_perm("strategies.return_cityperiod", is_coordinator & ~is_of_the_municipality)
rules.add_perm("strategies.reopen_cityperiod", is_coordinator)

rules.add_perm("strategies.view_pilotphase", is_insider | is_network_reader)
rules.add_perm("strategies.add_pilotphase", is_lead | is_coordinator)
rules.add_perm("strategies.delete_pilotphase", rules.always_deny)
rules.add_perm("strategies.change_pilotphase", is_lead | is_coordinator)
rules.add_perm("strategies.waive_condition", is_coordinator)
