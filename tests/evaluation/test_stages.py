"""Stages move by date and by hand, one at a time and once; each transition has its row and its emails."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse

from accounts.models import Mail
from core import clock, locales
from core.exceptions import InputRefused, PermissionRefused
from evaluation import tasks
from evaluation.enums import TRANSITIONS, Stage
from evaluation.exceptions import (
    ConsensusIncomplete,
    InvalidExtension,
    ModeratorMissing,
    NoRatingsSubmitted,
    TransitionNotAllowed,
)
from evaluation.models import EvaluationRound, StageTransition
from evaluation.selectors.tasks import tasks_of
from evaluation.services import rounds, stages
from tests.factories import EvaluationFactory

pytestmark = pytest.mark.django_db


def noon(day):
    return datetime.combine(day, time(12), tzinfo=UTC)


def on(day):
    return clock.at(noon(day))


def test_due_stage_is_moved_once(case):
    with on(case.round.rate_on):
        first, second = stages.move_due_stages(), stages.move_due_stages()

    assert (first, second) == ([case.pk], [])
    assert case.evaluation.stage == Stage.RATE
    assert [(row.verb, row.by) for row in case.evaluation.transitions.all()] == [("start_rating", None)]


def test_stage_is_not_moved_before_its_date(case):
    with on(case.round.rate_on - timedelta(days=1)):
        moved = stages.move_due_stages()

    assert moved == []


def test_extension_delays_the_move_until_its_date_has_passed(case):
    until = case.round.rate_on + timedelta(days=3)
    rounds.extend_stage(case.evaluation, by=case.coordinator, until=until)

    with on(until):
        moved_on_last_day = stages.move_due_stages()
    with on(until + timedelta(days=1)):
        moved = stages.move_due_stages()

    assert (moved_on_last_day, moved) == ([], [case.pk])
    assert case.evaluation.extended_to is None


def test_extension_into_the_past_is_refused(case):
    with pytest.raises(InvalidExtension):
        rounds.extend_stage(case.evaluation, by=case.coordinator, until=clock.today() - timedelta(days=1))


def test_overdue_stage_stays_while_input_is_missing(case):
    for days in range(3):
        with on(case.round.decide_by + timedelta(days=days)):
            stages.move_due_stages()

    assert case.evaluation.stage == Stage.RATE  # nobody has submitted


# ---- after an outage


@pytest.fixture
def overdue(case):
    """Return an evaluation in which all have rated, whose discussion and moderation should have begun while
    nothing ran.
    """
    case.to("rate")
    for user in (case.rater1, case.rater2, case.official):
        case.rate(user)
    return case


def test_one_run_starts_one_stage_and_the_next_day_the_next(overdue):
    evaluation, day = overdue.evaluation, overdue.round.review_on
    seen = []
    for days, minutes in ((0, 0), (0, 1), (0, 10 * 60), (1, 0), (1, 1)):
        with clock.at(noon(day) + timedelta(days=days, minutes=minutes)):
            seen.append((stages.move_due_stages(), overdue.evaluation.stage))

    assert seen == [
        ([evaluation.pk], "discuss"),
        ([], "discuss"),
        ([], "discuss"),
        ([evaluation.pk], "moderate"),
        ([], "moderate"),
    ]


def test_each_late_stage_sends_its_email_with_a_day_that_is_still_to_come(case):
    day = case.round.moderate_on
    with on(day):
        stages.move_due_stages()
        evaluation = case.evaluation

    mail = Mail.objects.get(recipient=case.rater1.email, subject__startswith="Rating has started")
    assert evaluation.last_day == day
    assert locales.day(day + timedelta(days=1)) in mail.body


def test_stage_started_late_by_hand_lasts_until_the_next_day(overdue):
    with on(overdue.round.review_on):
        stages.move_stage(overdue.evaluation, "start_discussion", by=overdue.coordinator)
        at_once = stages.move_due_stages()
    with on(overdue.round.review_on + timedelta(days=1)):
        next_day = stages.move_due_stages()

    assert (at_once, next_day) == ([], [overdue.pk])


def test_evaluation_added_late_leaves_a_day_to_declare_conflicts(case):
    strategy = EvaluationFactory(round__period=case.round.period).strategy  # its city has submitted the period
    with on(case.round.rate_on):
        added = rounds.add_evaluation(case.round, strategy, by=case.coordinator)
        moved = stages.move_due_stages()
    with on(case.round.rate_on + timedelta(days=1)):
        moved_later = stages.move_due_stages()

    assert added.pk not in moved
    assert added.pk in moved_later


# ---- time zones, requests for changes, moves by hand


def test_due_date_uses_the_timezone_of_the_network(case, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    evening_before = datetime.combine(case.round.rate_on - timedelta(days=1), time(20), tzinfo=UTC)
    with clock.at(evening_before):
        moved = stages.move_due_stages()

    assert moved == [case.pk]


@pytest.mark.stage("review")
def test_stage_is_not_moved_by_date_after_a_request_for_changes(case):
    case.decide(case.committee1, "request_changes", reason="Look again.")

    with on(case.round.decide_by):
        moved = stages.move_due_stages()

    assert moved == []
    assert case.evaluation.stage == Stage.MODERATE
    assert case.evaluation.last_day >= clock.today() + stages.TIME_TO_CHANGE


def test_manual_move_is_limited_to_coordinators(case):
    with pytest.raises(PermissionRefused):
        stages.move_stage(case.evaluation, "start_rating", by=case.rater1)

    moved = stages.move_stage(case.evaluation, "start_rating", by=case.coordinator, reason="All have answered.")

    assert moved.stage == Stage.RATE
    assert moved.transitions.get().reason == "All have answered."


@pytest.mark.parametrize("verb", [*TRANSITIONS])
@pytest.mark.stage("discuss")
def test_verb_is_refused_outside_its_stage(case, verb):
    if verb == "start_moderation":
        assert case.move(verb).stage == Stage.MODERATE
    else:
        with pytest.raises(TransitionNotAllowed):
            case.move(verb)


@pytest.mark.stage("rate")
def test_discussion_needs_a_submitted_rating(case):
    with pytest.raises(NoRatingsSubmitted):
        case.move("start_discussion")


@pytest.mark.stage("discuss")
def test_moderation_needs_a_moderator(case):
    evaluation = case.evaluation
    evaluation.moderator = None
    evaluation.save()

    with pytest.raises(ModeratorMissing):
        case.move("start_moderation")


@pytest.mark.stage("moderate")
def test_handover_to_the_committee_needs_consensus_on_all_dimensions(case):
    case.agree(codes=["relevance", "impact"])

    with pytest.raises(ConsensusIncomplete, match="Effectiveness, Coherence, Sustainability, Efficiency"):
        stages.move_stage(case.evaluation, "hand_to_committee", by=case.moderator)
    case.agree()

    assert stages.move_stage(case.evaluation, "hand_to_committee", by=case.moderator).stage == Stage.REVIEW


@pytest.mark.stage("published")
def test_emails_of_each_move_go_to_those_concerned_without_levels(case):
    verbs = {str(transition.pk): transition.verb for transition in case.evaluation.transitions.all()}
    recipients = {}
    for key, recipient in Mail.objects.filter(key__startswith="evaluation-move/").values_list("key", "recipient"):
        recipients.setdefault(verbs[key.split("/")[1]], set()).add(recipient)
    raters = {case.rater1.email, case.rater2.email, case.official.email}
    assert recipients == {
        "start_rating": raters,
        "start_discussion": raters | {case.moderator.email},
        "start_moderation": {case.moderator.email},
        "hand_to_committee": {case.committee1.email, case.committee2.email},
        "publish": raters | {case.moderator.email, case.lead.email, case.coordinator.email},
    }
    assert not [body for body in Mail.objects.values_list("body", flat=True) if "Reason for" in body]


@pytest.mark.stage("rate")
def test_email_has_the_recipients_language_and_a_link(case, settings):
    mail = Mail.objects.get(recipient=case.rater1.email, subject__startswith="Rating has started")
    assert mail.language == "en"
    assert f"{settings.SITE_URL}/evaluation/{case.pk}/rate/review/" in mail.body


@pytest.mark.stage("rate")
def test_stage_moves_cannot_be_changed(case):
    from core.exceptions import Frozen

    with pytest.raises(Frozen):
        StageTransition.objects.update(reason="other")


def test_round_dates_must_be_in_order(case):
    fields = {name: getattr(case.round, name) for name in ("framework", "period", "declare_on", "rate_on")}
    fields |= dict.fromkeys(("discuss_on", "moderate_on", "review_on"), case.round.rate_on)

    with pytest.raises(InputRefused):
        rounds.create_round(name="Round 2", decide_by=case.round.declare_on, by=case.coordinator, **fields)
    with pytest.raises(PermissionRefused):
        rounds.create_round(name="Round 2", decide_by=case.round.decide_by, by=case.partner, **fields)
    created = rounds.create_round(name="Round 2", decide_by=case.round.decide_by, by=case.coordinator, **fields)

    assert EvaluationRound.objects.get(name="Round 2") == created


def test_failing_evaluation_does_not_stop_others(case, monkeypatch):
    other = EvaluationFactory(round=case.round)
    original = stages._move_if_due

    def break_for_the_first(evaluation, day):
        if evaluation.pk == case.pk:
            raise ZeroDivisionError
        return original(evaluation, day)

    monkeypatch.setattr(stages, "_move_if_due", break_for_the_first)

    with on(case.round.rate_on), pytest.raises(ZeroDivisionError):
        stages.move_due_stages()

    other.refresh_from_db()
    assert (case.evaluation.stage, other.stage) == ("declare", "rate")


def test_task_moves_due_stages(monkeypatch):
    moved = []
    monkeypatch.setattr(tasks.stages, "move_due_stages", lambda: moved.append(1))

    tasks.move_due_stages()

    assert moved == [1]


# ---- one date for each stage


@pytest.mark.stage("rate")
def test_extension_has_one_date_on_pages_in_tasks_and_emails(case, client):
    until = case.evaluation.last_day + timedelta(days=5)
    Mail.objects.all().delete()

    rounds.extend_stage(case.evaluation, by=case.coordinator, until=until)
    rounds.assign_rater(case.evaluation, case.partner.person, "peer", by=case.coordinator)

    day, next_day = locales.day(until), locales.day(until + timedelta(days=1))
    extended = Mail.objects.filter(key__startswith="evaluation-extended/")
    raters = {case.rater1.email, case.rater2.email, case.official.email}
    assert set(extended.values_list("recipient", flat=True)) == raters
    assert all(day in mail.body for mail in extended if mail.language == "en")
    assert next_day in Mail.objects.get(recipient=case.partner.email).body
    client.force_login(case.rater1)
    page = client.get(reverse("evaluation:evaluation_detail", args=[case.pk])).content.decode()
    assert (f"until {day}" in page, [f"Until {day}." in task.text for task in tasks_of(case.rater1)]) == (True, [True])


@pytest.mark.stage("declare")
def test_extended_declaration_moves_the_begin_of_rating(case):
    until = case.evaluation.last_day + timedelta(days=3)

    rounds.extend_stage(case.evaluation, by=case.coordinator, until=until)

    assert case.evaluation.rating_begins_on == until + timedelta(days=1)
    [task] = tasks_of(case.rater1)
    assert locales.day(until + timedelta(days=1)) in task.text


@pytest.mark.stage("rate")
def test_shorter_extension_sends_no_email(case):
    Mail.objects.all().delete()

    rounds.extend_stage(case.evaluation, by=case.coordinator, until=clock.today())

    assert Mail.objects.count() == 0
