"""Strategies, actions and indicators of the demo, and the course that each action takes."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cities.models import City, Organisation, Person, TargetGroup, Theme
from strategies.enums import Addition, BudgetStatus
from strategies.models import (
    Action,
    BudgetLine,
    ImplementationProblem,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Strategy,
    SwotItem,
)

from .calendar import Calendar

DUE_SHARE = 0.7  # a milestone stands a little before its share of the time, so that progress keeps up with the plan


@dataclass
class Plan:
    """One action of the content with its days: when milestones are due and when updates are written."""

    action: Action
    content: dict
    index: int
    updates: list[date]  # one for each sentence of news
    reached: list[list[Milestone]]  # milestones that each update reaches
    indicator: Indicator


def span(calendar: Calendar, content: dict, index: int) -> tuple[date, date]:
    """First and last day of an action, by the course that it takes."""
    start = calendar.quarter(-3).start + timedelta(days=2 * index % 20)
    match content["course"]:
        case "not_started":
            start = calendar.today + timedelta(days=20 + index)
            return start, start + timedelta(days=270)
        case "done":
            return start, calendar.quarter(-1).start + timedelta(days=60)
        case "at_risk":
            return start, calendar.quarter(2).start + timedelta(days=index)
        case "cancelled":
            return start, calendar.quarter(3).end
    return start, calendar.quarter(3).start + timedelta(days=5 * index)


def due_days(calendar: Calendar, content: dict, start: date, end: date) -> list[date]:
    """When each milestone is due."""
    count, today = len(content["milestones"]), calendar.today
    even = [start + (end - start) * ((number + 1 - DUE_SHARE) / count) for number in range(count)]
    match content["course"]:
        case "late":  # one is reached, the next was due twelve days ago
            first = min(even[0], calendar.quarter(-2).end)
            ahead = [today + timedelta(days=45 + 30 * number) for number in range(count - 2)]
            return [first, today - timedelta(days=12), *ahead]
        case "at_risk" | "stale" | "cancelled":  # one is reached, the others lie ahead
            first = min(even[0], calendar.quarter(-2).start + timedelta(days=20))
            return [first, *(today + timedelta(days=25 + 20 * number) for number in range(count - 1))]
        case "done":
            return [start + (end - start) * ((number + 1) / count) for number in range(count)]
    return even


def update_days(calendar: Calendar, content: dict, index: int) -> list[date]:
    """The days on which the sentences of news are written: one a quarter, the fourth in the open one."""
    today = calendar.today
    days = [
        calendar.quarter(-3).start + timedelta(days=35 + 3 * index % 45),
        calendar.quarter(-2).start + timedelta(days=30 + 5 * index % 50),
        calendar.quarter(-1).start + timedelta(days=40 + 4 * index % 40),
        min(today, max(calendar.quarter(0).start, today - timedelta(days=1 + index % 6))),
    ]
    if content["course"] == "at_risk":
        days[2] = today - timedelta(days=35)
    return days[: len(content["news"])]


def reached_by(content: dict, milestones: list[Milestone], days: list[date], today: date) -> list[list[Milestone]]:
    """Which milestones each update reaches: those that were due by then (the last update: by tomorrow)."""
    match content["course"]:
        case "late" | "at_risk" | "stale" | "cancelled":
            wanted = milestones[:1]
        case "done":
            wanted = milestones
        case _:
            wanted = [milestone for milestone in milestones if milestone.due_on <= today + timedelta(days=1)]
    share: list[list[Milestone]] = [[] for _day in days]
    for milestone in wanted:
        fitting = [number for number, day in enumerate(days) if day >= milestone.due_on - timedelta(days=6)]
        last = len(days) - 1
        share[fitting[0] if fitting and content["course"] != "done" else last].append(milestone)
    if content["course"] == "done" and len(days) > 1:  # spread, so that the last one completes it
        share = [wanted[number : number + 1] for number in range(len(days) - 1)] + [wanted[len(days) - 1 :]]
    return share


class Drafting:
    """Writes a city's plan; adopted and published later by its lead."""

    def __init__(self, city: City, content: dict, calendar: Calendar, people: list[Person]):
        self.city, self.content, self.calendar, self.people = city, content, calendar, people

    def draft(self) -> tuple[Strategy, list[Plan]]:
        year = self.calendar.quarter(-3).start.year
        self.strategy = Strategy.objects.create(
            city=self.city,
            title=self.content["strategy"],
            vision=self.content["vision"],
            year_from=year,
            year_to=year + 4,
            language="en",
        )
        self.objectives = {area["code"]: self._area(area) for area in self.content["areas"]}
        plans = [self._action(index, action) for index, action in enumerate(self.content["actions"])]
        self._analysis(plans)
        return self.strategy, plans

    def _area(self, area: dict) -> Objective:
        row = PriorityArea.objects.create(
            strategy=self.strategy, code=area["code"], title=area["title"], theme=Theme.objects.get(code=area["theme"])
        )
        return Objective.objects.create(area=row, code=f"{area['code']}.1", title=area["objective"])

    def _action(self, index: int, content: dict) -> Plan:
        start, end = span(self.calendar, content, index)
        objective = self.objectives[content["area"]]
        number = objective.actions.count() + 1
        nobody = content.get("nobody", False)
        action = Action.objects.create(
            objective=objective,
            code=f"{objective.code}.{number}",
            title=content["title"],
            description=content["about"],
            owner=self._owner(index),
            accountable=None if nobody else self.people[index % len(self.people)],
            starts_on=start,
            ends_on=end,
            budget_status=BudgetStatus.LINES if content["budget"] else BudgetStatus.NONE_NEEDED,
        )
        action.target_groups.set(TargetGroup.objects.filter(code__in=content["groups"]))
        if content["budget"]:
            self._budget(action, content["budget"])
        due = due_days(self.calendar, content, start, end)
        milestones = [
            Milestone.objects.create(action=action, title=title, due_on=day)
            for title, day in zip(content["milestones"], due, strict=True)
        ]
        days = update_days(self.calendar, content, index)
        reached = reached_by(content, milestones, days, self.calendar.today)
        return Plan(action, content, index, days, reached, self._indicator(action, content["indicator"]))

    def _owner(self, index: int) -> Organisation:
        if index % 4 == 2:
            return Organisation.objects.get(name=self.content["partner"])
        return self.city.municipality

    def _budget(self, action: Action, amount: int) -> None:
        own = Decimal(amount) * (3 if amount % 3 else 4) / 5
        year = self.strategy.year_from
        BudgetLine.objects.create(action=action, amount=own, source="Municipal budget", year=year)
        BudgetLine.objects.create(action=action, amount=amount - own, source="Project funding", year=year + 1)

    def _indicator(self, action: Action, content: list) -> Indicator:
        name, unit, baseline, target = content
        return Indicator.objects.create(
            strategy=self.strategy,
            action=action,
            name=name,
            unit=unit,
            baseline=baseline,
            baseline_on=self.calendar.quarter(-3).start,
            target=target,
            target_on=action.ends_on,
            source="Own count of the city office",
            across_periods=Addition.LATEST,
            counts_people=unit == "people",
        )

    def _analysis(self, plans: list[Plan]) -> None:
        for item in self.content["swot"]:
            SwotItem.objects.create(strategy=self.strategy, kind=item["kind"], text=item["text"])
        for problem in self.content["problems"]:
            ImplementationProblem.objects.create(
                strategy=self.strategy,
                text=problem["text"],
                area=self.strategy.areas.get(code=problem["area"]),
                counter_action=plans[problem["counter"]].action,
            )
