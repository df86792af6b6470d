from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from core import clock
from core.snapshots import canonical, sha256_hex
from evaluation.enums import (
    RECOMMENDATION_TRANSITIONS,
    TRANSITIONS,
    Capacity,
    RecommendationSource,
    ResponseDecision,
    Stage,
)
from evaluation.models import (
    Assessment,
    Dimension,
    Evaluation,
    EvaluationRound,
    Framework,
    ManagementResponse,
    RaterAssignment,
    Rating,
    Recommendation,
    RecommendationProgress,
    RecommendationTransition,
    StageTransition,
)
from strategies.models import PeriodRevision
from strategies.selectors.period_contents import period_contents

from .people import CityFactory, PersonFactory, UserFactory
from .strategies import CityPeriodFactory, ReportingPeriodFactory, StrategyFactory

SCALE = {
    str(level): {"en": name} for level, name in enumerate(["not met", "partly met", "largely met", "fully met"], 1)
}


class FrameworkFactory(DjangoModelFactory):
    class Meta:
        model = Framework
        django_get_or_create = ("name", "version")

    name = "Test framework"
    version = 1
    scale = SCALE


class DimensionFactory(DjangoModelFactory):
    class Meta:
        model = Dimension

    framework = factory.SubFactory(FrameworkFactory)
    code = factory.Sequence(lambda n: f"dimension-{n}")
    order = factory.Sequence(lambda n: n + 1)
    names = factory.LazyAttribute(lambda dimension: {"en": dimension.code})
    questions = factory.LazyFunction(lambda: {"en": "Is it so?"})
    rubric = factory.LazyFunction(lambda: {level: {"en": f"Level {level}"} for level in "1234"})


class EvaluationRoundFactory(DjangoModelFactory):
    class Meta:
        model = EvaluationRound

    framework = factory.SubFactory(FrameworkFactory)
    period = factory.SubFactory(ReportingPeriodFactory)
    name = factory.Sequence(lambda n: f"Round {n}")
    declare_on = factory.LazyFunction(clock.today)
    rate_on = factory.LazyAttribute(lambda row: row.declare_on + timedelta(days=7))
    discuss_on = factory.LazyAttribute(lambda row: row.declare_on + timedelta(days=14))
    moderate_on = factory.LazyAttribute(lambda row: row.declare_on + timedelta(days=21))
    review_on = factory.LazyAttribute(lambda row: row.declare_on + timedelta(days=28))
    decide_by = factory.LazyAttribute(lambda row: row.declare_on + timedelta(days=35))


def _revision(strategy, period):
    city_period = CityPeriodFactory(city=strategy.city, period=period, to_state="submitted")
    snapshot = canonical(period_contents(city_period) | {"strategy": None, "actions": [], "indicators": []})
    return PeriodRevision.objects.create(
        city_period=city_period, number=1, snapshot=snapshot, sha256=sha256_hex(snapshot)
    )


PATH = ["start_rating", "start_discussion", "start_moderation", "hand_to_committee", "publish"]


def move_to_stage(evaluation, stage):
    """Move to ``stage`` with the transitions that the triggers require, without what the services require."""
    for verb in PATH[list(Stage).index(evaluation.stage) : list(Stage).index(stage)]:
        target = TRANSITIONS[verb][1]
        StageTransition.objects.create(
            evaluation=evaluation, verb=verb, from_stage=evaluation.stage, to_stage=target, reason=""
        )
        evaluation.stage = target
        if target == Stage.PUBLISHED:
            evaluation.published_at = evaluation.published_at or clock.now()
        evaluation.save(update_fields=["stage", "published_at"])
    return evaluation


class EvaluationFactory(DjangoModelFactory):
    """Create an evaluation of an empty revision; ``stage=`` adds the transitions to it.

    Tests that read the contents submit a period through the service.
    """

    class Meta:
        model = Evaluation

    @classmethod
    def _create(cls, model_class, *args, stage=Stage.DECLARE, **kwargs):
        return move_to_stage(super()._create(model_class, *args, **kwargs), stage)

    round = factory.SubFactory(EvaluationRoundFactory)
    strategy = factory.SubFactory(StrategyFactory, published=True)
    revision = factory.LazyAttribute(lambda row: _revision(row.strategy, row.round.period))


class RaterAssignmentFactory(DjangoModelFactory):
    class Meta:
        model = RaterAssignment

    evaluation = factory.SubFactory(EvaluationFactory)
    person = factory.SubFactory(PersonFactory)
    capacity = Capacity.PEER
    assigned_by = factory.SubFactory(UserFactory)


class AssessmentFactory(DjangoModelFactory):
    class Meta:
        model = Assessment

    evaluation = factory.SubFactory(EvaluationFactory)
    rater = factory.SubFactory(PersonFactory)
    capacity = Capacity.PEER


class RatingFactory(DjangoModelFactory):
    class Meta:
        model = Rating

    assessment = factory.SubFactory(AssessmentFactory)
    dimension = factory.SubFactory(DimensionFactory)
    level = 3
    reasons = "Because of what was seen."


def move_recommendation(row, *verbs):
    """Apply transitions as the triggers require, without what the services require."""
    for verb in verbs:
        target = RECOMMENDATION_TRANSITIONS[verb][1]
        RecommendationTransition.objects.create(
            recommendation=row, verb=verb, from_state=row.state, to_state=target, reason="For a reason."
        )
        row.state = target
        if verb == "issue":
            row.issued_at, row.issued_on = clock.now(), clock.today()
        row.save()
    return row


class RecommendationFactory(DjangoModelFactory):
    """A recommendation of the network office; ``verbs=`` are the transitions it goes through."""

    class Meta:
        model = Recommendation

    @classmethod
    def _create(cls, model_class, *args, verbs=(), **kwargs):
        return move_recommendation(super()._create(model_class, *args, **kwargs), *verbs)

    source = RecommendationSource.NETWORK_OFFICE
    city = factory.SubFactory(CityFactory)
    text = "Offer language courses in the evening."
    done_when = "Courses in the evening are in the programme."
    author = factory.SubFactory(UserFactory)


class ManagementResponseFactory(DjangoModelFactory):
    """A response that was sent, to a recommendation that is then answered; ``is_sent=False`` is a draft."""

    class Meta:
        model = ManagementResponse

    @classmethod
    def _create(cls, model_class, *args, is_sent=True, **kwargs):
        if is_sent:
            kwargs |= {"answered_at": clock.now(), "answered_by": UserFactory()}
        row = super()._create(model_class, *args, **kwargs)
        if is_sent:
            verb = "reject" if row.decision == ResponseDecision.REJECT else "answer"
            move_recommendation(row.recommendation, verb)
        return row

    recommendation = factory.SubFactory(RecommendationFactory, verbs=("issue",))
    decision = ResponseDecision.ACCEPT
    reason = "It fits our plan."
    responsible = factory.SubFactory(PersonFactory)
    due_on = factory.LazyFunction(lambda: clock.today() + timedelta(days=90))


class RecommendationProgressFactory(DjangoModelFactory):
    """What a city reports in an open period on a recommendation that it has answered."""

    class Meta:
        model = RecommendationProgress

    recommendation = factory.LazyFunction(lambda: ManagementResponseFactory().recommendation)
    city_period = factory.LazyAttribute(lambda row: CityPeriodFactory(city=row.recommendation.city, to_state="open"))
    text = "Two courses have started."
    author = factory.SubFactory(UserFactory)
