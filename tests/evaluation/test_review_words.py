"""What the review page, the queue and the published result say beside the levels."""

import copy
from datetime import timedelta

import pytest

from core import clock
from evaluation.agreement import agreement_of
from evaluation.enums import Strength
from evaluation.models import Evaluation, ReviewVisit
from evaluation.selectors.comparison import DimensionComparison, previous_levels
from evaluation.selectors.results import ResultRow
from evaluation.selectors.review import review_page_of, with_last_visit
from evaluation.selectors.review_queue import queue_facts
from evaluation.services import committee, discussion
from tests.factories import EvaluationRoundFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("levels, expected", [([], "too few ratings to compare"), ([3], "too few ratings to compare")])
def test_agreement_text_for_fewer_than_two_ratings(levels, expected):
    agreement = agreement_of([("peer", level) for level in levels])

    assert DimensionComparison(None, agreement, Strength.NONE, [], []).gap_text == expected


@pytest.mark.stage("published")
def test_comparison_includes_levels_of_the_previous_round(case):
    later = copy.copy(case.evaluation)
    later.round = EvaluationRoundFactory(declare_on=case.round.declare_on + timedelta(days=90))

    levels = previous_levels(later)

    assert set(levels) == set(case.framework.dimensions.values_list("code", flat=True))
    assert set(levels.values()) == {3}


@pytest.mark.parametrize("low, high, expected", [(None, None, ""), (2, 2, "2"), (2, 4, "2–4")])
def test_range_of_a_published_result(low, high, expected):
    fields = dict.fromkeys(ResultRow.__dataclass_fields__)

    assert ResultRow(**fields | {"low": low, "high": high}).range == expected


@pytest.mark.stage("review")
def test_queue_shows_approvals(case):
    case.decide(case.committee1)

    facts = {user: queue_facts([case.evaluation], user)[case.pk] for user in (case.committee1, case.committee2)}

    assert {row.approvals for row in facts.values()} == {1}
    assert [row.has_decided for row in facts.values()] == [True, False]


@pytest.mark.stage("moderate")
def test_changes_since_the_last_visit_hold_notes_and_answers(case, days):
    discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text="Why?")
    case.to("review")
    question = committee.ask_question(case.evaluation, by=case.committee2, text="Who was asked?")
    committee.answer_question(question, by=case.official, text="Everybody.")
    before = clock.now() - timedelta(days=1)
    ReviewVisit.objects.create(evaluation=case.evaluation, user=case.committee1, at=before)

    evaluation = with_last_visit(Evaluation.objects.with_related(), case.committee1).get(pk=case.pk)
    changes = {str(change.text) for change in review_page_of(evaluation, case.committee1).changes}

    assert {"A note on Impact was added.", "The city answered a question."} <= changes
