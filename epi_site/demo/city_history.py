"""What the demo's officials log in each quarter, through the same services as real users."""

from datetime import date, timedelta
from decimal import Decimal

from cities.enums import Visibility
from cities.models import City
from cities.services.files import store_upload
from strategies.enums import ImplementationStage
from strategies.models import CityPeriod
from strategies.services import periods, updates

from . import sample_files
from .calendar import Calendar, Quarter, Schedule
from .people import DemoUsers
from .plans import Plan

NEXT_STEPS = [
    "Meet the partners and fix the dates for the next three months.",
    "Ask participants what should change before the next group starts.",
    "Report the figures to the committee.",
    "",
]
CHALLENGES = [
    "",
    "",
    "Rooms are hard to find in the evenings.",
    "",
    "Staff have little time alongside their daily work.",
    "",
]
KEPT = ("date", "text", "stage", "language", "people_reached", "challenges", "next_step", "visibility")
SHARE = {"on_track": "0.16", "at_risk": "0.08", "late": "0.14", "done": "0.32", "stale": "0.12", "cancelled": "0.1"}


class CityHistory:
    """The history of one city's strategy: its updates, values, narratives and periods."""

    def __init__(self, city: City, plans: list[Plan], cast: DemoUsers, calendar: Calendar, number: int):
        self.city, self.plans, self.cast, self.calendar, self.number = city, plans, cast, calendar, number

    @property
    def official(self):
        return self.cast[f"official.{self.city.slug}"]

    @property
    def lead(self):
        return self.cast[f"lead.{self.city.slug}"]

    def period(self, quarter: Quarter) -> CityPeriod:
        return CityPeriod.objects.get(city=self.city, period__starts_on=quarter.start)

    # ---- updates

    def schedule(self, events: Schedule) -> None:
        for plan in self.plans:
            for step, day in enumerate(plan.updates):
                events.add(day, lambda plan=plan, step=step, day=day: self.log(plan, step, day), hour=10)

    def log(self, plan: Plan, step: int, day: date) -> None:
        content, last = plan.content, step == len(plan.updates) - 1
        data = updates.UpdateInput(
            date=day,
            text=content["news"][step],
            language="en",
            stage=self._stage(content["course"], last),
            milestones=plan.reached[step],
            spent=self._spent(content),
            people_reached=self._people(content, step),
            challenges=CHALLENGES[(plan.index + step) % len(CHALLENGES)],
            next_step=NEXT_STEPS[(plan.index + step) % len(NEXT_STEPS)],
            visibility=self._visibility(plan.index + step),
            values=self._values(plan, step),
            files=self._files(plan, step),
        )
        updates.log_update(plan.action, by=self.official, data=data)

    @staticmethod
    def _stage(course: str, is_last: bool) -> str:
        if is_last and course == "done":
            return ImplementationStage.COMPLETED
        if is_last and course == "cancelled":
            return ImplementationStage.CANCELLED
        return ImplementationStage.ONGOING

    @staticmethod
    def _spent(content: dict) -> Decimal | None:
        if not content["budget"]:
            return None
        return (Decimal(content["budget"]) * Decimal(SHARE[content["course"]])).quantize(Decimal("10"))

    @staticmethod
    def _people(content: dict, step: int) -> int | None:
        return (content["people"] * (step + 2) // 4) or None

    @staticmethod
    def _visibility(number: int) -> str:
        if number % 9 == 4:
            return Visibility.CITY
        return Visibility.PUBLIC if number % 3 == 0 else Visibility.NETWORK

    def _values(self, plan: Plan, step: int) -> dict:
        """Return a value between baseline and target; late and stale actions fall behind."""
        pace = {"on_track": 5, "done": 3, "late": 8, "at_risk": 12, "stale": 10, "cancelled": 12}[
            plan.content["course"]
        ]
        _name, _unit, baseline, target = plan.content["indicator"]
        share = Decimal(min(step + 1, pace)) / pace
        return {plan.indicator: (Decimal(baseline) + Decimal(target - baseline) * share).quantize(Decimal(1))}

    def _files(self, plan: Plan, step: int) -> list:
        title, files = plan.content["title"], []
        if plan.index % 5 == step:
            files.append(store_upload(sample_files.picture(title, plan.index), by=self.official))
        if plan.index % 6 == 1 and step == 1:
            months = [("first", plan.content["people"] // 3), ("second", plan.content["people"] // 2)]
            files.append(store_upload(sample_files.table(title, months), by=self.official))
        return files

    # ---- periods

    def submit_period(self, quarter: Quarter, *, extra_sentence: str = "") -> None:
        city_period = self.period(quarter)
        self.write_narrative(city_period, quarter, extra_sentence)
        periods.submit_period(city_period, by=self.lead, on_behalf_of=self.lead.person)

    def write_narrative(self, city_period: CityPeriod, quarter: Quarter, word: str = "") -> None:
        rows = list(city_period.updates.active().select_related("action"))
        people = sum(row.people_reached or 0 for row in rows)
        parts = [
            f"In {quarter.name} the city logged {len(rows)} updates on {len({row.action_id for row in rows})} actions.",
            f"Together they report {people} contacts; the same person may be counted more than once.",
        ]
        if rows:
            parts.append(f"One example is “{rows[0].action.title}”: {rows[0].text}")
        if word:
            parts.append(word)
        narrative = getattr(city_period, "narrative", None)
        periods.save_narrative(
            city_period,
            by=self.lead,
            text=" ".join(parts),
            language="en",
            version=narrative.version if narrative else None,
        )

    def correct_last_amount(self, quarter: Quarter) -> None:
        """Correct, after reopening, an amount that had a digit too many."""
        update = self.period(quarter).updates.active().exclude(spent=None).order_by("pk").first()
        data = updates.UpdateInput(
            **{name: getattr(update, name) for name in KEPT},
            milestones=list(update.milestones.all()),
            spent=(update.spent / 10).quantize(Decimal("10")),
        )
        updates.change_update(update, by=self.official, data=data, version=update.version)


def submission_day(quarter: Quarter, number: int, *, is_last: bool) -> date:
    """Return the day of submission: soon after the quarter; for the last one before its end, so that it is past."""
    return quarter.end - timedelta(days=3) if is_last else quarter.end + timedelta(days=4 + number % 5)
