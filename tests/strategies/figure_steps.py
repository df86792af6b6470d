"""Calls of services, the steps of random histories: each takes the shared data and two numbers that choose rows."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

from cities.enums import BodyKind, Role
from cities.services import invitations, memberships
from core import clock
from strategies.enums import ImplementationStage
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Evidence,
    Indicator,
    IndicatorValue,
    Milestone,
    Objective,
    PriorityArea,
    Strategy,
)
from strategies.services import periods, plans, updates, values
from tests.factories import (
    ActionFactory,
    BodyFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MembershipFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PersonFactory,
    ReportingPeriodFactory,
    UserFactory,
    member,
)

from .helpers import update_input

STAGES = ImplementationStage.values
DAY = timedelta(days=1)


def make_shared_data(city) -> SimpleNamespace:
    """Return a city with a part of each kind, so that most steps find something to change."""
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city, organisation=city.municipality)
    coordinator = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    people = [member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city).person for _n in range(2)]
    MembershipFactory(person=people[0], body=group, role=Role.MEMBER)
    people.append(PersonFactory(user=None))
    past, _now = [CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead)) for ahead in (-1, 0)]
    action = ActionFactory(city=city, responsible=people[0])
    objective = action.objective
    data = SimpleNamespace(
        city=city, lead=lead, coordinator=coordinator, people=people, group=group, objective=objective
    )
    ActionFactory(city=city)
    MilestoneFactory.create_batch(2, action=action)
    MilestoneFactory(action=action, withdrawn_at=clock.now())
    BudgetLineFactory.create_batch(2, action=action)
    ObjectiveFactory(area__strategy=action.strategy)
    periods.submit_period(past, by=lead)
    values.set_value(IndicatorFactory(strategy=action.strategy), _now, by=lead, value=Decimal(1))
    log_update(data, a=1, b=10)
    return data


def pick(rows, number):
    """Return one of the rows, or stop the step: it has nothing to change."""
    found = list(rows.order_by("pk"))
    if not found:
        raise NothingToChange
    return found[number % len(found)]


class NothingToChange(Exception):
    pass


def _person(data, number):
    return [*data.people, None][number % (len(data.people) + 1)]


def _action(number):
    return pick(Action.objects.all(), number)


def _update(number):
    return pick(ActionUpdate.objects.all(), number)


def _period(number):
    return pick(CityPeriod.objects.all(), number)


def _update_input(data, action, a, b):
    """Return an input with or without progress, money and outcomes, dated up to 40 days ago."""
    milestones = list(action.milestones.active())
    stage = STAGES[b % len(STAGES)]
    reached = [row for n, row in enumerate(milestones) if (a >> n) & 1] if b % 2 else []
    is_end = stage == ImplementationStage.COMPLETED
    given = {
        "date": data.city.today - a % 40 * DAY,
        "stage": stage,
        "milestones": reached,
        "dropped": [row for row in milestones if row not in reached] if is_end else [],
        "progress": a % 101 if not milestones and b % 3 else None,
        "spent": Decimal(a * b) / 100 if b % 2 else None,
        "people_reached": a if b % 3 == 0 else None,
        "links": ["https://town.example/report"] if b % 5 == 0 else [],
    }
    return update_input(**given)


# ---- updates


def log_update(data, a, b):
    action = _action(b)
    updates.log_update(action, by=data.lead, data=_update_input(data, action, a, b))


def change_update(data, a, b):
    update = _update(b)
    given = _update_input(data, update.action, a, b)
    updates.change_update(update, by=data.lead, data=given, version=update.version)


def withdraw_update(data, a, b):
    updates.withdraw_update(_update(a), by=data.lead, reason="Wrong.")


def withdraw_evidence(data, a, b):
    updates.withdraw_evidence(pick(Evidence.objects.filter(withdrawn_at=None), a), by=data.lead)


def log_no_change(data, a, b):
    updates.log_no_change([_action(a), _action(b)], by=data.lead)


# ---- plans


def add_action(data, a, b):
    fields = {"code": f"N{a}-{b}", "title": "New", "responsible": _person(data, b), **_days(data, a)}
    plans.save_part(Action(objective=data.objective), by=data.lead, fields=fields)


def change_action(data, a, b):
    fields = {"responsible": _person(data, a), **_days(data, b)}
    plans.save_part(_action(b), by=data.lead, fields=fields, m2m={"deputies": data.people[: b % 3]}, confirmed=True)


def _days(data, number):
    starts_on = data.city.today + (number % 50 - 25) * DAY
    return {"starts_on": starts_on, "ends_on": starts_on + (number * 7 % 200 + 1) * DAY}


def add_milestone(data, a, b):
    fields = {"title": "Step", "due_on": data.city.today + (a % 60 - 30) * DAY, "weight": b % 5 + 1}
    plans.save_part(Milestone(action=_action(b)), by=data.lead, fields=fields, confirmed=True)


def change_milestone(data, a, b):
    fields = {"due_on": data.city.today + (b % 60 - 30) * DAY, "weight": a % 5 + 1}
    given = {"cause": "correction", "reason": "Miscounted.", "confirmed": True}
    plans.save_part(pick(Milestone.objects.all(), a), by=data.lead, fields=fields, **given)


def add_budget_line(data, a, b):
    fields = {"amount": Decimal(a * 7 + 1) / 10, "source": f"Source {b}", "year": 2026 + a % 3}
    plans.add_budget_line(_action(b), by=data.lead, fields=fields)


def change_budget_line(data, a, b):
    plans.save_part(pick(BudgetLine.objects.all(), a), by=data.lead, fields={"amount": Decimal(b + 1) / 100})


def withdraw_milestone(data, a, b):
    plans.withdraw_part(pick(Milestone.objects.all(), a), by=data.lead, reason="Not needed.")


def withdraw_budget_line(data, a, b):
    plans.withdraw_part(pick(BudgetLine.objects.all(), a), by=data.lead)


def withdraw_action(data, a, b):
    plans.withdraw_part(_action(a), by=data.lead, reason="Too dear.")


def withdraw_objective(data, a, b):
    plans.withdraw_part(pick(Objective.objects.all(), a), by=data.lead, reason="Too dear.")


def withdraw_area(data, a, b):
    plans.withdraw_part(pick(PriorityArea.objects.all(), a), by=data.lead, reason="Too dear.")


def restore_part(data, a, b):
    model = [Action, Milestone, BudgetLine, Objective, PriorityArea][a % 5]
    part = pick(model.objects.exclude(withdrawn_at=None), b)
    plans.restore_part(part, by=data.lead, code=f"R{a}-{b}" if hasattr(part, "code") else "")


def begin_next_strategy(data, a, b):
    """Begin the next strategy, with an action, so that later steps adopt it."""
    fields = {"title": "Next", "year_from": 2030, "year_to": 2034, "language": "en"}
    strategy = plans.add_strategy(data.city, by=data.lead, fields=fields)
    area = plans.save_part(PriorityArea(strategy=strategy), by=data.lead, fields={"code": "1", "title": "Area"})
    objective = plans.save_part(Objective(area=area), by=data.lead, fields={"code": "1", "title": "Objective"})
    fields = {"code": "1", "title": "New", "responsible": _person(data, b), **_days(data, a)}
    plans.save_part(Action(objective=objective), by=data.lead, fields=fields)


def adopt_strategy(data, a, b):
    plans.adopt_strategy(pick(Strategy.objects.filter(status="draft"), a), by=data.lead, on=data.city.today)


def publish_strategy(data, a, b):
    plans.publish_strategy(pick(Strategy.objects.all(), a), by=data.lead)


def publish_action(data, a, b):
    plans.publish_action(_action(a), by=data.lead)


# ---- periods and values


def submit_period(data, a, b):
    periods.submit_period(_period(a), by=data.lead)


def return_period(data, a, b):
    periods.return_period(_period(a), by=data.coordinator, comments="More.")


def accept_period(data, a, b):
    periods.accept_period(_period(a), by=data.coordinator)


def publish_period(data, a, b):
    periods.publish_period(_period(a), by=data.lead)


def reopen_period(data, a, b):
    periods.reopen_period(_period(a), by=data.coordinator, reason="A digit.")


def set_value(data, a, b):
    values.set_value(pick(Indicator.objects.all(), a), _period(b), by=data.lead, value=Decimal(a), confirmed=True)


def withdraw_value(data, a, b):
    values.withdraw_value(pick(IndicatorValue.objects.all(), a), by=data.lead, reason="Wrong.")


# ---- people


def add_member(data, a, b):
    office, role = [(data.group, Role.MEMBER), (data.people[0].memberships.first().body, Role.OFFICIAL)][a % 2]
    given = {"person": data.people[b % len(data.people)], "body": office, "role": role}
    memberships.add_member(**given, valid_from=data.city.today + (a % 20 - 10) * DAY, by=data.lead)


def end_membership(data, a, b):
    membership = pick(data.people[a % len(data.people)].memberships.current(), b)
    memberships.end_membership(membership, by=data.lead, on=data.city.today + (b % 20 - 10) * DAY)


def hand_over(data, a, b):
    membership = pick(data.people[a % 2].memberships.current(), b)
    memberships.hand_over(membership, to=data.people[1 - a % 2], by=data.lead)


def join_by_invitation(data, a, b):
    """A new person joins, and becomes responsible in later steps."""
    user = UserFactory()
    _row, token = invitations.invite(email=user.email, name="New", body=data.group, role=Role.MEMBER, by=data.lead)
    person = invitations.accept_invitation(token, user=user).person
    data.people.append(person)


STEPS = {  # each service that is not named in EVERYTHING_ELSE is a step here, or several
    updates.log_update: [log_update],
    updates.change_update: [change_update],
    updates.withdraw_evidence: [withdraw_evidence],
    updates.log_no_change: [log_no_change],
    updates.withdraw_update: [withdraw_update],
    plans.save_part: [add_action, change_action, add_milestone, change_milestone, change_budget_line],
    plans.add_budget_line: [add_budget_line],
    plans.withdraw_part: [
        withdraw_milestone,
        withdraw_budget_line,
        withdraw_action,
        withdraw_objective,
        withdraw_area,
    ],
    plans.restore_part: [restore_part],
    plans.add_strategy: [begin_next_strategy],
    plans.adopt_strategy: [adopt_strategy],
    plans.publish_strategy: [publish_strategy],
    plans.publish_action: [publish_action],
    periods.accept_period: [accept_period],
    periods.publish_period: [publish_period],
    periods.reopen_period: [reopen_period],
    periods.submit_period: [submit_period],
    periods.return_period: [return_period],
    values.set_value: [set_value],
    values.withdraw_value: [withdraw_value],
    memberships.add_member: [add_member],
    memberships.end_membership: [end_membership],
    memberships.hand_over: [hand_over],
    invitations.accept_invitation: [join_by_invitation],
}
EVERYTHING_ELSE = {  # services that write nothing which figures follow from, and helpers of those above
    "cities.services.invitations": "account_of delete_old_invitations find_invitation hash_token invite name_of "
    "own_addresses role_label withdraw_invitation",
    "cities.services.memberships": "allow_sign_in duties_left_by grantable_roles leaves_without_lead "
    "refuse_chair_of_own_organisation refuse_grant refuse_overlap refuse_own_role refuse_seat refuse_without_account",
    "strategies.services.decisions": "add_action link_decision",  # the action is saved by plans.save_part
    "strategies.services.figures": "lock_responsible rebuild_figures refresh_figures refresh_figures_of_member",
    "strategies.services.handover": "actions_of_person readable_documents_q readable_evidence_q transfer_actions",
    "strategies.services.notifications": "notify_of_adoption notify_of_comment notify_of_strategy_comment "
    "notify_of_transition notify_reopen_request notify_responsible",
    "strategies.services.period_assignment": "assign_period",
    "strategies.services.periods": "add_city_period comment_period create_period decline_reopen endorse_period "
    "ensure_city_periods ensure_next_period months_later open_due_periods open_period period_errors request_reopen "
    "save_narrative save_period",
    "strategies.services.plan_checks": "listed parents_of permission_name require_current strategy_of_part "
    "unpublished_actions",
    "strategies.services.plans": "comment_strategy has_values needs_reason",
    "strategies.services.redaction": "register",
    "strategies.services.transitions": "change_state freeze send_state_changed",
    "strategies.services.reminders": "delete_old_days due_by_person remind_city remind_network send_due_reminders",
    "strategies.services.updates": "is_same_input",
    "strategies.services.validation": "current_value indicator_error period_error update_errors value_error",
    "strategies.services.values": "check_is_editable end_value set_values",
}
