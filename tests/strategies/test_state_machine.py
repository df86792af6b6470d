"""Random sequences of reporting steps keep locks, revisions and updates consistent."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.exceptions import EditConflict, PermissionRefused
from core.snapshots import sha256_hex
from strategies.enums import LOCKED, TRANSITIONS
from strategies.exceptions import AlreadyWithdrawn, PeriodLocked, TransitionNotAllowed
from strategies.models import ActionUpdate, CityPeriod, PeriodRevision, PeriodTransition
from strategies.selectors.frozen import frozen_log
from strategies.services import periods, updates
from tests.factories import ActionFactory, CityPeriodFactory, ReportingPeriodFactory
from tests.proofs import examples

from .helpers import update_input

TEXTS = st.text("abc", min_size=1, max_size=3)


@dataclass
class Log:
    """Expected state of an update."""

    period: int  # number of the period, by time
    text: str
    visibility: str
    version: int = 1
    is_withdrawn: bool = False


@dataclass
class Period:
    """Expected state of a city period."""

    state: str = "open"
    revision: int = 1
    transitions: int = 1
    frozen: dict = field(default_factory=dict)  # sorted texts and visibilities by revision

    @property
    def is_locked(self):
        return self.state in LOCKED


class ReportingMachine(RuleBasedStateMachine):
    """Start with two periods; logging creates later ones when all are locked."""

    shared_data = None  # set by the test
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
        rows = CityPeriod.objects.filter(city=self.shared_data["city"]).order_by("period__starts_on")
        return rows.select_related("period", "city")[number]

    def target(self, number):
        """Return the number of the first period from this one on that is not locked; add one if needed."""
        while number < len(self.periods) and self.periods[number].is_locked:
            number += 1
        if number == len(self.periods):
            self.periods.append(Period(state="scheduled", transitions=0))
        return number

    def day(self, number):
        """Return a day of the period that is not in the future."""
        return min(self.row(number).period.ends_on, self.shared_data["city"].today)

    # ---- allowed steps

    @initialize()
    def begin(self):
        assert ActionUpdate.objects.count() == 0

    @rule(target=logs, number=st.integers(0, 1), text=TEXTS, visibility=st.sampled_from(["city", "network", "public"]))
    def log(self, number, text, visibility):
        form = uuid4()
        data = update_input(text, date=self.day(number), visibility=visibility, form_uuid=form)
        update = updates.log_update(self.shared_data["action"], by=self.shared_data["official"], data=data)
        again = updates.log_update(self.shared_data["action"], by=self.shared_data["official"], data=data)
        assigned = self.target(number)
        assert (again, update.is_reported_late) == (update, assigned != number)
        self.updates[update.pk] = Log(assigned, text, visibility)
        return update.pk

    @rule(pk=logs, text=TEXTS, is_stale=st.booleans())
    def change(self, pk, text, is_stale):
        log, update = self.updates[pk], ActionUpdate.objects.get(pk=pk)
        data = update_input(text, date=update.date, visibility=log.visibility)
        version = log.version - is_stale

        def act():
            updates.change_update(update, by=self.shared_data["official"], data=data, version=version)

        if log.is_withdrawn:
            self.assert_refused(AlreadyWithdrawn, act)
        elif self.periods[log.period].is_locked:
            self.assert_refused(PeriodLocked, act)
        elif is_stale:
            self.assert_refused(EditConflict, act)
        else:
            act()
            log.text, log.version = text, log.version + 1

    @rule(pk=logs)
    def withdraw(self, pk):
        log, update = self.updates[pk], ActionUpdate.objects.get(pk=pk)

        def act():
            updates.withdraw_update(update, by=self.shared_data["official"], reason="Wrong.")

        if log.is_withdrawn:
            self.assert_refused(AlreadyWithdrawn, act)
        elif self.periods[log.period].is_locked:
            self.assert_refused(PeriodLocked, act)
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
            "open": lambda: periods.open_period(row, by=self.shared_data["coordinator"]),
            "submit": lambda: periods.submit_period(row, by=self.shared_data["lead"]),
            "return": lambda: periods.return_period(row, by=self.shared_data["coordinator"], comments="More."),
            "accept": lambda: periods.accept_period(row, by=self.shared_data["coordinator"]),
            "publish": lambda: periods.publish_period(row, by=self.shared_data["lead"]),
            "reopen": lambda: periods.reopen_period(row, by=self.shared_data["coordinator"], reason="A digit."),
        }
        if period.state not in sources:
            self.assert_refused(TransitionNotAllowed, acts[verb])
            return
        acts[verb]()
        if verb == "submit":
            active = [log for log in self.updates.values() if log.period == number and not log.is_withdrawn]
            period.frozen[period.revision] = sorted((log.text, log.visibility) for log in active)
        period.state, period.transitions = target, period.transitions + 1
        period.revision += verb in {"return", "reopen"}

    # ---- refused steps

    @rule(number=st.integers(0, 3), who=st.sampled_from(["official", "coordinator", "partner"]))
    def move_without_permission(self, number, who):
        if number < len(self.periods):
            row = self.row(number)
            self.assert_refused(PermissionRefused, lambda: periods.submit_period(row, by=self.shared_data[who]))
            self.assert_refused(PermissionRefused, lambda: periods.publish_period(row, by=self.shared_data[who]))

    @rule(who=st.sampled_from(["partner", "coordinator"]), text=TEXTS)
    def log_without_permission(self, who, text):
        act = self.shared_data["action"]
        self.assert_refused(
            PermissionRefused, lambda: updates.log_update(act, by=self.shared_data[who], data=update_input(text))
        )

    @rule(pk=logs)
    def update_without_services(self, pk):
        rows = ActionUpdate.objects.filter(pk=pk)
        if self.periods[self.updates[pk].period].is_locked:
            self.assert_refused(IntegrityError, lambda: rows.update(text="no"))
            self.assert_refused(IntegrityError, lambda: rows._raw_delete("default"))
        else:
            with transaction.atomic():
                assert rows.update(text="no") == 1
                transaction.set_rollback(True)

    @rule(number=st.integers(0, 3))
    def move_without_services(self, number):
        if number < len(self.periods):
            rows = CityPeriod.objects.filter(pk=self.row(number).pk)
            state = "published" if self.periods[number].state != "published" else "open"
            self.assert_refused(IntegrityError, lambda: rows.update(state=state))

    @staticmethod
    def assert_refused(error, act):
        with pytest.raises(error), transaction.atomic():
            act()

    # ---- invariants

    @invariant()
    def rows_match_the_expected_state(self):
        stored = {
            row.pk: (row.text, row.version, row.withdrawn_at is not None, row.city_period_id)
            for row in ActionUpdate.objects.all()
        }
        pks = [self.row(number).pk for number in range(len(self.periods))]
        assert stored == {
            pk: (log.text, log.version, log.is_withdrawn, pks[log.period]) for pk, log in self.updates.items()
        }
        rows = [self.row(number) for number in range(len(self.periods))]
        assert [(row.state, row.revision, row.transition_count) for row in rows] == [
            (period.state, period.revision, period.transitions) for period in self.periods
        ]
        assert PeriodTransition.objects.count() == sum(period.transitions for period in self.periods)

    @invariant()
    def revisions_are_unchanged(self):
        for number, period in enumerate(self.periods):
            for revision in PeriodRevision.objects.filter(city_period=self.row(number)):
                frozen_updates = [update for entry in revision.contents["actions"] for update in entry["updates"]]
                read = sorted((update["text"], update["visibility"]) for update in frozen_updates)
                assert read == period.frozen[revision.number]
                assert sha256_hex(revision.snapshot) == revision.sha256

    @invariant()
    def partner_sees_the_newest_revision_without_city_only_updates(self):
        newest = [period.frozen[max(period.frozen)] for period in self.periods if period.frozen]
        expected = sorted(
            text for frozen_updates in newest for text, visibility in frozen_updates if visibility != "city"
        )
        assert (
            sorted(update.text for update, _ in frozen_log(self.shared_data["action"], self.shared_data["partner"]))
            == expected
        )


@pytest.mark.prove
@pytest.mark.slow
@pytest.mark.django_db
def test_invariants_hold_for_random_steps(everyone, city):
    roles = ("official", "lead", "coordinator", "partner")
    for ahead in (-1, 0):
        CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))
    ReportingMachine.shared_data = {role: everyone[role] for role in roles} | {
        "city": city,
        "action": ActionFactory(city=city),
    }

    run_state_machine_as_test(
        ReportingMachine,
        settings=examples(few=4, many=400, stateful_step_count=22),
    )
