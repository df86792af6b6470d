"""Stages move by date and by hand, one at a time and once; each move has its row and its emails."""

from datetime import timedelta

import pytest

from accounts.models import Mail
from core import clock
from evaluation import tasks
from evaluation.enums import TRANSITIONS, Stage
from evaluation.exceptions import (
    ConsensusIncomplete,
    InvalidExtension,
    ModeratorMissing,
    NoRatingsSubmitted,
    PermissionRefused,
    TransitionNotAllowed,
)
from evaluation.models import EvaluationRound, StageMove
from evaluation.services import rounds, stages
from tests.factories import EvaluationFactory

pytestmark = pytest.mark.django_db


def on(day):
    from datetime import UTC, datetime, time

    return clock.at(datetime.combine(day, time(12), tzinfo=UTC))


def test_a_due_stage_moves_once(case):
    with on(case.round.rate_on):
        first, second = stages.move_due_stages(), stages.move_due_stages()

    assert (first, second) == ([case.pk], [])
    assert case.evaluation.stage == Stage.RATE
    assert [(move.verb, move.by) for move in case.evaluation.moves.all()] == [("start_rating", None)]


def test_nothing_moves_before_its_day(case):
    with on(case.round.rate_on - timedelta(days=1)):
        moved = stages.move_due_stages()

    assert moved == []


def test_an_extension_holds_the_clock_until_its_day_is_over(case):
    until = case.round.rate_on + timedelta(days=3)
    rounds.extend_stage(case.evaluation, by=case.coordinator, until=until)

    with on(until):
        held = stages.move_due_stages()
    with on(until + timedelta(days=1)):
        moved = stages.move_due_stages()

    assert (held, moved) == ([], [case.pk])
    assert case.evaluation.extended_to is None


def test_an_extension_lies_ahead(case):
    with pytest.raises(InvalidExtension):
        rounds.extend_stage(case.evaluation, by=case.coordinator, until=clock.today() - timedelta(days=1))


def test_the_clock_catches_up_when_it_stood_still_but_waits_for_people(case):
    with on(case.round.decide_by):
        moved = stages.move_due_stages()

    assert moved == [case.pk]
    assert case.evaluation.stage == Stage.RATE  # nobody has submitted


def test_the_day_is_the_networks(case, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    from datetime import UTC, datetime, time

    eve = datetime.combine(case.round.rate_on - timedelta(days=1), time(20), tzinfo=UTC)
    with clock.at(eve):
        moved = stages.move_due_stages()

    assert moved == [case.pk]


@pytest.mark.stage("review")
def test_after_changes_were_requested_the_clock_no_longer_hands_over(case):
    case.decide(case.committee1, "request_changes", reason="Look again.")

    with on(case.round.decide_by):
        moved = stages.move_due_stages()

    assert moved == []
    assert case.evaluation.stage == Stage.MODERATE
    assert case.evaluation.last_day >= clock.today() + stages.TIME_TO_CHANGE


def test_a_move_by_hand_is_the_coordinators(case):
    with pytest.raises(PermissionRefused):
        stages.move_stage(case.evaluation, "start_rating", by=case.rater1)

    moved = stages.move_stage(case.evaluation, "start_rating", by=case.coordinator, reason="All have answered.")

    assert moved.stage == Stage.RATE
    assert moved.moves.get().reason == "All have answered."


@pytest.mark.parametrize("verb", [*TRANSITIONS])
@pytest.mark.stage("discuss")
def test_a_verb_leads_only_from_its_own_stage(case, verb):
    if verb == "start_moderation":
        assert case.move(verb).stage == Stage.MODERATE
    else:
        with pytest.raises(TransitionNotAllowed):
            case.move(verb)


@pytest.mark.stage("rate")
def test_discussion_waits_for_a_rating(case):
    with pytest.raises(NoRatingsSubmitted):
        case.move("start_discussion")


@pytest.mark.stage("discuss")
def test_moderation_waits_for_a_moderator(case):
    evaluation = case.evaluation
    evaluation.moderator = None
    evaluation.save()

    with pytest.raises(ModeratorMissing):
        case.move("start_moderation")


@pytest.mark.stage("moderate")
def test_the_committee_gets_six_dimensions_or_none(case):
    case.agree(codes=["relevance", "impact"])

    with pytest.raises(ConsensusIncomplete, match="Effectiveness, Coherence, Sustainability, Efficiency"):
        stages.move_stage(case.evaluation, "hand_to_committee", by=case.moderator)
    case.agree()

    assert stages.move_stage(case.evaluation, "hand_to_committee", by=case.moderator).stage == Stage.REVIEW


@pytest.mark.stage("published")
def test_every_move_is_told_to_those_concerned_without_a_level(case):
    written = Mail.objects.filter(key__startswith="evaluation-move/").values_list("subject", "recipient")
    told = {}
    for subject, recipient in written:
        told.setdefault(subject.split(":")[0], set()).add(recipient)
    raters = {case.rater1.email, case.rater2.email, case.official.email}
    assert told == {
        "Rating has begun": raters,
        "The ratings are open to their raters": raters | {case.moderator.email},
        "Write down the consensus": {case.moderator.email},
        "Ready for review": {case.committee1.email, case.committee2.email},
        "The evaluation is published": raters | {case.moderator.email, case.lead.email, case.coordinator.email},
    }
    assert not [body for body in Mail.objects.values_list("body", flat=True) if "Reason for" in body]


@pytest.mark.stage("rate")
def test_a_letter_speaks_its_readers_language_and_names_the_page(case, settings):
    letter = Mail.objects.get(recipient=case.rater1.email, subject__startswith="Rating has begun")
    assert letter.language == "en"
    assert f"{settings.SITE_URL}/evaluation/{case.pk}/rate/review/" in letter.body


@pytest.mark.stage("rate")
def test_moves_are_never_rewritten(case):
    from core.exceptions import Frozen

    with pytest.raises(Frozen):
        StageMove.objects.update(reason="other")


def test_a_round_keeps_its_dates_in_order(case):
    from django.core.exceptions import ValidationError

    fields = {name: getattr(case.round, name) for name in ("framework", "period", "declare_on", "rate_on")}
    fields |= dict.fromkeys(("discuss_on", "moderate_on", "review_on"), case.round.rate_on)

    with pytest.raises(ValidationError):
        rounds.create_round(name="Round 2", decide_by=case.round.declare_on, by=case.coordinator, **fields)
    with pytest.raises(PermissionRefused):
        rounds.create_round(name="Round 2", decide_by=case.round.decide_by, by=case.partner, **fields)
    made = rounds.create_round(name="Round 2", decide_by=case.round.decide_by, by=case.coordinator, **fields)

    assert EvaluationRound.objects.get(name="Round 2") == made


def test_one_that_breaks_keeps_no_other_from_its_stage(case, monkeypatch):
    other = EvaluationFactory(round=case.round)
    real = stages._move_if_due

    def break_for_the_first(evaluation, day):
        if evaluation.pk == case.pk:
            raise ZeroDivisionError
        return real(evaluation, day)

    monkeypatch.setattr(stages, "_move_if_due", break_for_the_first)

    with on(case.round.rate_on), pytest.raises(ZeroDivisionError):
        stages.move_due_stages()

    other.refresh_from_db()
    assert (case.evaluation.stage, other.stage) == ("declare", "rate")


def test_task_moves_stages_that_are_due(monkeypatch):
    moved = []
    monkeypatch.setattr(tasks.stages, "move_due_stages", lambda: moved.append(1))

    tasks.move_due_stages()

    assert moved == [1]
