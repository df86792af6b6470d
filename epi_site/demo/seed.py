"""Load the demo in order of time, through the services, with ``clock`` set to each moment."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.enums import MailState
from accounts.models import Mail
from accounts.tasks import send_mail
from cities.models import City
from core import clock
from evaluation.services import frameworks
from reports.enums import Recipients, ReportKind, Trigger
from reports.models import Report, ReportSchedule
from reports.tasks import build_report, issue_due_reports
from strategies.selectors.correction_marks import ACTION, INDICATOR, sections_of
from strategies.services import periods, plans
from strategies.tasks import open_due_periods

from . import meetings, pacts, people, training
from .calendar import BEHIND, Calendar, Schedule
from .city_history import CityHistory, submission_day
from .plans import PlanWriter
from .rounds import Rounds, dates

CONTENT = Path(__file__).parent / "content"
RETURNED, WAITING = "cartagena", "riga"  # in the last quarter one report is returned, one not yet reviewed
REOPENED = "lublin"
RATED_NOW = ["dietzenbach", "linkoping", "ravenna"]


def contents() -> list[dict]:
    """Return the cities' content files, by name of the city."""
    return sorted(
        (tomllib.loads(path.read_text("utf-8")) for path in CONTENT.glob("*.toml")), key=lambda city: city["name"]
    )


class Seed:
    def __init__(self):
        self.calendar = Calendar(clock.today())
        self.schedule = Schedule(now=clock.now())
        self.first = self.calendar.quarter(-BEHIND).start
        self.user_setup = people.UserSetup(since=self.first - timedelta(days=60))
        self.cast = self.user_setup.cast
        self.cities: dict[str, City] = {}
        self.logs: dict[str, CityHistory] = {}

    def run(self) -> None:
        """Load everything, in a few seconds; rolls back if anything fails."""
        with transaction.atomic():
            with clock.at(self._moment(-60)):
                self._people()
            with clock.at(self._moment(-50)):
                self._periods()
            with clock.at(self._moment(-45)):
                self._drafts()
            self._tell()
            self.schedule.run()
        self._send_emails()

    @staticmethod
    def _send_emails() -> None:
        """Write each email to the folder, dated when it was queued. With a mail server, the worker sends them."""
        if settings.EMAIL_HOST:
            return
        for pk, written in Mail.objects.filter(state=MailState.QUEUED).values_list("pk", "created_at"):
            with clock.at(written):
                send_mail(pk)

    def _moment(self, days: int):
        return datetime.combine(self.first + timedelta(days=days), time(9), tzinfo=UTC)

    # ---- before the first quarter

    def _people(self) -> None:
        people.set_up_network()
        self.user_setup.network()
        for content in contents():
            self.cities[content["slug"]] = people.add_city(content)
            self.user_setup.city(self.cities[content["slug"]], content)
        self.framework = frameworks.load_framework()

    def _periods(self) -> None:
        for quarter in self.calendar.quarters:
            periods.create_period(
                name=quarter.name,
                starts_on=quarter.start,
                ends_on=quarter.end,
                opens_on=quarter.start,
                due_on=quarter.end + timedelta(days=20),
                by=self.cast["coordinator"],
            )
        for kind, trigger, recipients in (
            (ReportKind.CITY_PERIOD, Trigger.ACCEPTED, [Recipients.CITY, Recipients.PARTNERS]),
            (ReportKind.NETWORK_PERIOD, Trigger.PERIOD_DUE, [Recipients.PARTNERS, Recipients.COMMITTEE]),
        ):
            ReportSchedule.objects.create(kind=kind, trigger=trigger, recipients=recipients, offset_days=10)

    def _drafts(self) -> None:
        for number, content in enumerate(contents()):
            slug = content["slug"]
            owners = [
                self.cast.person(f"official.{slug}"),
                self.cast.person(f"lead.{slug}"),
                self.cast.person(f"expert.{slug}"),
            ]
            strategy, drafted = PlanWriter(self.cities[slug], content, self.calendar, owners).draft()
            self.logs[slug] = CityHistory(self.cities[slug], drafted, self.cast, self.calendar, number)
            self.schedule.add(self.first - timedelta(days=20), lambda s=strategy, slug=slug: self._adopt(s, slug))

    def _adopt(self, strategy, slug: str) -> None:
        lead = self.cast[f"lead.{slug}"]
        plans.adopt_strategy(strategy, by=lead, on=clock.today() - timedelta(days=3))
        strategy.refresh_from_db()
        plans.publish_strategy(strategy, by=lead)

    # ---- the quarters

    def _tell(self) -> None:
        meetings.schedule(self.schedule, self.cities, self.cast, self.calendar)
        pacts.schedule(self.schedule, self.cities, self.cast, self.calendar)
        training.schedule(self.schedule, self.calendar)
        for log in self.logs.values():
            log.schedule(self.schedule)
        for offset in range(-BEHIND, 1):
            self.schedule.add(self.calendar.quarter(offset).start, open_due_periods, hour=6)
        for offset in range(-BEHIND, 0):
            for log in self.logs.values():
                self._schedule_submission(log, offset)
        self._first_round()
        self._round_under_review()
        self._round_in_rating()
        for offset in range(-BEHIND, 0):
            due = self.calendar.quarter(offset).end + timedelta(days=31)
            for day in (due - timedelta(days=5), due):
                if day <= self.calendar.today:
                    self.schedule.add(day, self._issue, hour=20)
        self.schedule.add(self.calendar.today, self._issue, hour=23)

    def _schedule_submission(self, log: CityHistory, offset: int) -> None:
        quarter, slug = self.calendar.quarter(offset), log.city.slug
        is_last = offset == -1
        day = submission_day(quarter, log.number, is_last=is_last)
        self.schedule.add(day, lambda: log.submit_period(quarter), hour=15)
        decided = quarter.end - timedelta(days=1) if is_last else day + timedelta(days=6)
        if is_last and slug == WAITING:
            return
        if is_last and slug == RETURNED:
            comments = (
                "Please state what the three largest actions spent their money on, and correct the number of visitors."
            )
            self.schedule.add(decided, lambda: self._return(log, offset, comments))
            return
        self.schedule.add(decided, lambda: self._accept(log, offset))
        if offset == -2 and slug == REOPENED:
            self._reopened(log, offset, decided)
        if offset == -3 or (offset == -2 and log.number % 3 != 2):
            published = decided + timedelta(days=12)
            lead = self.cast[f"lead.{slug}"]
            self.schedule.add(published, lambda: periods.publish_period(log.period(quarter), by=lead))

    def _accept(self, log: CityHistory, offset: int) -> None:
        periods.accept_period(log.period(self.calendar.quarter(offset)), by=self.cast["coordinator"])

    def _return(self, log: CityHistory, offset: int, comments: str) -> None:
        city_period = log.period(self.calendar.quarter(offset))
        places = sections_of(city_period.revisions.latest("number"))
        action, indicator = (next(place for place in places if place.kind == kind) for kind in (ACTION, INDICATOR))
        marks = {action.key: "What was the money spent on?", indicator.key: "Please count again."}
        periods.return_period(city_period, by=self.cast["coordinator"], comments=comments, marks=marks)

    def _reopened(self, log: CityHistory, offset: int, accepted: date) -> None:
        quarter, coordinator = self.calendar.quarter(offset), self.cast["coordinator"]
        reason = "One amount had a digit too many; the city asked to correct it."
        first = accepted + timedelta(days=3)
        self.schedule.add(
            first, lambda: periods.reopen_period(log.period(quarter), by=coordinator, reason=reason), hour=9
        )
        self.schedule.add(first, lambda: log.correct_last_amount(quarter), hour=11)
        self.schedule.add(
            first, lambda: log.submit_period(quarter, extra_sentence="This is the corrected submission."), hour=13
        )
        self.schedule.add(first + timedelta(days=1), lambda: self._accept(log, offset), hour=9)

    # ---- evaluation

    def _rounds(self) -> Rounds:
        return Rounds(self.cast, self.framework)

    def _first_round(self) -> None:
        start = self.calendar.quarter(-3).end + timedelta(days=24)
        plan, box = dates(start), {}
        add = self.schedule.add
        add(start, lambda: box.update(round=self._open("Round 1: the first quarter", -3, plan, sorted(self.cities))))
        add(plan["rate_on"], lambda: self._rounds().move(box["round"], "start_rating"), hour=6)
        for number, name in enumerate(("rater1", "rater2", "rater3", "lead", "expert")):
            day = plan["rate_on"] + timedelta(days=number + 1)
            add(day, lambda name=name: self._rounds().rate(box["round"], name))
        add(plan["discuss_on"], lambda: self._rounds().move(box["round"], "start_discussion"), hour=6)
        add(plan["discuss_on"] + timedelta(days=2), lambda: self._rounds().discuss(box["round"]))
        add(plan["moderate_on"], lambda: self._rounds().move(box["round"], "start_moderation"), hour=6)
        add(plan["moderate_on"] + timedelta(days=3), lambda: self._rounds().agree(box["round"]))
        add(plan["review_on"], lambda: self._rounds().move(box["round"], "hand_to_committee"), hour=6)
        add(plan["review_on"] + timedelta(days=4), lambda: self._rounds().approve(box["round"]))

    def _round_under_review(self) -> None:
        start = self.calendar.quarter(-2).end + timedelta(days=24)
        plan, box, slug, add = dates(start), {}, "lublin", self.schedule.add
        plan["decide_by"] = max(plan["decide_by"], self.calendar.today + timedelta(days=10))
        add(start, lambda: box.update(round=self._open("Round 2: a second look", -2, plan, [slug])))
        add(plan["rate_on"], lambda: self._rounds().move(box["round"], "start_rating"), hour=6)
        for number, name in enumerate(("rater1", "rater2", "rater3", "lead", "expert")):
            day = plan["rate_on"] + timedelta(days=number + 1)
            add(day, lambda name=name: self._rounds().rate(box["round"], name))
        add(plan["discuss_on"], lambda: self._rounds().move(box["round"], "start_discussion"), hour=6)
        add(plan["discuss_on"] + timedelta(days=2), lambda: self._rounds().discuss(box["round"]))
        add(plan["moderate_on"], lambda: self._rounds().move(box["round"], "start_moderation"), hour=6)
        add(plan["moderate_on"] + timedelta(days=3), lambda: self._rounds().agree(box["round"], is_again=True))
        add(plan["review_on"], lambda: self._rounds().move(box["round"], "hand_to_committee"), hour=6)

    def _round_in_rating(self) -> None:
        today, start = self.calendar.today, self.calendar.quarter(-1).end - timedelta(days=1)
        plan = dates(start, discuss=today + timedelta(days=14), step=1)
        box, add = {}, self.schedule.add
        add(
            start,
            lambda: box.update(round=self._open("Round 3: midway through the pilot", -1, plan, RATED_NOW)),
            hour=16,
        )
        add(plan["rate_on"], lambda: self._rounds().move(box["round"], "start_rating"), hour=6)
        day = plan["rate_on"]
        add(day, lambda: self._rounds().rate(box["round"], "rater1", only="linkoping", upto=2, submit=False), hour=10)
        add(day, lambda: self._rounds().rate(box["round"], "rater2", only="ravenna"), hour=11)

    def _open(self, name: str, offset: int, plan: dict[str, date], slugs: list[str]):
        return self._rounds().open(name, self.calendar.quarter(offset).start, plan, slugs)

    # ---- reports

    def _issue(self) -> None:
        issue_due_reports()
        for pk in Report.objects.exclude(state="ready").values_list("pk", flat=True):
            build_report(pk)
