"""Strategies, actions and indicators of the demo, and how each action develops."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cities.models import City, Organisation, Person, TargetGroup, Theme
from strategies.enums import Addition, BudgetStatus
from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)
from strategies.services.plans import add_strategy, save_part

from .calendar import Calendar

DUE_SHARE = 0.7  # a milestone is due a little before its share of the time, so that progress keeps up with the plan


@dataclass
class Plan:
    """One action with its dates: when milestones are due and when updates are written."""

    action: Action
    content: dict
    index: int
    updates: list[date]  # one for each text in ``news``
    reached: list[list[Milestone]]  # milestones that each update reaches
    indicator: Indicator


def span(calendar: Calendar, content: dict, index: int) -> tuple[date, date]:
    """Return the first and the last day of an action, by its ``course``."""
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


def milestone_days(
    calendar: Calendar, content: dict, start: date, end: date, updates: list[date]
) -> list[tuple[date, int | None]]:
    """Return for each milestone the day it is due, and the number of the update that reaches it, or None."""
    count, today = len(content["milestones"]), calendar.today
    even = [start + (end - start) * ((number + 1 - DUE_SHARE) / count) for number in range(count)]
    match content["course"]:
        case "late":  # one is reached, the next was due twelve days ago
            ahead = [(today + timedelta(days=45 + 30 * number), None) for number in range(count - 2)]
            return [(updates[0] + timedelta(days=4), 0), (today - timedelta(days=12), None), *ahead]
        case "at_risk" | "stale" | "cancelled":  # one is reached, the others are due later
            ahead = [(today + timedelta(days=25 + 20 * number), None) for number in range(count - 1)]
            return [(updates[0] + timedelta(days=4), 0), *ahead]
        case "done":
            last = len(updates) - 1
            return [(updates[min(number, last)] + timedelta(days=5), min(number, last)) for number in range(count)]
    return [_kept_day(day, updates, today) for day in even]


def _kept_day(day: date, updates: list[date], today: date) -> tuple[date, int | None]:
    """Return a past milestone as reached a few days early, by the nearest update."""
    if day > today + timedelta(days=1):
        return day, None
    nearest = min(range(len(updates)), key=lambda number: abs(updates[number] - day))
    return updates[nearest] + timedelta(days=4), nearest


def update_days(calendar: Calendar, content: dict, index: int) -> list[date]:
    """Return the days of the updates: one in each quarter, the fourth in the open one."""
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


class PlanWriter:
    """Writes a city's plan as its official; the lead official adopts and publishes it later."""

    def __init__(self, city: City, content: dict, calendar: Calendar, people: list[Person]):
        self.city, self.content, self.calendar, self.people = city, content, calendar, people
        self.by = people[0].user

    def draft(self) -> tuple[Strategy, list[Plan]]:
        year = self.calendar.quarter(-3).start.year
        fields = {
            "title": self.content["strategy"],
            "vision": self.content["vision"],
            "year_from": year,
            "year_to": year + 4,
            "language": "en",
        }
        self.strategy = add_strategy(self.city, by=self.by, fields=fields)
        self.objectives = {area["code"]: self._area(area) for area in self.content["areas"]}
        plans = [self._action(index, action) for index, action in enumerate(self.content["actions"])]
        self._analysis(plans)
        return self.strategy, plans

    def _save(self, part: Any, **fields: Any) -> Any:
        return save_part(part, by=self.by, fields=fields, confirmed=True)  # milestones may follow an early end

    def _area(self, area: dict) -> Objective:
        theme = Theme.objects.get(code=area["theme"])
        row = self._save(PriorityArea(strategy=self.strategy), code=area["code"], title=area["title"], theme=theme)
        return self._save(Objective(area=row), code=f"{area['code']}.1", title=area["objective"])

    def _action(self, index: int, content: dict) -> Plan:
        start, end = span(self.calendar, content, index)
        objective = self.objectives[content["area"]]
        number = objective.actions.count() + 1
        nobody = content.get("nobody", False)
        fields = {
            "code": f"{objective.code}.{number}",
            "title": content["title"],
            "description": content["about"],
            "owner": self._owner(index),
            "responsible": None if nobody else self.people[index % len(self.people)],
            "starts_on": start,
            "ends_on": end,
            "budget_status": BudgetStatus.LINES if content["budget"] else BudgetStatus.NONE_NEEDED,
        }
        groups = {"target_groups": TargetGroup.objects.filter(code__in=content["groups"])}
        action = save_part(Action(objective=objective), by=self.by, fields=fields, m2m=groups)
        if content["budget"]:
            self._budget(action, content["budget"])
        updates = update_days(self.calendar, content, index)
        reached: list[list[Milestone]] = [[] for _day in updates]
        days = milestone_days(self.calendar, content, start, end, updates)
        for title, (due_on, number) in zip(content["milestones"], days, strict=True):
            milestone = self._save(Milestone(action=action), title=title, due_on=due_on)
            if number is not None:
                reached[number].append(milestone)
        indicator = self._indicator(action, content["indicator"])
        return Plan(action, content, index, updates, reached, indicator)

    def _owner(self, index: int) -> Organisation:
        if index % 4 == 2:
            return Organisation.objects.get(name=self.content["partner"])
        return self.city.municipality

    def _budget(self, action: Action, amount: int) -> None:
        own = Decimal(amount) * (3 if amount % 3 else 4) / 5
        year = self.strategy.year_from
        self._save(BudgetLine(action=action), amount=own, source="Municipal budget", year=year)
        self._save(BudgetLine(action=action), amount=amount - own, source="Project funding", year=year + 1)

    def _indicator(self, action: Action, content: list) -> Indicator:
        name, unit, baseline, target = content
        return self._save(
            Indicator(strategy=self.strategy, action=action),
            name=name,
            unit=unit,
            baseline=baseline,
            baseline_on=self.calendar.quarter(-3).start,
            target=target,
            target_on=action.ends_on,
            source="City office’s own count",
            across_periods=Addition.LATEST,
            counts_people=unit == "people",
        )

    def _analysis(self, plans: list[Plan]) -> None:
        for item in self.content["swot"]:
            self._save(SwotItem(strategy=self.strategy), kind=item["kind"], text=item["text"])
        for risk in self.content["problems"]:
            self._save(
                Risk(strategy=self.strategy),
                text=risk["text"],
                area=self.strategy.areas.get(code=risk["area"]),
                mitigating_action=plans[risk["counter"]].action,
            )
