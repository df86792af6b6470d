"""Random sequences of actions keep the rules: blind ratings, no conflicts, two approvals, frozen results."""

from collections import Counter
from contextlib import ExitStack, nullcontext
from datetime import timedelta

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cities.enums import BodyKind, Role
from cities.models import Person
from core import clock
from core.exceptions import UserFacingError
from core.snapshots import canonical, sha256_hex
from evaluation import models as rows
from evaluation.agreement import NOT_KEPT, spread_of
from evaluation.enums import BY_DATE, FROM_DISCUSS, FROM_REVIEW, INDEPENDENT, STAGES, TRANSITIONS, Capacity
from evaluation.rules import duties_of, forget_duties
from evaluation.selectors.decision_snapshot import decision_contents, result_contents
from evaluation.services import committee, conflicts, consensus, discussion, ratings, rounds, stages
from tests.factories import PersonFactory, member
from tests.proofs import examples

DECLARE, RATE, DISCUSS, MODERATE, REVIEW, PUBLISHED = STAGES
CODES = ["relevance", "impact"]
OF_CITY, MEMBERS = {"official", "lead", "expert"}, {"committee1", "committee2", "committee4"}  # committee3 is in both
OFFICE = {"rater1", "rater2", "moderator", "partner", "coordinator"}  # trainers, as partners, read what is published
SEE_COMMITTEE_TEXTS = OF_CITY | OFFICE  # the committee's texts, once published
OTHERS = OFFICE | {"committee3", "superuser"}

yes_or_no, codes, levels = st.booleans(), st.sampled_from(CODES), st.sampled_from([1, 4, None])
deciders = st.sampled_from(["committee1", "committee2", "committee4", "committee3", "rater1"])
tasked = st.sampled_from(["rater1", "official", "moderator", "committee1", "rater2", "superuser"])


class EvaluationMachine(RuleBasedStateMachine):
    """One evaluation of two dimensions, brought to a random stage through the services."""

    case = evaluation = dimensions = users = queries = None  # set by the test

    def __init__(self):
        super().__init__()
        self.example, self.time, self.now = transaction.atomic(), ExitStack(), clock.now()
        self.example.__enter__()
        forget_duties()  # cached in the example before, which was rolled back
        self.stage, self.cycle, self.moderator, self.transitions = DECLARE, 1, "moderator", []
        self.moved_on = None
        self.raters = {"rater1": Capacity.PEER, "rater2": Capacity.PEER, "official": Capacity.SELF}
        self.rated, self.submitted, self.agreed, self.conflicts = {}, set(), {}, {}
        self.blind = {}  # levels of submitted ratings as of the end of the blind stage
        self.notes, self.questions, self.decisions, self.reopened = 0, {}, [], None
        self.hashes, self.published, self.given = {}, None, {}

    def teardown(self):
        self.time.close()
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # ---- the expected state

    def is_free(self, who):
        return who not in OF_CITY | {"committee3"} | self.conflicts.keys()

    def may_rate(self, who):
        return who in self.raters and (self.raters[who] not in INDEPENDENT or self.is_free(who))

    def may_moderate(self, who):
        return who == self.moderator and self.is_free(who)

    def has_rated(self, who):
        return who in self.raters or any(rater == who for rater, _ in self.rated)

    def may_decide(self, who):
        return who in MEMBERS and self.is_free(who) and not self.has_rated(who) and who != self.moderator

    def sees_others(self, who):
        in_review = self.stage in FROM_REVIEW and who in MEMBERS and self.is_free(who)
        return in_review or (self.stage in FROM_DISCUSS and self.may_discuss(who))

    def is_late(self, who):
        """Return whether the rater may still submit complete ratings and therefore sees nothing of others."""
        has_all = all((who, code) in self.rated for code in CODES)
        return self.stage == DISCUSS and self.may_rate(who) and has_all and who not in self.submitted

    def may_discuss(self, who):
        return (self.may_rate(who) and not self.is_late(who)) or self.may_moderate(who)

    def counted(self):
        return self.submitted & self.raters.keys()

    def concurring(self):
        """Return how many members without conflict approved the same hash in this cycle."""
        approvals = [row for row in self.decisions if (row[0], row[2]) == (self.cycle, "approve")]
        return max(Counter(stated for _, who, _, stated in approvals if self.may_decide(who)).values(), default=0)

    def is_ready(self, verb):
        """Return whether a transition by hand or by date is possible."""
        return self.stage in TRANSITIONS[verb][0] and {
            "start_rating": True,
            "start_discussion": bool(self.counted()),
            "start_moderation": self.moderator is not None,
            "hand_to_committee": self.moderator is not None and len(self.agreed) == len(CODES),
        }.get(verb, False)

    # ---- helpers

    def queries_of(self, who):
        """Return the compiled queries, cached by user and duties, which decide the subqueries."""
        key = who, duties_of(self.users[who].person)
        if key not in self.queries:
            self.queries[key] = compiled_queries(self.users[who])
        return self.queries[key]

    def attempt(self, is_allowed, service, *args, by="coordinator", **fields):
        with nullcontext() if is_allowed else pytest.raises(UserFacingError), transaction.atomic():
            return service(*args, by=self.users[by], **fields)

    def record_move(self, verb):
        self.transitions.append((verb, self.stage, TRANSITIONS[verb][1]))
        self.stage, self.moved_on = TRANSITIONS[verb][1], clock.today()
        if verb == "start_discussion":
            self.keep_blind_levels(self.submitted)

    def keep_blind_levels(self, raters):
        self.blind |= {key: level for key, (level, _) in self.rated.items() if key[0] in raters}

    def sync_with_database(self):
        """Two approvals publish; a decision may also begin a new cycle of decisions."""
        row = self.case.evaluation
        self.cycle = row.cycle
        if row.stage == PUBLISHED and self.stage == REVIEW:
            assert self.concurring() >= 2
            self.record_move("publish")
            self.published = self.stored_rows(), sha256_hex(canonical(result_contents(row)))

    def stored_rows(self):
        names = ("assignments", "assessments", "consensus", "notes", "reviews", "questions")
        found = [*(getattr(self.evaluation, name) for name in names), rows.Rating.objects]
        return [list(one.order_by("pk").values()) for one in found]

    # ---- actions of people

    @initialize(stage=st.sampled_from([REVIEW, RATE, DISCUSS, REVIEW, MODERATE, PUBLISHED, DECLARE]))
    def begin(self, stage):
        while self.stage != stage:
            self.advance()

    @rule()
    def advance(self):
        """Do what must be done next in this stage."""
        for who in [*self.raters] if self.stage == RATE else []:
            for level, code in enumerate(CODES, 2):
                self.rate(who, code, level, is_last=code == CODES[-1])
        for code in CODES if self.stage == MODERATE and self.moderator else []:
            self.agree(self.moderator, code, 3)
        decided = {who for cycle, who, *_ in self.decisions if cycle == self.cycle}
        for who in sorted(MEMBERS - decided)[:1] if self.stage == REVIEW else []:
            self.decide(who, "approve", code="impact", is_read=True, reopens=False)
        for verb in [verb for verb in BY_DATE if self.stage in TRANSITIONS[verb][0]][:1]:
            self.move("coordinator", verb)

    @rule(
        who=tasked,
        capacity=st.sampled_from(Capacity),
        is_reassigned=yes_or_no,
        is_named=st.sampled_from([True, True, False]),
    )
    def assign(self, who, capacity, is_reassigned, is_named):
        if who in self.raters and is_reassigned:
            assignment = self.evaluation.assignments.active().get(person=self.users[who].person)
            if self.attempt(self.stage in {DECLARE, RATE, DISCUSS}, rounds.withdraw_rater, assignment):
                del self.raters[who]
        if not is_named:
            return
        fits = {Capacity.SELF: who in OF_CITY, Capacity.EXPERT_GROUP: who in {"official", "expert"}}
        may_be = fits.get(capacity, self.is_free(who) and (capacity == Capacity.PEER or who in MEMBERS))
        may = self.stage in {DECLARE, RATE} and who != self.moderator and may_be
        if who in self.raters:
            may = self.raters[who] == capacity
        if self.attempt(may, rounds.assign_rater, self.evaluation, self.users[who].person, capacity):
            self.raters[who] = capacity

    @rule(who=tasked)
    def assign_moderator(self, who):
        may = self.stage not in FROM_REVIEW and self.is_free(who) and not self.has_rated(who)
        person = self.users[who].person
        if self.attempt(may or who == self.moderator, rounds.set_moderator, self.evaluation, person):
            self.moderator = who

    @rule(who=st.sampled_from(["committee1", "rater1", "official", "moderator", "committee3"]), is_own=yes_or_no)
    def declare(self, who, is_own):
        is_again = who in self.conflicts and self.conflicts[who].declared_by == self.users[who]
        sees = self.is_free(who) if who in MEMBERS else who not in {"committee3", *self.conflicts}
        may = self.stage != PUBLISHED and (sees or is_again or not is_own)
        fields = {"by": who if is_own else "coordinator", "reason": "Kin."}
        for _ in range(2):  # a repeated declaration returns the first
            conflict = self.attempt(may, conflicts.declare_conflict, self.evaluation, self.users[who].person, **fields)
            assert not may or conflict == self.conflicts.setdefault(who, conflict)
        if may and self.raters.get(who) in INDEPENDENT:
            self.cycle += self.stage == REVIEW and who in self.submitted
            del self.raters[who]
        if may and self.moderator == who:
            self.moderator = None

    @rule()
    def withdraw_conflict(self):
        if self.conflicts:
            self.attempt(True, conflicts.withdraw_conflict, self.conflicts.popitem()[1])
            self.sync_with_database()

    @rule(who=tasked, code=codes, level=levels, is_last=yes_or_no)
    def rate(self, who, code, level, is_last):
        is_late = self.stage == DISCUSS or (self.stage == MODERATE and code == self.reopened)
        may = self.may_rate(who) and (is_late if who in self.submitted else self.stage == RATE)
        said = {"level": level, "reasons": "Seen."} if level else {"not_assessed_reason": "No data."}
        said["version"] = self.rated.get((who, code), (None, None))[1]
        if done := self.attempt(may, ratings.save_rating, self.evaluation, self.dimensions[code], by=who, **said):
            self.rated[who, code] = level, done.version
        if is_last:
            self.submit(who)

    def submit(self, who):
        is_complete = self.stage in {RATE, DISCUSS} and all((who, code) in self.rated for code in CODES)
        may, is_late = self.may_rate(who) and (is_complete or who in self.submitted), self.is_late(who)
        if self.attempt(may, ratings.submit_assessment, self.evaluation, by=who):
            self.submitted.add(who)
            if is_late:
                self.keep_blind_levels({who})

    @rule(who=tasked, code=codes)
    def discuss(self, who, code):
        may = self.stage in {DISCUSS, MODERATE} and self.may_discuss(who)
        said = {"by": who, "text": f"Note {self.notes}."}
        self.notes += bool(self.attempt(may, discussion.add_note, self.evaluation, self.dimensions[code], **said))

    @rule(who=st.sampled_from(["moderator", "rater1", "committee1"]), code=codes, level=levels)
    def agree(self, who, code, level):
        may = self.stage == MODERATE and self.may_moderate(who)
        said = {"by": who, "level": level, "not_assessed_reason": "" if level else "No data.", "reason": "Agreed."}
        said["version"] = self.agreed.get(code, (None, None))[1]
        if done := self.attempt(may, consensus.save_consensus, self.evaluation, self.dimensions[code], **said):
            self.agreed[code] = level, done.version

    @rule(who=st.sampled_from(["coordinator", "moderator", "superuser"]), verb=st.sampled_from([*TRANSITIONS]))
    def move(self, who, verb):
        may = who == "coordinator" or (verb == "hand_to_committee" and self.may_moderate(who))
        if self.attempt(may and self.is_ready(verb), stages.move_stage, self.evaluation, verb, by=who):
            self.record_move(verb)

    @rule(days=st.sampled_from([0, 7, 28]))
    def pass_days(self, days):
        self.now += timedelta(days)
        self.time.close()
        self.time.enter_context(clock.at(self.now))
        stages.move_due_stages()
        self.move_if_due()

    def move_if_due(self):
        """At most one stage starts by date, and none on the day on which the current one started."""
        for verb, day in BY_DATE.items():
            is_due = getattr(self.evaluation.round, day) <= clock.today() and self.moved_on != clock.today()
            if is_due and self.is_ready(verb) and (verb != "hand_to_committee" or self.cycle == 1):
                self.record_move(verb)
                return

    @rule(
        who=deciders,
        said=st.sampled_from(["approve", "approve", "request_changes"]),
        code=codes,
        is_read=st.sampled_from([True, True, False]),
        reopens=yes_or_no,
    )
    def decide(self, who, said, code, is_read, reopens):
        now = committee.decision_hash(self.case.evaluation)
        stated = now if is_read else next(iter(self.hashes))
        repeated = next((row for row in self.decisions if (row[1], row[3]) == (who, stated)), None)
        is_new = self.stage == REVIEW and not any(row[:2] == (self.cycle, who) for row in self.decisions)
        given = said, code, reopens and said == "request_changes"
        may = self.may_decide(who) and (self.given[who, stated] == given if repeated else is_new and stated == now)
        words = {"decision": said, "snapshot_hash": stated, "reason": "So.", "reopen_ratings": reopens}
        words["dimensions"] = {code: (said, "Why?")}
        if not self.attempt(may, committee.decide, self.evaluation, by=who, **words) or repeated:
            return
        self.decisions.append((self.cycle, who, said, stated))
        self.given[who, stated] = given
        if said == "approve":
            self.sync_with_database()
        else:
            self.record_move("request_changes")
            self.cycle, self.reopened = self.cycle + 1, code if reopens else None

    @rule(who=deciders, answers=st.sampled_from([None, "official", "lead", "expert"]))
    def ask(self, who, answers):
        may, text = self.stage == REVIEW and self.may_decide(who), f"Question {len(self.questions)}?"
        if question := self.attempt(may, committee.ask_question, self.evaluation, by=who, text=text):
            self.questions[question] = None
        for question, known in [*self.questions.items()][-1:] if answers else []:
            may = answers != "expert" and (known == answers or (known is None and self.stage != PUBLISHED))
            if self.attempt(may, committee.answer_question, question, by=answers, text="Yes."):
                self.questions[question] = answers
                self.sync_with_database()

    @rule(model=st.sampled_from([rows.StageTransition, rows.CommitteeReview, rows.EvaluationResult]))
    def update_without_services(self, model):
        if QuerySet(model).exists():
            with pytest.raises(IntegrityError), transaction.atomic():
                QuerySet(model).update(evaluation=self.evaluation)

    # ---- invariants

    @invariant()
    def rows_match_the_expected_state(self):
        row = self.case.evaluation
        assert (row.stage, row.cycle, row.moderator and row.moderator.name) == (self.stage, self.cycle, self.moderator)
        assert list(row.transitions.values_list("verb", "from_stage", "to_stage")) == self.transitions
        assert dict(row.assignments.active().values_list("person__name", "capacity")) == self.raters
        decisions = row.reviews.order_by("pk").values_list("cycle", "member__name", "decision", "snapshot_hash")
        assert list(decisions) == self.decisions
        agreed = dict(row.consensus.values_list("dimension__code", "level"))
        assert agreed == {code: level for code, (level, _) in self.agreed.items()}

    @invariant()
    def raters_have_one_assessment_and_the_moderator_none(self):
        found = list(self.evaluation.assessments.values_list("rater__name", "capacity", "submitted_at"))
        assert sorted(who for who, *_ in found) == sorted({who for who, _ in self.rated})
        assert {who for who, _, at in found if at} == self.submitted
        assert [who for who, capacity, _ in found if self.raters.get(who, capacity) != capacity] == []
        assert self.moderator not in self.raters.keys() | {who for who, *_ in found}

    @invariant()
    def visible_rows_match_the_expected_permissions(self):
        sizes = len(self.agreed), self.notes, len(self.decisions), len(self.questions)
        with connection.cursor() as cursor:
            seen = {who: [fetch(cursor, query) for query in self.queries_of(who)] for who in self.users}
        for who, (ratings_, *others, part) in seen.items():
            authors = {who} | (self.submitted if self.sees_others(who) else set())
            assert set(ratings_) == {(rater, code) for rater, code in self.rated if rater in authors}, who
            is_member, is_official = who in MEMBERS and self.is_free(who), who in {"official", "lead"}
            agreed = self.stage in FROM_REVIEW and (is_member or who == "lead")
            agreed |= self.stage == PUBLISHED or (self.stage in FROM_DISCUSS and self.may_moderate(who))
            sees_texts = self.stage == PUBLISHED and who in SEE_COMMITTEE_TEXTS
            sees = agreed, self.sees_others(who), is_member or sees_texts, is_member or is_official or sees_texts
            assert [len(found) for found in others] == [n * may for n, may in zip(sizes, sees, strict=True)], who
            assert part == [(self.may_rate(who), self.may_moderate(who), self.may_decide(who))], who

    @invariant()
    def decision_hash_identifies_its_contents_and_agreement_is_independent(self):
        contents, hashed_state = (
            decision_contents(self.case.evaluation),
            [self.cycle, sum(map(bool, self.questions.values()))],
        )
        for entry in contents["dimensions"]:
            code, counted = entry["code"], self.counted()
            blind = {who: self.blind.get((who, code), NOT_KEPT) for who in counted}
            given = [(self.raters[who], self.rated[who, code][0], blind[who]) for who in counted]
            spread = spread_of(level for capacity, _, level in given if capacity in INDEPENDENT)
            assert entry["agreement"] == spread._asdict() | {"gap": spread.gap}
            hashed_state += [code in self.agreed, self.agreed.get(code, [0])[0], sorted(given, key=str)]
        assert self.hashes.setdefault(sha256_hex(canonical(contents)), str(hashed_state)) == str(hashed_state)
        assert len({*self.hashes.values()}) == len(self.hashes)

    @invariant()
    def two_approvals_end_the_review(self):
        assert self.stage != REVIEW or self.concurring() < 2

    @invariant()
    def published_result_is_unchanged(self):
        results = list(rows.EvaluationResult.objects.all())
        assert len(results) == (self.stage == PUBLISHED)
        for result in results:
            assert (self.stored_rows(), sha256_hex(result.snapshot)) == self.published
            assert result.sha256 == self.published[1]


def fetch(cursor, query):
    if query is None:
        return []
    cursor.execute(*query)
    return cursor.fetchall()


def compiled_queries(user):
    """Return the compiled queries of the rows that the user may see; person and memberships do not change here.

    A query without possible results is None.
    """
    seen = [rows.Rating.objects.visible_to(user).values_list("assessment__rater__name", "dimension__code")]
    for model in (rows.Consensus, rows.DiscussionNote, rows.CommitteeReview, rows.CommitteeQuestion):
        seen.append(model.objects.visible_to(user).values_list("pk"))
    seen.append(rows.Evaluation.objects.with_roles_of(user).values_list("is_rater", "is_moderator", "is_reviewer"))
    return [compile_query(one.query) for one in seen]


def compile_query(query):
    try:
        return query.sql_with_params()
    except EmptyResultSet:
        return None


@pytest.mark.prove
@pytest.mark.slow
@pytest.mark.django_db
def test_invariants_hold_for_random_steps(case):
    case.committee4 = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER)
    case.superuser = PersonFactory(user__is_superuser=True, user__is_staff=True).user
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, case.city, user=case.official)  # is a member of both
    case.framework.dimensions.exclude(code__in=CODES).delete()
    EvaluationMachine.case, EvaluationMachine.evaluation = case, case.evaluation
    EvaluationMachine.dimensions = {dimension.code: dimension for dimension in case.framework.dimensions.all()}
    EvaluationMachine.users = {who: getattr(case, who) for who in sorted(OF_CITY | MEMBERS | OTHERS)}
    EvaluationMachine.queries = {}
    for who, user in EvaluationMachine.users.items():
        Person.objects.filter(user=user).update(name=who)

    run_state_machine_as_test(
        EvaluationMachine,
        # A failing example is not shrunk: that takes minutes.
        settings=examples(few=3, many=300, stateful_step_count=30, phases=[Phase.generate]),
    )
