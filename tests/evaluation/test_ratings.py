"""What a rater may enter and when, and what a rating needs to be complete."""

import pytest

from core.exceptions import EditConflict, PermissionRefused
from evaluation.enums import Strength
from evaluation.exceptions import (
    AlreadySubmitted,
    AssessmentIncomplete,
    LevelOrReasonRequired,
    NeverSubmitted,
    NotInStage,
    RatingIncomplete,
    StrengthNeedsReason,
    UnknownLevel,
    UnknownSource,
)
from evaluation.models import Assessment, Rating
from evaluation.services import conflicts, ratings, rounds
from tests.factories import DimensionFactory, EventFactory

pytestmark = pytest.mark.django_db


def save(case, user=None, code="impact", **fields):
    return ratings.save_rating(case.evaluation, case.dimension(code), by=user or case.rater1, **fields)


@pytest.mark.stage("rate")
def test_incomplete_rating_is_saved_without_a_level(case):
    rating = save(case, reasons="I have read half of it.")

    assert (rating.level, rating.reasons, rating.is_complete) == (None, "I have read half of it.", False)
    assert rating.assessment.capacity == "peer"


@pytest.mark.parametrize(
    "fields, error",
    [
        ({"level": 2, "not_assessed_reason": "No data."}, LevelOrReasonRequired),
        ({"level": 5}, UnknownLevel),
        ({"level": 2, "strength_override": "strong"}, StrengthNeedsReason),
        ({"level": 2, "citations": ["update:999"]}, UnknownSource),
    ],
)
@pytest.mark.stage("rate")
def test_invalid_rating_is_refused(case, fields, error):
    with pytest.raises(error):
        save(case, **fields)
    assert not Rating.objects.exists()


@pytest.mark.stage("rate")
def test_rating_is_limited_to_raters_and_dimensions_of_the_framework(case):
    for user in (case.moderator, case.coordinator, case.committee1, case.expert):
        with pytest.raises(PermissionRefused):
            save(case, user, level=3)
    with pytest.raises(PermissionRefused):
        ratings.save_rating(case.evaluation, DimensionFactory(), by=case.rater1, level=3)


@pytest.mark.slow
def test_rating_outside_its_stage_is_refused(case):
    with pytest.raises(NotInStage):
        save(case, level=3)
    case.to("moderate")
    with pytest.raises(NotInStage):
        save(case, level=3, reasons="Late.", version=1)


@pytest.mark.stage("rate")
def test_stale_rating_is_refused_and_repeated_post_is_saved_once(case):
    first = save(case, level=3, reasons="One.")
    save(case, level=2, reasons="Two.", version=first.version)

    again = save(case, level=2, reasons="Two.", version=first.version)
    with pytest.raises(EditConflict):
        save(case, level=1, reasons="Three.", version=first.version)

    assert (again.level, again.version) == (2, 2)
    assert Rating.objects.count() == 1


@pytest.mark.stage("rate")
def test_submission_needs_every_dimension_with_reasons(case):
    for code in ("relevance", "effectiveness", "coherence", "sustainability", "efficiency"):
        save(case, code=code, level=3, reasons="Seen.")
    save(case, level=3)

    with pytest.raises(AssessmentIncomplete, match="Impact"):
        ratings.submit_assessment(case.evaluation, by=case.rater1)
    save(case, not_assessed_reason="The action has only begun.", version=1)
    first = ratings.submit_assessment(case.evaluation, by=case.rater1)

    assert ratings.submit_assessment(case.evaluation, by=case.rater1).submitted_at == first.submitted_at
    assert Assessment.objects.count() == 1


@pytest.mark.stage("rate")
def test_submitted_rating_is_locked_until_the_discussion(case):
    case.rate(case.rater1)
    with pytest.raises(AlreadySubmitted):
        save(case, level=1, reasons="Changed.", version=1)
    case.to("discuss")

    changed = save(case, level=1, reasons="They convinced me.", version=1)

    assert changed.level == 1
    assert [row.level for row in changed.history.order_by("history_id")] == [3, 1]
    with pytest.raises(RatingIncomplete):
        save(case, level=1, version=2)


@pytest.mark.stage("rate")
def test_rater_without_submission_cannot_change_ratings_later(case):
    case.rate(case.rater2)
    save(case, level=3)
    case.to("discuss")

    with pytest.raises(NeverSubmitted):
        save(case, level=2, reasons="Late.", version=1)
    with pytest.raises(NeverSubmitted):
        ratings.submit_assessment(case.evaluation, by=case.rater1)


@pytest.mark.stage("review")
def test_committee_can_reopen_ratings_of_named_dimensions(case):
    asked = {"impact": ("request_changes", "There is no evidence."), "relevance": ("approve", "Good.")}
    case.decide(
        case.committee1, "request_changes", reason="Impact lacks evidence.", dimensions=asked, reopen_ratings=True
    )

    changed = save(case, level=2, reasons="On second thoughts.", version=1)

    assert changed.level == 2
    with pytest.raises(NotInStage):
        save(case, code="relevance", level=2, reasons="Also.", version=1)


@pytest.mark.stage("review")
def test_requested_changes_reopen_no_rating_by_default(case):
    case.decide(case.committee1, "request_changes", reason="Say more about impact.")

    with pytest.raises(NotInStage):
        save(case, level=2, reasons="More.", version=1)


def test_strength_follows_citations_and_can_be_overridden(case):
    event = EventFactory(city=case.city, published_at=case.evaluation.revision.created_at)
    case.to("rate")

    rating = save(case, level=3, citations=[f"event:{event.pk}", f"event:{event.pk}"])
    assert rating.strength == Strength.LIMITED
    rating = save(case, level=3, strength_override="moderate", strength_reason="I was there.", version=1)

    assert (rating.citations.count(), rating.computed_strength, rating.strength) == (
        0,
        Strength.NONE,
        Strength.MODERATE,
    )


@pytest.mark.stage("rate")
def test_rater_in_conflict_is_excluded_at_once(case):
    case.rate(case.rater1)

    conflicts.declare_conflict(case.evaluation, by=case.rater1, reason="I advised the city.")

    with pytest.raises(PermissionRefused):
        ratings.submit_assessment(case.evaluation, by=case.rater1)
    assert Assessment.objects.submitted().count() == 1
    assert Assessment.objects.counted().count() == 0


@pytest.mark.stage("rate")
def test_reassigned_rater_is_counted_again(case):
    case.rate(case.rater1)
    rounds.withdraw_rater(case.evaluation.assignments.get(person=case.rater1.person), by=case.coordinator)
    assert Assessment.objects.counted().count() == 0

    rounds.assign_rater(case.evaluation, case.rater1.person, "peer", by=case.coordinator)

    assert Assessment.objects.counted().count() == 1
