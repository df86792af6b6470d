"""Three rounds: one published, one in committee review, one that is being rated."""

from datetime import date, timedelta

from evaluation.enums import Capacity, Decision
from evaluation.models import Dimension, Evaluation, EvaluationRound, Framework
from evaluation.selectors.citable import citable_sources
from evaluation.services import committee, consensus, discussion, ratings, rounds, stages
from strategies.models import ReportingPeriod, Strategy

from .people import DemoUsers
from .reasons import CONSENSUS_REASONS, REASONS, SECOND_CONSENSUS_REASONS

LEVELS = {  # levels that most raters choose for a city, in the framework's order
    "cartagena": (3, 3, 4, 2, 3, 2),
    "cluj-napoca": (3, 2, 3, 2, 3, 2),
    "dietzenbach": (4, 3, 3, 3, 2, 2),
    "linkoping": (3, 3, 3, 3, 2, 2),
    "lublin": (4, 3, 3, 2, 3, 3),
    "ravenna": (3, 2, 4, 2, 3, 3),
    "riga": (3, 2, 2, 2, 2, 1),
}
SHIFT = {  # how much a rater differs from that, by dimension
    "rater1": (0, 0, 0, 0, 0, 0),
    "rater2": (0, -1, 0, 0, 1, 0),
    "rater3": (1, 1, -1, 0, 0, 1),
    "lead": (1, 1, 0, 1, 1, 1),
    "expert": (0, 0, 1, 0, 0, 1),
}
NOT_ASSESSED = "Too early: the actions that would show this only started this quarter."


class Rounds:
    def __init__(self, cast: DemoUsers, framework: Framework):
        self.cast, self.framework = cast, framework
        self.dimensions = list(Dimension.objects.filter(framework=framework).order_by("order"))

    def open(self, name: str, period_start: date, days: dict[str, date], slugs: list[str]) -> EvaluationRound:
        coordinator = self.cast["coordinator"]
        period = ReportingPeriod.objects.get(starts_on=period_start)
        round_ = rounds.create_round(framework=self.framework, period=period, name=name, by=coordinator, **days)
        for slug in slugs:
            self._evaluation(round_, slug)
        return round_

    def _evaluation(self, round_: EvaluationRound, slug: str) -> Evaluation:
        coordinator = self.cast["coordinator"]
        strategy = Strategy.objects.current().get(city__slug=slug)
        evaluation = rounds.add_evaluation(round_, strategy, by=coordinator)
        rounds.set_moderator(evaluation, self.cast.person("moderator"), by=coordinator)
        for name in ("rater1", "rater2", "rater3"):
            rounds.assign_rater(evaluation, self.cast.person(name), Capacity.PEER, by=coordinator)
        for name, capacity in (("lead", Capacity.SELF), ("expert", Capacity.EXPERT_GROUP)):
            person = self.cast.person(f"{name}.{slug}")
            rounds.assign_rater(evaluation, person, capacity, by=coordinator)
        return evaluation

    def rate(self, round_: EvaluationRound, name: str, *, only: str = "", upto: int = 6, submit: bool = True) -> None:
        """Let ``name`` rate every evaluation of the round (``only`` one city), the first ``upto`` dimensions."""
        for evaluation in round_.evaluations.select_related("strategy__city"):
            slug = evaluation.strategy.city.slug
            if only and slug != only:
                continue
            rater = self.cast[name if name.startswith("rater") else f"{name}.{slug}"]
            for number, dimension in enumerate(self.dimensions[:upto]):
                self._rating(evaluation, rater, name, slug, number, dimension)
            if submit:
                ratings.submit_assessment(evaluation, by=rater)

    def _rating(self, evaluation, rater, name: str, slug: str, number: int, dimension: Dimension) -> None:
        level = min(4, max(1, LEVELS[slug][number] + SHIFT[name][(number + len(slug)) % 6]))
        skips = name == "rater3" and (number + len(slug)) % 7 == 0
        sources = self._sources(evaluation, number, count=(number + len(name) + len(slug)) % 3 + 1)
        ratings.save_rating(
            evaluation,
            dimension,
            by=rater,
            level=None if skips else level,
            not_assessed_reason=NOT_ASSESSED if skips else "",
            reasons="" if skips else REASONS[name][number],
            citations=[] if skips else sources,
        )

    @staticmethod
    def _sources(evaluation: Evaluation, number: int, count: int) -> list[str]:
        """Return keys of some updates and values of the evaluated revision that raters of other cities may read too."""
        keys = list(citable_sources(evaluation, Capacity.PEER))
        updates = [key for key in keys if key.startswith("update")]
        values = [key for key in keys if key.startswith("value")]
        picked = [updates[(number * 3 + step) % len(updates)] for step in range(count)]
        if number % 2 and values:
            picked.append(values[number % len(values)])
        return list(dict.fromkeys(picked))

    def discuss(self, round_: EvaluationRound) -> None:
        for evaluation in round_.evaluations.all():
            dimension = self.dimensions[5]
            discussion.add_note(
                evaluation,
                dimension,
                by=self.cast["rater2"],
                text="I looked for figures after six months and found them for only one action. Did others see more?",
            )
            discussion.add_note(
                evaluation,
                dimension,
                by=self.cast["rater3"],
                text="The indicator for the training actions has risen since the baseline; I would not infer more.",
            )

    def agree(self, round_: EvaluationRound, *, is_again: bool = False) -> None:
        for evaluation in round_.evaluations.select_related("strategy__city"):
            slug = evaluation.strategy.city.slug
            levels, reasons = LEVELS[slug], (SECOND_CONSENSUS_REASONS if is_again else CONSENSUS_REASONS)[slug]
            for number, dimension in enumerate(self.dimensions):
                consensus.save_consensus(
                    evaluation,
                    dimension,
                    by=self.cast["moderator"],
                    level=levels[number],
                    reason=reasons[number],
                )

    def approve(self, round_: EvaluationRound) -> None:
        for evaluation in round_.evaluations.all():
            for name in ("committee1", "committee2"):
                committee.decide(
                    evaluation,
                    by=self.cast[name],
                    decision=Decision.APPROVE,
                    reason="The reasons are clear and based on the city’s evidence.",
                    dimensions=dict.fromkeys((row.code for row in self.dimensions), (Decision.APPROVE, "")),
                    snapshot_hash=committee.decision_hash(evaluation),
                )

    def move(self, round_: EvaluationRound, verb: str) -> None:
        for evaluation in round_.evaluations.all():
            stages.move_stage(evaluation, verb, by=self.cast["coordinator"], reason="According to the round’s dates.")


def dates(start: date, *, discuss: date | None = None, step: int = 9) -> dict[str, date]:
    """Return the dates of a round's stages, ``step`` days apart; from ``discuss`` on, if given, a week apart."""
    days = [start + timedelta(days=step * number) for number in range(6)]
    if discuss:
        days[2:] = [discuss + timedelta(days=7 * number) for number in range(4)]
    names = ("declare_on", "rate_on", "discuss_on", "moderate_on", "review_on", "decide_by")
    return dict(zip(names, days, strict=True))
