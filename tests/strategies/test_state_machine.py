"""Random sequences of actions: locks hold, revisions do not change, no update is lost or doubled."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.exceptions import EditConflict
from core.snapshots import sha256_hex
from strategies.enums import LOCKED, TRANSITIONS
from strategies.exceptions import AlreadyWithdrawn, PeriodLocked, PermissionRefused, TransitionNotAllowed
from strategies.models import ActionUpdate, CityPeriod, PeriodMove, PeriodRevision
from strategies.selectors.frozen import frozen_log
from strategies.services import periods, updates
from tests.factories import ActionFactory, CityPeriodFactory, ReportingPeriodFactory
from tests.proofs import examples

from .helpers import told

TEXTS = st.text("abc", min_size=1, max_size=3)


@dataclass
class Log:
    """An update as the test expects it."""

    period: int  # number of the period, by time
    text: str
    visibility: str
    version: int = 1
    is_withdrawn: bool = False


@dataclass
class Period:
    """A city's period as the test expects it."""

    state: str = "open"
    revision: int = 1
    moves: int = 1
    frozen: dict = field(default_factory=dict)  # revision number: what each reader sees in it

    @property
    def is_locked(self):
        return self.state in LOCKED


class Thread(RuleBasedStateMachine):
    """Starts with two periods; logging creates the next one if all are locked."""

    world = None  # set by the test
    logs = Bundle("logs")

    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.periods, self.updates, self.forms = [Period(), Period()], {}, {}

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # ---- helpers

    def row(self, number):
        rows = CityPeriod.objects.filter(city=self.world["city"]).order_by("period__starts_on")
        return rows.select_related("period", "city")[number]

    def target(self, number):
        """Return the period that a fact is stored in: its own, or the next one that is not locked."""
        while number < len(self.periods) and self.periods[number].is_locked:
            number += 1
        if number == len(self.periods):
            self.periods.append(Period(state="scheduled", moves=0))
        return number

    def day(self, number):
        """Return a day of the period that is not in the future."""
        return min(self.row(number).period.ends_on, self.world["city"].today)

    # ---- actions of people

    @initialize()
    def begin(self):
        assert ActionUpdate.objects.count() == 0

    @rule(target=logs, number=st.integers(0, 1), text=TEXTS, visibility=st.sampled_from(["city", "network", "public"]))
    def log(self, number, text, visibility):
        form = uuid4()
        data = told(text, date=self.day(number), visibility=visibility, form_uuid=form)
        update = updates.log_update(self.world["action"], by=self.world["official"], data=data)
        again = updates.log_update(self.world["action"], by=self.world["official"], data=data)
        goes_to = self.target(number)
        assert (again, update.is_reported_late) == (update, goes_to != number)
        self.updates[update.pk] = Log(goes_to, text, visibility)
        return update.pk

    @rule(pk=logs, text=TEXTS, is_stale=st.booleans())
    def change(self, pk, text, is_stale):
        log, update = self.updates[pk], ActionUpdate.objects.get(pk=pk)
        data = told(text, date=update.date, visibility=log.visibility)
        version = log.version - is_stale

        def act():
            updates.change_update(update, by=self.world["official"], data=data, version=version)

        if log.is_withdrawn:
            self.refused(AlreadyWithdrawn, act)
        elif self.periods[log.period].is_locked:
            self.refused(PeriodLocked, act)
        elif is_stale:
            self.refused(EditConflict, act)
        else:
            act()
            log.text, log.version = text, log.version + 1

    @rule(pk=logs)
    def withdraw(self, pk):
        log, update = self.updates[pk], ActionUpdate.objects.get(pk=pk)

        def act():
            updates.withdraw_update(update, by=self.world["official"], reason="Wrong.")

        if log.is_withdrawn:
            self.refused(AlreadyWithdrawn, act)
        elif self.periods[log.period].is_locked:
            self.refused(PeriodLocked, act)
        else:
            act()
            log.is_withdrawn, log.version = True, log.version + 1

    @rule(number=st.integers(0, 3), verb=st.sampled_from([*TRANSITIONS, "submit", "submit"]))
    def move(self, number, verb):
        if number >= len(self.periods):
            return
        period, (sources, target) = self.periods[number], TRANSITIONS[verb]
        row = self.row(number)
        acts = {
            "open": lambda: periods.open_period(row, by=self.world["coordinator"]),
            "submit": lambda: periods.submit_period(row, by=self.world["lead"]),
            "return": lambda: periods.return_period(row, by=self.world["coordinator"], comments="More."),
            "accept": lambda: periods.accept_period(row, by=self.world["coordinator"]),
            "publish": lambda: periods.publish_period(row, by=self.world["lead"]),
            "reopen": lambda: periods.reopen_period(row, by=self.world["coordinator"], reason="A digit."),
        }
        if period.state not in sources:
            self.refused(TransitionNotAllowed, acts[verb])
            return
        acts[verb]()
        if verb == "submit":
            standing = [log for log in self.updates.values() if log.period == number and not log.is_withdrawn]
            period.frozen[period.revision] = sorted((log.text, log.visibility) for log in standing)
        period.state, period.moves = target, period.moves + 1
        period.revision += verb in {"return", "reopen"}

    # ---- refused actions

    @rule(number=st.integers(0, 3), who=st.sampled_from(["official", "coordinator", "partner"]))
    def move_without_right(self, number, who):
        if number < len(self.periods):
            row = self.row(number)
            self.refused(PermissionRefused, lambda: periods.submit_period(row, by=self.world[who]))
            self.refused(PermissionRefused, lambda: periods.publish_period(row, by=self.world[who]))

    @rule(who=st.sampled_from(["partner", "coordinator"]), text=TEXTS)
    def log_without_right(self, who, text):
        act = self.world["action"]
        self.refused(PermissionRefused, lambda: updates.log_update(act, by=self.world[who], data=told(text)))

    @rule(pk=logs)
    def write_past_the_services(self, pk):
        rows = ActionUpdate.objects.filter(pk=pk)
        if self.periods[self.updates[pk].period].is_locked:
            self.refused(IntegrityError, lambda: rows.update(text="no"))
            self.refused(IntegrityError, lambda: rows._raw_delete("default"))
        else:
            with transaction.atomic():
                assert rows.update(text="no") == 1
                transaction.set_rollback(True)

    @rule(number=st.integers(0, 3))
    def move_past_the_services(self, number):
        if number < len(self.periods):
            rows = CityPeriod.objects.filter(pk=self.row(number).pk)
            state = "published" if self.periods[number].state != "published" else "open"
            self.refused(IntegrityError, lambda: rows.update(state=state))

    @staticmethod
    def refused(error, act):
        with pytest.raises(error), transaction.atomic():
            act()

    # ---- invariants

    @invariant()
    def rows_are_as_the_model_says(self):
        stored = {
            row.pk: (row.text, row.version, row.withdrawn_at is not None, row.city_period_id)
            for row in ActionUpdate.objects.all()
        }
        pks = [self.row(number).pk for number in range(len(self.periods))]
        assert stored == {
            pk: (log.text, log.version, log.is_withdrawn, pks[log.period]) for pk, log in self.updates.items()
        }
        rows = [self.row(number) for number in range(len(self.periods))]
        assert [(row.state, row.revision, row.move_count) for row in rows] == [
            (period.state, period.revision, period.moves) for period in self.periods
        ]
        assert PeriodMove.objects.count() == sum(period.moves for period in self.periods)

    @invariant()
    def revisions_read_as_they_were(self):
        for number, period in enumerate(self.periods):
            for revision in PeriodRevision.objects.filter(city_period=self.row(number)):
                told_in_it = [update for entry in revision.contents["actions"] for update in entry["updates"]]
                read = sorted((update["text"], update["visibility"]) for update in told_in_it)
                assert read == period.frozen[revision.number]
                assert sha256_hex(revision.snapshot) == revision.sha256

    @invariant()
    def partner_reads_the_newest_revision_and_nothing_of_the_city(self):
        newest = [period.frozen[max(period.frozen)] for period in self.periods if period.frozen]
        expected = sorted(text for told_in_it in newest for text, visibility in told_in_it if visibility != "city")
        assert sorted(row["text"] for row in frozen_log(self.world["action"], self.world["partner"])) == expected


@pytest.mark.prove
@pytest.mark.slow
@pytest.mark.django_db
def test_invariants_hold_in_any_order(everyone, city):
    roles = ("official", "lead", "coordinator", "partner")
    for ahead in (-1, 0):
        CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))
    Thread.world = {role: everyone[role] for role in roles} | {"city": city, "action": ActionFactory(city=city)}

    run_state_machine_as_test(
        Thread,
        settings=examples(few=8, many=400, stateful_step_count=22),
    )
