"""A network with one evaluation of Lublin and all who take part in it, created through the services."""

import copy
from datetime import timedelta
from types import SimpleNamespace

import pytest

from cities.enums import BodyKind, Role, Seat
from core import clock
from evaluation.enums import Capacity
from evaluation.models import Evaluation
from evaluation.services import committee, consensus, frameworks, ratings, rounds, stages
from tests.conftest import lublin
from tests.factories import EvaluationFactory, EvaluationRoundFactory, StrategyFactory, member
from tests.shared_rows import shared_rows

CODES = ["relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"]
STEPS = ["start_rating", "start_discussion", "start_moderation", "hand_to_committee"]


class Case(SimpleNamespace):
    """``case.evaluation`` is fetched each time; ``case.to("discuss")`` does what the earlier stages require."""

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation.objects.with_related().get(pk=self.pk)

    def dimension(self, code="impact"):
        return self.framework.dimensions.get(code=code)

    def rate(self, user, levels=3, **extra):
        """Rate all six dimensions with ``levels`` (one level, or levels by code) and submit."""
        for code in CODES:
            level = levels.get(code, 3) if isinstance(levels, dict) else levels
            ratings.save_rating(
                self.evaluation, self.dimension(code), by=user, level=level, reasons=f"Reason for {level}.", **extra
            )
        return ratings.submit_assessment(self.evaluation, by=user)

    def agree(self, level=3, codes=CODES):
        for code in codes:
            row = self.evaluation.consensus.filter(dimension__code=code).first()
            consensus.save_consensus(
                self.evaluation,
                self.dimension(code),
                by=self.moderator,
                level=level,
                reason="We agreed on it.",
                version=row.version if row else None,
            )

    def move(self, verb):
        return stages.move_stage(self.evaluation, verb, by=self.coordinator)

    def to(self, stage):
        while self.evaluation.stage != stage:
            {
                "declare": lambda: self.move("start_rating"),
                "rate": self._submit_ratings,
                "discuss": lambda: self.move("start_moderation"),
                "moderate": self._hand_over,
                "review": self._approve,
            }[self.evaluation.stage]()
        return self

    def _submit_ratings(self):
        if not self.evaluation.assessments.submitted().exists():
            self.rate(self.rater1, {"impact": 1})
            self.rate(self.rater2, {"impact": 4})
            self.rate(self.official, 4)
        self.move("start_discussion")

    def _hand_over(self):
        self.agree()
        self.move("hand_to_committee")

    def _approve(self):
        for user in (self.committee1, self.committee2):
            self.decide(user)

    def decide(self, user, decision="approve", snapshot_hash=None, **extra):
        snapshot_hash = snapshot_hash or committee.decision_hash(self.evaluation)
        return committee.decide(self.evaluation, by=user, decision=decision, snapshot_hash=snapshot_hash, **extra)


def make_case(city) -> Case:
    """Return an evaluation of ``city`` in its first stage, with all its participants."""
    network, scientific = BodyKind.NETWORK_OFFICE, BodyKind.SCIENTIFIC_COMMITTEE
    office = BodyKind.CITY_OFFICE
    framework = frameworks.load_framework()
    round_ = EvaluationRoundFactory(framework=framework, name="Autumn round")
    evaluation = EvaluationFactory(round=round_, strategy=StrategyFactory(city=city, published=True))
    case = Case(
        pk=evaluation.pk,
        framework=framework,
        round=round_,
        city=city,
        coordinator=member(network, Role.COORDINATOR),
        partner=member(network, Role.PARTNER),
        rater1=member(network, Role.TRAINER),
        rater2=member(network, Role.TRAINER),
        moderator=member(network, Role.TRAINER),
        committee1=member(scientific, Role.MEMBER),
        committee2=member(scientific, Role.MEMBER),
        committee3=member(scientific, Role.MEMBER, organisation=city.municipality),  # in conflict
        official=member(office, Role.OFFICIAL, city, organisation=city.municipality),
        lead=member(office, Role.LEAD_OFFICIAL, city, organisation=city.municipality),
        expert=member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, seat=Seat.SELECTED_EXPERT),
    )
    for user, capacity in (
        (case.rater1, Capacity.PEER),
        (case.rater2, Capacity.PEER),
        (case.official, Capacity.SELF),
    ):
        rounds.assign_rater(evaluation, user.person, capacity, by=case.coordinator)
    rounds.set_moderator(evaluation, case.moderator.person, by=case.coordinator)
    return case


def pytest_generate_tests(metafunc):
    """Parametrize ``shared_case`` with the stage, so that tests of one stage run together and share the rows.

    The stage comes from the marker ``stage`` or from a fixture that the module lists in ``PREPARED``.
    """
    names, marks = metafunc.fixturenames, list(metafunc.definition.iter_markers())
    given = " ".join(str(mark.args[0]) for mark in marks if mark.name == "parametrize")
    if "shared_case" not in names or "shared_case" in given:
        return
    stage = None  # or the function that prepares it
    if "case" in names and not any(mark.kwargs.get("transaction") for mark in marks if mark.name == "django_db"):
        prepared = getattr(metafunc.module, "PREPARED", {})
        stages = [mark.args[0] for mark in marks if mark.name == "stage"]
        stages += [name for name in prepared if name in names]
        stage = (*stages, "declare")[0]
        stage = prepared.get(stage, stage)
    metafunc.parametrize("shared_case", [stage], indirect=True, scope="package", ids=[pytest.HIDDEN_PARAM])


@pytest.fixture(scope="package", autouse=True)
def shared_case(request, django_db_setup, django_db_blocker):
    """Yield the case shared by all tests of one stage."""
    stage = request.param
    if stage is None:
        yield None
        return

    def make():
        case = make_case(lublin())
        stage(case) if callable(stage) else case.to(stage)
        return case

    with shared_rows(django_db_blocker, make) as case:
        yield case


@pytest.fixture
def case(request, db, shared_case):
    """Return a copy of the shared case; tests with real transactions get a new one."""
    if shared_case:
        return copy.deepcopy(shared_case)
    mark = request.node.get_closest_marker("stage")
    return make_case(lublin()).to(mark.args[0] if mark else "declare")


@pytest.fixture
def other_city(request, db):
    """Return the city of the case, or Lublin in tests without a case."""
    return request.getfixturevalue("case").city if "case" in request.fixturenames else lublin()


@pytest.fixture
def days():
    """``with days(14):`` runs the block 14 days later."""
    return lambda n: clock.at(clock.now() + timedelta(days=n))
