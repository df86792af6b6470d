"""A network with one evaluation of Lublin and everybody who takes part in it, made through the services."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from cities.enums import BodyKind, Role, Seat
from core import clock
from evaluation.enums import Capacity
from evaluation.models import Evaluation
from evaluation.services import committee, consensus, frameworks, ratings, rounds, stages
from tests.factories import EvaluationFactory, EvaluationRoundFactory, StrategyFactory, member

CODES = ["relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"]
STEPS = ["start_rating", "start_discussion", "start_moderation", "hand_to_committee"]


class Case(SimpleNamespace):
    """``case.evaluation`` is read anew each time; ``case.to("discuss")`` fills in what the stage before needs."""

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation.objects.with_related().get(pk=self.pk)

    def dimension(self, code="impact"):
        return self.framework.dimensions.get(code=code)

    def rate(self, user, levels=3, **extra):
        """Rate all six as ``levels`` (one for all, or by code), and submit."""
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
                "rate": self._rated,
                "discuss": lambda: self.move("start_moderation"),
                "moderate": self._agreed,
                "review": self._approved,
            }[self.evaluation.stage]()
        return self

    def _rated(self):
        if not self.evaluation.assessments.submitted().exists():
            self.rate(self.rater1, {"impact": 1})
            self.rate(self.rater2, {"impact": 4})
            self.rate(self.official, 4)
        self.move("start_discussion")

    def _agreed(self):
        self.agree()
        self.move("hand_to_committee")

    def _approved(self):
        for user in (self.committee1, self.committee2):
            self.decide(user)

    def decide(self, user, decision="approve", snapshot_hash=None, **extra):
        snapshot_hash = snapshot_hash or committee.decision_hash(self.evaluation)
        return committee.decide(self.evaluation, by=user, decision=decision, snapshot_hash=snapshot_hash, **extra)


@pytest.fixture
def case(other_city):
    network, scientific = BodyKind.NETWORK_OFFICE, BodyKind.SCIENTIFIC_COMMITTEE
    office = BodyKind.CITY_OFFICE
    framework = frameworks.load_framework()
    round_ = EvaluationRoundFactory(framework=framework, name="Autumn round")
    evaluation = EvaluationFactory(round=round_, strategy=StrategyFactory(city=other_city, published=True))
    case = Case(
        pk=evaluation.pk,
        framework=framework,
        round=round_,
        city=other_city,
        coordinator=member(network, Role.COORDINATOR),
        partner=member(network, Role.PARTNER),
        rater1=member(network, Role.TRAINER),
        rater2=member(network, Role.TRAINER),
        moderator=member(network, Role.TRAINER),
        committee1=member(scientific, Role.MEMBER),
        committee2=member(scientific, Role.MEMBER),
        committee3=member(scientific, Role.MEMBER, organisation=other_city.municipality),  # in conflict
        official=member(office, Role.OFFICIAL, other_city, organisation=other_city.municipality),
        lead=member(office, Role.LEAD_OFFICIAL, other_city, organisation=other_city.municipality),
        expert=member(BodyKind.EXPERT_GROUP, Role.MEMBER, other_city, seat=Seat.SELECTED_EXPERT),
    )
    for user, capacity in (
        (case.rater1, Capacity.PEER),
        (case.rater2, Capacity.PEER),
        (case.official, Capacity.SELF),
    ):
        rounds.assign_rater(evaluation, user.person, capacity, by=case.coordinator)
    rounds.set_moderator(evaluation, case.moderator.person, by=case.coordinator)
    return case


@pytest.fixture
def days():
    """``with days(14):`` lets so many days pass."""
    return lambda n: clock.at(clock.now() + timedelta(days=n))
